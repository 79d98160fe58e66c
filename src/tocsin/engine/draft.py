"""A change in the making: what was decided, then what the playbook demands next, folded in as it grows.

The planners run in their fixed order, again and again until none has anything to add, so that one commit holds the
request, everything it sets off, and the next moment at which time alone will set something off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from tocsin.comms import plan as comms
from tocsin.comms.announce import is_unsaid
from tocsin.comms.delivery import is_undelivered
from tocsin.comms.warroom import is_owed
from tocsin.errors import TocsinError
from tocsin.incident.book import Book
from tocsin.incident.evolve import evolve
from tocsin.incident.hiding import find_demand
from tocsin.incident.plan import At, Happening, Plan
from tocsin.incident.state import Incident
from tocsin.oncall.outsider import CONTACT
from tocsin.oncall.rota import Rota
from tocsin.page import plan as page
from tocsin.page import remind
from tocsin.review import plan as review
from tocsin.run import plan as run
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.sink import veil
from tocsin.words import Status

Planner = Callable[[Incident, Book, Rota, datetime], Plan]

PLANNERS: tuple[Planner, ...] = (page.plan, run.plan, comms.plan, review.plan, remind.plan)
"""The flow: page, run, comms, review; and last, when all duties are in the ledger, who is told of them."""
MOST_ROUNDS = 20

ALL, NOBODY, PAGING = frozenset(PLANNERS), frozenset[Planner](), frozenset(PLANNERS[:1])
REMINDING, TELLING = frozenset((remind.plan,)), frozenset((comms.plan,))
HUSHING = PAGING | REMINDING
CONCERNED: dict[type[e.Event], frozenset[Planner]] = {
    **dict.fromkeys((e.PageFailed, e.PageWithheld, e.PageReported), PAGING),
    **dict.fromkeys((e.AlertFlaps, e.AlertWentSilent, e.AlertSteadied, e.SilenceEnding), PAGING),
    **dict.fromkeys((e.AlertCleared, e.AlertFiredAgain, e.AlertSilenced, e.AlertUnsilenced), HUSHING),
    **dict.fromkeys((e.PagingHeld, e.PagingFreed), HUSHING),
    e.AlertsJoined: frozenset((page.plan, run.plan, remind.plan)),
    e.StepStarted: frozenset((run.plan,)),
    **dict.fromkeys((e.StepFinished, e.StepNotRun), frozenset((run.plan, comms.plan))),
    **dict.fromkeys((e.ObligationMet, e.ObligationWaived), ALL - PAGING),
    **dict.fromkeys((e.UpdatePosted, e.UpdateWithheld), frozenset((run.plan, comms.plan, remind.plan))),
    **dict.fromkeys((e.PageRequested, e.LevelJoined), frozenset((comms.plan,))),
    **dict.fromkeys((e.ChatFailed, e.RoomWanted), frozenset((comms.plan,))),
    **dict.fromkeys((e.TicketDone, e.TicketFailed, e.TicketWithheld), frozenset((comms.plan,))),
    **dict.fromkeys((e.ChatRequested, e.TicketRequested, e.StepRequested), NOBODY),
    **dict.fromkeys((e.AnnouncementRequested, e.AnnouncementMade, e.AnnouncementNotMade), NOBODY),
    **dict.fromkeys((e.Shared, e.SharingFailed), PAGING),
    e.SharingRequested: NOBODY,
    **dict.fromkeys((e.DeliveryRequested, e.DeliveryMade, e.DeliveryWithheld, e.FollowersCounted), NOBODY),
    e.DeliveryFailed: frozenset((comms.plan,)),
    e.PagePutOff: PAGING | frozenset((comms.plan,)),
    **dict.fromkeys((e.ObligationArmed, e.ObligationDropped), REMINDING),
    **dict.fromkeys((e.ObligationLate, e.DutiesReminded, e.DutiesEscalated), NOBODY),
    **dict.fromkeys((e.PageDelivered, e.NoteAdded, e.EvidenceOpened, e.CommandLearned), NOBODY),
    **dict.fromkeys((e.UpdateDrafted, e.UpdateApproved, e.UpdateDropped), NOBODY),
}
"""Whose answer an event may change; that of any planner where it does not stand here. Whoever asks for a page or a
step, or settles its part of the ledger, has said all about it, but that who is called is let into the incident's room;
that a page was taken leaves every clock as it is.
"""


def find_concerned(events: Iterable[e.Event]) -> frozenset[Planner]:
    """Who may have more to say after these events."""
    found = NOBODY
    for event in events:
        found |= CONCERNED.get(type(event), ALL)
        if isinstance(event, e.PageDelivered | e.PageReported) and event.responder.startswith(CONTACT):
            found |= TELLING  # a contact outside has it, which may be what a line wanted
    return found


def is_like(before: Book, book: Book) -> bool:
    """Whether a book differs from another in nothing but what keeps alerts quiet: that concerns only whoever pages."""
    return before is book or (
        before.playbook is book.playbook
        and before.policy is book.policy
        and before.classify is book.classify
        and before.in_force is book.in_force
        and before.activated is book.activated
        and before.frozen is book.frozen
        and before.no_isolation == book.no_isolation
        and before.outputs == book.outputs
    )


def _has_last_words(incident: Incident) -> bool:
    """Whether somebody still waits to hear of an incident that is closed."""
    return is_owed(incident) or is_unsaid(incident) or is_undelivered(incident)


class Asked(NamedTuple):
    """What the planners were last asked with, and from when on each may have more to say as long as nothing happens."""

    book: Book
    rota: Rota
    wakes: tuple[datetime | None, ...]


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
        incident = self.incident
        seq = incident.seq if incident is not None else 0
        for happening in happenings:
            seq += 1
            event, at = (happening.event, happening.at) if isinstance(happening, At) else (happening, self.now)
            event = veil(event)
            entry = Entry(stream=self.stream, seq=seq, at=at, recorded_at=self.now, event=event)
            self.incident = incident = evolve(incident, entry)
            self.entries.append(entry)

    def plan(self, book: Book, rota: Rota, before: Asked | None = None) -> Asked | None:
        """Ask the planners until they have nothing to add; the last answer of each says when to ask it again.

        `before` is what came of it the last time, if nothing but this draft has happened since: who has nothing to add
        to that is not asked. The answer is the same for the next time.
        """
        wanted, wakes = self._find_planners(book, rota, before)
        for _ in range(MOST_ROUNDS):
            heard = len(self.entries)
            self._hide(book)
            for at in range(len(PLANNERS)):
                if PLANNERS[at] not in wanted:
                    continue
                assert self.incident is not None
                if self.incident.status is Status.CLOSED and not (
                    PLANNERS[at] is page.plan or (PLANNERS[at] is comms.plan and _has_last_words(self.incident))
                ):
                    continue
                plan = PLANNERS[at](self.incident, book, rota, self.now)
                wakes[at] = plan.wake
                if plan.events:
                    self.add(plan.events)
            assert self.incident is not None
            if self.incident.status is Status.CLOSED and not _has_last_words(self.incident):
                return None
            wanted = find_concerned(entry.event for entry in self.entries[heard:])
            if not wanted:
                self.wake = min((wake for wake in wakes if wake is not None), default=None)
                return Asked(book, rota, tuple(wakes))
        raise TocsinError(f"The planners do not come to rest on {self.stream}; please report this with its timeline.")

    def _hide(self, book: Book) -> None:
        """Make it private where the team's settings say so, before anybody plans to tell anything of it."""
        assert self.incident is not None
        demand = find_demand(self.incident, book) if self.incident.status is not Status.CLOSED else None
        if demand is not None:
            self.add((demand,))

    def keeps(self, before: Asked | None) -> bool:
        """Whether this concerns no planner, and the time of none has come: then what they have said stands, whatever
        book they would be asked with; whoever changes that has them asked.
        """
        if before is None or not self.entries or find_concerned(entry.event for entry in self.entries):
            return False
        wakes = [wake for wake in before.wakes if wake is not None]
        self.wake = min(wakes, default=None)
        return self.wake is None or self.wake > self.now

    def _find_planners(
        self, book: Book, rota: Rota, before: Asked | None
    ) -> tuple[Collection[Planner], list[datetime | None]]:
        """Whom to ask first, and when the others want to be asked."""
        if before is None or before.rota is not rota or not is_like(before.book, book):
            return PLANNERS, [None] * len(PLANNERS)
        wanted = find_concerned(entry.event for entry in self.entries)
        if before.book is not book:
            wanted |= PAGING
        due = [each for each, wake in zip(PLANNERS, before.wakes, strict=True) if wake is not None and wake <= self.now]
        return wanted.union(due), [*before.wakes]
