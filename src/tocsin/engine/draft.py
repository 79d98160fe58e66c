"""A change in the making: what was decided, then what the playbook demands next, folded in as it grows.

The planners run in their fixed order, again and again until none has anything to add, so that one commit holds the
request, everything it sets off, and the next moment at which time alone will set something off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from tocsin.comms import plan as comms
from tocsin.errors import TocsinError
from tocsin.incident.book import Book
from tocsin.incident.evolve import evolve
from tocsin.incident.plan import At, Happening, Plan
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.page import plan as page
from tocsin.review import plan as review
from tocsin.run import plan as run
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import LevelJoined, PageDelivered, PageRequested
from tocsin.words import Status

Planner = Callable[[Incident, Book, Rota, datetime], Plan]

PLANNERS: tuple[Planner, ...] = (page.plan, run.plan, comms.plan, review.plan)
"""The flow: page, run, comms, review."""
CALLING = frozenset({PageRequested, LevelJoined})
"""What calls people; of the planners only the first looks at it."""

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
        """Ask the planners until they have nothing to add; the last answer of each says when to ask it again."""
        asked: Sequence[Planner] = PLANNERS
        wakes: dict[Planner, datetime | None] = {}
        for _ in range(MOST_ROUNDS):
            before = len(self.entries)
            for planner in asked:
                assert self.incident is not None
                if self.incident.status is Status.CLOSED:
                    return
                plan = planner(self.incident, book, rota, self.now)
                wakes[planner] = plan.wake
                self.add(plan.events)
            added = self.entries[before:]
            if not added:
                self.wake = min((wake for wake in wakes.values() if wake is not None), default=None)
                return
            asked = PLANNERS[:1] if all(type(entry.event) in CALLING for entry in added) else PLANNERS
        raise TocsinError(f"The planners do not come to rest on {self.stream}; please report this with its timeline.")
