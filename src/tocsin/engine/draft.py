"""A change in the making: what was decided, then what the playbook demands next, folded in as it grows.

The planners run in their fixed order, again and again until none has anything to add, so that one commit holds the
request, everything it sets off, and the next moment at which time alone will set something off.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tocsin.comms import plan as comms
from tocsin.errors import TocsinError
from tocsin.incident.book import Book
from tocsin.incident.evolve import evolve
from tocsin.incident.plan import At, Happening, Plan, join
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.page import plan as page
from tocsin.review import plan as review
from tocsin.run import plan as run
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import PageDelivered
from tocsin.words import Status

PLANNERS = (page.plan, run.plan, comms.plan, review.plan)
"""The flow: page, run, comms, review."""

MOST_ROUNDS = 20


class Draft:
    """Entries to be appended to one stream, and the incident as it will be."""

    def __init__(self, stream: str, incident: Incident | None, now: datetime) -> None:
        self.stream, self.now = stream, now
        self.before = incident
        self.incident = incident
        self.entries: list[Entry] = []
        self.wake: datetime | None = None

    def add(self, happenings: Iterable[Happening]) -> None:
        """Fold what happened into the draft."""
        for happening in happenings:
            event, at = (happening.event, happening.at) if isinstance(happening, At) else (happening, self.now)
            seq = (self.incident.seq if self.incident else 0) + 1
            entry = Entry(stream=self.stream, seq=seq, at=at, recorded_at=self.now, event=event)
            self.incident = evolve(self.incident, entry)
            self.entries.append(entry)

    @property
    def needs_no_plan(self) -> bool:
        """Whether nothing has happened that the planners look at: that a page was taken leaves every clock as it is."""
        return bool(self.entries) and all(type(entry.event) is PageDelivered for entry in self.entries)

    def plan(self, book: Book, rota: Rota) -> None:
        """Ask the planners until they have nothing to add; the last answer says when to ask again."""
        for _ in range(MOST_ROUNDS):
            plan = self._round(book, rota)
            if not plan.events:
                self.wake = plan.wake
                return
        raise TocsinError(f"The planners do not come to rest on {self.stream}; please report this with its timeline.")

    def _round(self, book: Book, rota: Rota) -> Plan:
        plans = []
        for planner in PLANNERS:
            assert self.incident is not None
            if self.incident.status is Status.CLOSED:
                break
            plan = planner(self.incident, book, rota, self.now)
            self.add(plan.events)
            plans.append(plan)
        return join(plans)
