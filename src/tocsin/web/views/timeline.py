"""The timeline as it is shown: each entry as a sentence, sorted into a few groups, with a tone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from tocsin.incident.obligation import put_in_words
from tocsin.incident.state import Obligation
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.pipe import finds_nothing_in, tell_failed
from tocsin.timeline.tell import tell
from tocsin.web.views.scene import View, clean

MOST_ENTRIES = 200
"""Entries that a room shows before somebody asks for all."""

WORDS = (e.NoteAdded, e.UpdatePosted, e.UpdateWithheld, e.UpdateForbidden, e.PostmortemSaved, e.ReportFiled)
CALLS = (
    e.LevelJoined,
    e.EscalationAsked,
    e.AnswerCorrected,
    *(e.ContactWanted, e.ContactCalled, e.ContactAnswered),
    e.PagePutOff,
    e.PageRequested,
    e.PageDelivered,
    e.PageFailed,
    e.PageWithheld,
    e.PageReported,
)
STEPS = (
    *(e.StepProposed, e.StepApproved, e.CommandLearned, e.StepForbidden, e.StepSkipped, e.StepDone, e.DoubtSettled),
    *(e.ApprovalGiven, e.ApprovalLapsed, e.WayTaken, e.ScenarioPursued, e.CheckEnded),
    *(
        e.StepRequested,
        e.StepStarted,
        e.StepStopAsked,
        e.StepFinished,
        e.StepNotRun,
        e.StepInDoubt,
        e.ProhibitionLifted,
        e.ValueHeld,
    ),
    *(e.BarrierCalled, e.OperatorReady, e.BarrierHeld, e.CountdownBegun, e.BarrierPassed),
    *(e.WaitBegun, e.WaitEnded),
)
DUTIES = (e.ObligationArmed, e.ObligationLate, e.ObligationDropped, e.ObligationMet, e.ObligationWaived)
GROUPS: dict[type[e.Event], str] = {
    **dict.fromkeys(WORDS, "words"),
    **dict.fromkeys(CALLS, "calls"),
    **dict.fromkeys(STEPS, "steps"),
    **dict.fromkeys(DUTIES, "duties"),
}
"""Which of the few groups a kind belongs to; everything else is about the status."""

BAD = (
    *(e.ObligationLate, e.PageFailed, e.StepForbidden, e.StepInDoubt, e.UpdateForbidden, e.AlertFiredAgain),
    e.ValueHeld,
)
GOOD = (e.Acknowledged, e.Mitigated, e.Resolved, e.Closed, e.ObligationMet, e.AlertCleared)
QUIET = (e.ObligationArmed, e.ObligationDropped, e.PageDelivered, e.StepStarted, e.StepApproved)


class EntryView(View, frozen=True, kw_only=True):
    """One entry for people. `tone` is good, bad, quiet or plain; `owed_since` stands while a late duty is owed."""

    seq: int
    at: datetime
    text: str
    group: str
    tone: str
    kind: str
    owed_since: datetime | None = None


class EntryFacts(View, frozen=True, kw_only=True):
    """One entry for programs: `event` holds the fields of its kind, `text` says the same as a sentence."""

    seq: int
    at: datetime
    recorded_at: datetime
    kind: str
    text: str
    event: dict[str, Any]


def show_entries(
    entries: Iterable[Entry], name: Callable[[str], str], duties: Mapping[str, Obligation]
) -> tuple[EntryView, ...]:
    """The entries for people, the newest first; `duties` is the incident's ledger."""
    shown = [
        EntryView(
            seq=entry.seq,
            at=entry.at,
            text=clean(tell(put_in_words(entry.event, duties), name), 600),
            group=GROUPS.get(type(entry.event), "status"),
            tone=_find_tone(entry.event),
            kind=entry.event.kind,
            owed_since=_find_owed(entry.event, duties),
        )
        for entry in entries
    ]
    return tuple(reversed(shown))


def _find_owed(event: e.Event, duties: Mapping[str, Obligation]) -> datetime | None:
    duty = duties.get(event.key) if isinstance(event, e.ObligationLate) else None
    return duty.due_at if duty is not None and duty.is_open else None


def _find_tone(event: e.Event) -> str:
    if isinstance(event, e.StepFinished):
        return "plain" if finds_nothing_in(event) else "bad" if event.exit_code or tell_failed(event) else "plain"
    if isinstance(event, BAD):
        return "bad"
    return "good" if isinstance(event, GOOD) else "quiet" if isinstance(event, QUIET) else "plain"


def show_facts(
    entries: Iterable[Entry], name: Callable[[str], str], duties: Mapping[str, Obligation]
) -> tuple[EntryFacts, ...]:
    """The entries for programs, the oldest first; `event` is as it was kept, whatever version wrote it."""
    return tuple(
        EntryFacts(
            seq=entry.seq,
            at=entry.at,
            recorded_at=entry.recorded_at,
            kind=entry.event.kind,
            text=clean(tell(put_in_words(entry.event, duties), name), 10_000),
            event=msgspec.to_builtins(entry.event),
        )
        for entry in entries
    )
