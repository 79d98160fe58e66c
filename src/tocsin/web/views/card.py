"""Incidents in lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tocsin.engine.contracts import Card
from tocsin.engine.shelf import TeamShelf
from tocsin.incident.state import OPEN, Incident
from tocsin.oncall.settings import Person
from tocsin.web.views.scene import View, clean, spell_name


class CardView(View, frozen=True, kw_only=True):
    """One incident in a list."""

    id: str
    number: str
    team: str
    title: str
    scenario: str | None
    severity: str | None
    status: str
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    seq: int
    private: bool = False


class RowView(View, frozen=True, kw_only=True):
    """One incident on the list's screen; `rank` is the severity's, null while it is unclassified."""

    card: CardView
    team_name: str
    rank: int | None
    is_open: bool
    commander: str = ""
    due_what: str = ""
    due_at: datetime | None = None
    late: int = 0


def show_card(card: Card) -> CardView:
    """The card."""
    return CardView(
        id=card.id,
        number=clean(card.number, 100),
        team=card.team,
        title=clean(card.title, 300),
        scenario=clean(card.scenario, 300) if card.scenario else None,
        severity=card.severity,
        status=card.status,
        opened_at=card.opened_at,
        acknowledged_at=card.acknowledged_at,
        resolved_at=card.resolved_at,
        seq=card.seq,
        private=card.private,
    )


def show_row(card: Card, incident: Incident | None, team: TeamShelf | None, people: Mapping[str, Person]) -> RowView:
    """The row of an incident; `incident` is given for those that are open, to say what is owed next."""
    severities = team.playbook.severities if team else ()
    duties = incident.obligations.values() if incident else ()
    owed = sorted((each for each in duties if each.is_open), key=lambda each: each.due_at)
    commander = incident.commander if incident else None
    return RowView(
        card=show_card(card),
        team_name=clean(team.policy.name, 100) if team else card.team,
        rank=next((each.rank for each in severities if each.id == card.severity), None),
        is_open=card.status in OPEN,
        commander=spell_name(people, commander) if commander else "",
        due_what=clean(owed[0].what, 200) if owed else "",
        due_at=owed[0].due_at if owed else None,
        late=sum(each.state == "late" for each in owed),
    )
