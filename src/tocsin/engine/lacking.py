"""Which duties of a team's playbook cannot be kept for want of a setting: what every room finds, in one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tocsin.comms.lacking import find_comms_lacks
from tocsin.engine.shelf import TeamShelf
from tocsin.incident.lack import Ground, Lack, find_role_lacks
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Person
from tocsin.page.lacking import find_page_lacks
from tocsin.page.outside import find_contact_lacks


def find_lacks(
    shelf: TeamShelf, people: Mapping[str, Person], reach: Callable[[str], str], url: str
) -> tuple[Lack, ...]:
    """Everything of one team. `reach` says why somebody cannot be reached, `url` is the server's public address."""
    staffing = shelf.staffing
    ground = Ground(
        playbook=shelf.playbook,
        policy=shelf.policy,
        rota=Rota(staffing=staffing, people=dict(people)),
        reach=reach,
        url=url,
        example=next(iter((*staffing.last_resort, *people)), "somebody"),
    )
    return (
        *find_page_lacks(ground),
        *find_role_lacks(ground),
        *find_comms_lacks(ground, shelf.status),
        *find_contact_lacks(ground),
    )
