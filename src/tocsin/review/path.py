"""An incident's whole path as spans: alert, incident, pages, acknowledgement, runs, promises, words, review.

A span is found from the entry that ends it, so that it can be told as soon as that entry is there. Where nothing ended
it, there is none yet. Each time that the incident was resolved gives one span over everything until then, the parent
of what began in that time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

Value = str | int | float | bool


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Something that took from `start` to `end`; `seq` is the entry that ended it, and `name` with it is unique.

    `life` counts how often the incident had been reopened when it began; `failed` says why it came to nothing.
    """

    name: str
    start: datetime
    end: datetime
    seq: int
    life: int
    about: dict[str, Value] = {}
    failed: str = ""


ENDS: tuple[type[e.Event], ...] = (
    e.AlertsJoined,
    e.PageDelivered,
    e.PageFailed,
    e.PageWithheld,
    e.Acknowledged,
    e.StepFinished,
    e.StepNotRun,
    e.StepInDoubt,
    e.ObligationMet,
    e.ObligationLate,
    e.ObligationWaived,
    e.UpdatePosted,
    e.Resolved,
    e.Dismissed,
    e.PostmortemSaved,
    e.Closed,
)
"""Whose entries may end a span."""


def find_spans(entries: Sequence[Entry]) -> tuple[Span, ...]:
    """The spans of an incident whose timeline is `entries`, in the order in which they ended."""
    path = _Path()
    return tuple(span for entry in entries for span in path.take(entry))


class _Path:
    """What has begun and not ended, as the timeline is gone through."""

    def __init__(self) -> None:
        self._life = 0
        self._begun: datetime | None = None
        self._resolved: datetime | None = None
        self._about: dict[str, Value] = {}
        self._intents: dict[int, tuple[Entry, int]] = {}
        self._duties: dict[str, tuple[Entry, int]] = {}
        self._is_answered = False

    def take(self, entry: Entry) -> Iterator[Span]:
        match entry.event:
            case e.IncidentOpened():
                yield from self._open(entry, entry.event)
            case e.AlertsJoined():
                yield from self._join(entry, entry.event)
            case e.Intent():
                self._intents[entry.seq] = (entry, self._life)
            case e.Outcome():
                yield from self._answer(entry, entry.event)
            case e.ObligationArmed():
                self._duties[entry.event.key] = (entry, self._life)
            case e.ObligationMet() | e.ObligationLate() | e.ObligationWaived():
                yield from self._settle(entry, entry.event)
            case e.Reopened():
                self._life, self._begun, self._resolved, self._is_answered = self._life + 1, entry.at, None, False
            case _:
                yield from self._note(entry)

    def _open(self, entry: Entry, event: e.IncidentOpened) -> Iterator[Span]:
        self._begun = entry.at
        self._about = {"team": event.team, "number": event.number, "origin": event.origin}
        if event.scenario is not None:
            self._about["scenario"] = event.scenario
        if event.severity is not None:
            self._about["severity"] = event.severity
        yield from ()

    def _join(self, entry: Entry, event: e.AlertsJoined) -> Iterator[Span]:
        """From when the first of the alerts began to when the incident had it."""
        first = min(event.alerts, key=lambda alert: alert.starts_at, default=None)
        if first is not None:
            about: dict[str, Value] = {"alert": first.name, "alerts": len(event.alerts)}
            yield self._span("alert", min(first.starts_at, entry.at), entry, about)

    def _answer(self, entry: Entry, event: e.Outcome) -> Iterator[Span]:
        found = self._intents.get(event.answers)
        if found is None or isinstance(event, e.StepStarted):
            return
        begun, life = found
        asked = begun.event
        if isinstance(asked, e.PageRequested):
            about = _tell_page(asked, event)
            yield self._span("page", begun.recorded_at, entry, about, getattr(event, "why", ""), life)
        elif isinstance(asked, e.StepRequested):
            failed = getattr(event, "why", "")
            about = {"step": asked.step, "target": asked.target, "effect": str(asked.effect), "by": asked.by}
            if isinstance(event, e.StepFinished):
                about["exit_code"] = event.exit_code
                failed = failed or (f"exit code {event.exit_code}" if event.exit_code else "")
            yield self._span("run", begun.recorded_at, entry, about, failed, life)

    def _settle(self, entry: Entry, event: e.ObligationMet | e.ObligationLate | e.ObligationWaived) -> Iterator[Span]:
        begun, life = self._duties.get(event.key, (entry, self._life))
        if not isinstance(event, e.ObligationLate):
            self._duties.pop(event.key, None)
        about: dict[str, Value] = {"duty": event.key, "result": event.kind.removeprefix("obligation_")}
        if event.line is not None:
            about["line"] = event.line
        yield self._span("promise", begun.at, entry, about, "late" if isinstance(event, e.ObligationLate) else "", life)

    def _note(self, entry: Entry) -> Iterator[Span]:
        event, begun = entry.event, self._begun or entry.at
        match event:
            case e.Acknowledged() if not self._is_answered:
                self._is_answered = True
                yield self._span("acknowledge", begun, entry, {"by": event.by, "via": event.via})
            case e.UpdatePosted():
                yield self._span("update", entry.at, entry, {"by": event.by, "status": str(event.status)})
            case e.Resolved() | e.Dismissed():
                self._resolved = entry.at
                yield self._span("incident", begun, entry, {**self._about, "result": event.kind})
            case e.PostmortemSaved():
                yield self._span("review", self._resolved or begun, entry, {"by": event.by})
            case e.Closed():
                yield self._span("close", self._resolved or begun, entry, {"by": event.by})

    def _span(
        self,
        name: str,
        start: datetime,
        entry: Entry,
        about: dict[str, Value],
        failed: str = "",
        life: int | None = None,
    ) -> Span:
        life = self._life if life is None else life
        return Span(
            name=name, start=start, end=max(start, entry.at), seq=entry.seq, life=life, about=about, failed=failed
        )


def _tell_page(asked: e.PageRequested, event: e.Outcome) -> dict[str, Value]:
    about: dict[str, Value] = {
        "responder": asked.responder,
        "channel": asked.channel,
        "round": asked.round,
        "why": asked.why,
        "result": event.kind.removeprefix("page_"),
    }
    if asked.line is not None:
        about["line"] = asked.line
    if asked.late_s:
        about["late_s"] = asked.late_s
    return about
