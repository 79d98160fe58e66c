"""What a change of an incident is made of on its way to the disk, and what goes with it: errands and the card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from tocsin.engine.contracts import CHANNEL, SHARE, TARGET, Append, Card, Errand
from tocsin.engine.draft import Asked, Draft
from tocsin.engine.forbidding import Rule, name_rules
from tocsin.engine.index import NONE
from tocsin.incident.book import Book, TeamPolicy, find_scenarios
from tocsin.incident.plan import Happening
from tocsin.incident.state import Incident
from tocsin.playbook.model import Playbook
from tocsin.timeline import chain
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import (
    ChatRequested,
    DeliveryRequested,
    Intent,
    Outcome,
    PageRequested,
    SharingRequested,
    StepFinished,
    StepNotRun,
    StepRequested,
    TicketRequested,
)
from tocsin.words import StepState, Way

Decide = Callable[[Incident | None, Book], Iterable[Happening]]


class Known(msgspec.Struct, kw_only=True):
    """A stream as it is cached: its incident, the seal and the time of its last entry, its wake as far as it is known,
    what came of asking the planners about it, and what it forbids others.

    Clocks of several nodes differ by a little; along a stream time does not go back for that.
    """

    incident: Incident | None = None
    seal: bytes = chain.START
    at: datetime | None = None
    wake: datetime | None = None
    asked: Asked | None = None
    rules: frozenset[Rule] = NONE

    @property
    def seq(self) -> int:
        """The last entry that is folded in."""
        return self.incident.seq if self.incident else 0


class Change(NamedTuple):
    """What is to be decided on one stream, one after the other; `book` where it is not the incident's own.

    `is_new`: the stream's name was counted just now, so that there is nothing to be read.
    """

    stream: str
    decides: tuple[Decide, ...]
    book: Book | None = None
    is_new: bool = False


class Prepared(NamedTuple):
    """A change that is decided and sealed, and not on disk yet."""

    draft: Draft
    before: Known
    asked: Asked | None
    append: Append
    rules: frozenset[Rule]

    @property
    def is_idle(self) -> bool:
        """Whether the planners were asked before, and have said nothing now but that the same moment is the next."""
        incident, wake = self.draft.incident, self.append.wake
        if self.append.entries or self.before.asked is None or incident is None or not incident.is_open:
            return False
        return wake == self.before.wake and (wake is None or wake > self.draft.now) and self.rules == self.before.rules

    @property
    def team(self) -> str:
        """Whose incident it is now."""
        assert self.draft.incident is not None
        return self.draft.incident.team


def remember(prepared: Prepared) -> Known:
    """What is known of the stream once the change is on disk."""
    draft, entries = prepared.draft, prepared.append.entries
    return Known(
        incident=draft.incident,
        seal=entries[-1].mac if entries else prepared.before.seal,
        at=draft.now,
        wake=draft.wake,
        asked=prepared.asked,
        rules=prepared.rules,
    )


def make_append(
    draft: Draft,
    before: Known,
    sealed: tuple[Sealed, ...],
    policy: TeamPolicy,
    reserve: Callable[[str], bool],
    *,
    forbids: bool,
) -> Append:
    """What a draft adds to its stream, with its entries sealed."""
    assert draft.incident is not None
    answers = [entry.event for entry in draft.entries if isinstance(entry.event, Outcome)]
    intents = [entry for entry in draft.entries if isinstance(entry.event, Intent)]
    return Append(
        stream=draft.stream,
        expected_seq=before.incident.seq if before.incident else 0,
        entries=sealed,
        wake=draft.wake,
        planned_at=draft.now,
        errands=tuple(make_errands(draft, intents, policy, reserve)) if intents else (),
        closes=tuple(event.answers for event in answers if event.closes),
        release=bool(answers) and is_released(draft, answers, policy),
        card=show_card(draft.incident, forbids),
    )


def share_book(before: Incident | None, after: Incident) -> bool:
    """Whether the book of an incident is its book still, after a change."""
    if before is None:
        return False
    return before.team == after.team and before.playbook == after.playbook and before.model == after.model


class Outgoing(Protocol):
    """Who carries errands. What finds a free place is handed out by the commit that makes it."""

    def reserve(self, to: str) -> bool:
        """Take a free place at a destination; false if there is none, or its errands are found another way."""
        ...

    def give_up(self, errand: Errand) -> None:
        """Give the place back: the commit that was to hand it out has failed."""
        ...

    def hand_out(self, errand: Errand, intent: Intent) -> None:
        """Carry an errand that is on disk and has a place."""
        ...

    def queue(self, errand: Errand, intent: Intent) -> None:
        """An errand is on disk and due, and has no place yet."""
        ...

    @property
    def is_crowded(self) -> bool:
        """Whether errands wait for a place: what is less urgent waits too."""
        ...

    def is_busy(self, stream: str) -> bool:
        """Whether so much of a stream is being carried that more will come of it in a moment."""
        ...


class NoOutgoing:
    """Nobody carries anything."""

    is_crowded = False

    def reserve(self, to: str) -> bool:
        return False

    def give_up(self, errand: Errand) -> None:
        """There is nothing to give back."""

    def hand_out(self, errand: Errand, intent: Intent) -> None:
        """Nothing has a place."""

    def queue(self, errand: Errand, intent: Intent) -> None:
        """It is found in the store."""

    def is_busy(self, stream: str) -> bool:
        return False


def seal_all(key: bytes, entries: Iterable[Entry], before: bytes) -> tuple[Sealed, ...]:
    """Entries sealed, one behind the other, the first behind `before`."""
    sealed = []
    for entry in entries:
        sealed.append(chain.seal_entry(key, before, entry))
        before = sealed[-1].mac
    return tuple(sealed)


def find_forbidden(incident: Incident | None, playbook: Playbook) -> frozenset[Rule]:
    """What an open incident's scenario forbids."""
    if incident is None or not incident.is_open:
        return NONE
    rules = (rule for each in find_scenarios(playbook, incident) for rule in each.prohibitions)
    lines = frozenset(rule.line for rule in rules if rule.line not in incident.lifted)
    return name_rules(incident.model, mark_private(incident, lines)) if lines else NONE


