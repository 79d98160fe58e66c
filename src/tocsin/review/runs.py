"""What was run: every run of a step with its outcome, in the order in which they were asked for.

The state of an incident keeps the last run of each step; the timeline has them all.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.review.timeline import Timeline
from tocsin.timeline import events as e
from tocsin.timeline.pipe import tell_end, tell_failed
from tocsin.words import Effect

Outcome = e.StepFinished | e.StepNotRun | e.StepInDoubt
LOOKS = frozenset({Effect.NOOP, Effect.READ, Effect.READ_SENSITIVE})


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what was asked for at `at`, and what came of it at `ended_at` (null: nobody has heard of it since)."""

    asked: e.StepRequested
    seq: int
    at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def looks_only(self) -> bool:
        """Whether it could change nothing."""
        return not self.asked.changes and self.asked.effect in LOOKS

    @property
    def is_ok(self) -> bool:
        """Whether it ran and ended well."""
        return (
            isinstance(self.outcome, e.StepFinished) and self.outcome.exit_code == 0 and not tell_failed(self.outcome)
        )


def find_runs(timeline: Timeline) -> tuple[Run, ...]:
    """The runs of a timeline."""
    runs = {entry.seq: Run(asked=event, seq=entry.seq, at=entry.at) for entry, event in timeline.each(e.StepRequested)}
    for entry in timeline.of(e.StepFinished, e.StepNotRun, e.StepInDoubt):
        event = entry.event
        if isinstance(event, Outcome) and event.answers in runs:
            runs[event.answers] = msgspec.structs.replace(runs[event.answers], outcome=event, ended_at=entry.at)
    return tuple(runs.values())


def tell_result(run: Run) -> str:
    """How a run ended, in a few words."""
    match run.outcome:
        case e.StepFinished() as finished:
            return tell_end(finished)
        case e.StepNotRun(why=why):
            return f"was not run: {why}"
        case e.StepInDoubt(why=why):
            return f"is in doubt: {why}"
    return "was asked for; no end is recorded"
