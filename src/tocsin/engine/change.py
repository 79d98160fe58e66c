"""What a change of an incident is made of on its way to the disk, and what goes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from tocsin.engine.contracts import Card
from tocsin.incident.book import Book
from tocsin.incident.plan import Happening
from tocsin.incident.state import Incident
from tocsin.timeline import chain
from tocsin.timeline.events import Intent, PageRequested, StepRequested

Decide = Callable[[Incident | None, Book], Iterable[Happening]]


class Known(msgspec.Struct, kw_only=True):
    """A stream as it is cached: its incident, and the seal and the time of its last entry.

    Clocks of several nodes differ by a little; along a stream time does not go back for that.
    """

    incident: Incident | None = None
    seal: bytes = chain.START
    at: datetime | None = None

    @property
    def seq(self) -> int:
        """The last entry that is folded in."""
        return self.incident.seq if self.incident else 0


def find_forbidden(incident: Incident | None, book: Book) -> frozenset[int]:
    """The lines by which an open incident's scenario forbids something."""
    scenario = book.scenario(incident) if incident is not None and incident.is_open else None
    if incident is None or scenario is None:
        return frozenset()
    return frozenset(rule.line for rule in scenario.prohibitions if rule.line not in incident.lifted)


def destination(intent: Intent) -> str:
    """The queue of an intent: one for each channel, one for each target."""
    if isinstance(intent, PageRequested):
        return f"channel:{intent.channel}"
    if isinstance(intent, StepRequested):
        return f"target:{intent.target}"
    return "other"


def show_card(incident: Incident) -> Card:
    """The incident's row in lists."""
    return Card(
        id=incident.id,
        number=incident.number,
        team=incident.team,
        title=incident.title,
        scenario=incident.scenario,
        severity=incident.severity,
        status=incident.status,
        opened_at=incident.opened_at,
        acknowledged_at=incident.acknowledged_at,
        resolved_at=incident.resolved_at,
        seq=incident.seq,
        public=bool(incident.public_updates),
    )