def mark_private(incident: Incident, lines: frozenset[int]) -> frozenset[int]:
    """The lines by which an incident forbids something; line 0 says that others are not told which incident it is."""
    return lines | {0} if incident.is_private else lines


def still_forbidden(known: Known, incident: Incident, playbook: Playbook) -> frozenset[Rule]:
    """The same, after a change: most changes leave it as it was."""
    before = known.incident
    if (
        before is not None
        and before.status is incident.status
        and before.lifted is incident.lifted
        and before.scenario_line == incident.scenario_line
        and before.pursued == incident.pursued
        and before.model == incident.model
        and before.is_private is incident.is_private
    ):
        return known.rules
    return find_forbidden(incident, playbook)


def is_released(draft: Draft, answers: Iterable[Outcome], policy: TeamPolicy) -> bool:
    """Whether the evidence for which pages were held is there; what waits for its group goes on waiting."""
    if not any(isinstance(answer, StepFinished | StepNotRun) for answer in answers):
        return False
    assert draft.incident is not None
    return draft.now >= draft.incident.started_at + timedelta(seconds=policy.group_wait_s)


def make_errands(
    draft: Draft, intents: Iterable[Entry], policy: TeamPolicy, reserve: Callable[[str], bool]
) -> Iterator[Errand]:
    """The errands of a change: first pages wait for evidence and for their group, what finds a place is handed out."""
    assert draft.incident is not None
    records = draft.incident.steps.values()
    reading = any(record.state is StepState.RUNNING and not record.changes for record in records)
    hold = timedelta(seconds=max(policy.evidence_wait_s if reading else 0.0, policy.group_wait_s))
    for entry in intents:
        assert isinstance(entry.event, Intent)
        first = isinstance(entry.event, PageRequested) and entry.event.round == 1
        due_at = draft.now + hold if first else draft.now
        to = destination(entry.event)
        claimed = due_at <= draft.now and reserve(to)
        yield Errand(stream=entry.stream, seq=entry.seq, destination=to, due_at=due_at, claimed=claimed)


def destination(intent: Intent) -> str:
    """The queue of an intent: one for each channel, target, chat system and tracker."""
    if isinstance(intent, PageRequested):
        return f"{CHANNEL}{intent.channel}"
    if isinstance(intent, SharingRequested):
        return f"{SHARE}{intent.channel}"
    if isinstance(intent, StepRequested):
        return f"{TARGET}{intent.target}"
    if isinstance(intent, ChatRequested):
        return f"chat:{intent.system}"
    if isinstance(intent, DeliveryRequested):
        return f"words:{intent.way}:{intent.to if intent.way is Way.WEBHOOK else ''}"
    if isinstance(intent, TicketRequested):
        return f"tracker:{intent.tracker}"
    return "other"


def show_card(incident: Incident, forbids: bool = False) -> Card:
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
        public=incident.is_public,
        grouping=incident.group,
        forbids=forbids,
        private=incident.is_private,
    )
