"""Reads that run by themselves, and whose answers a moment later are those of the same read for another incident.

Nobody gets the same answer twice: what a check looks at again is looked at again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from tocsin.engine.contracts import Clock, Key
from tocsin.timeline.events import Outcome, StepFinished, StepRequested

SAME = timedelta(minutes=1)
"""An identical read on the same target within this time is not run again; its answer is shared."""

Name = tuple[object, ...]
"""What two reads have in common that are the same."""


class _Answer(NamedTuple):
    """When it was read, what was said, and to which steps of which incidents."""

    at: datetime
    outcome: StepFinished
    told: set[tuple[str, str]]


Known = dict[Name, _Answer]


class Recent:
    """What was read within the last minute. Any change forgets all of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: Known = {}

    def find(self, name: Name, key: Key, intent: StepRequested) -> StepFinished | None:
        """The answer of the same read a moment ago, for one that runs by itself."""
        found = self._known.get(name)
        if found is None or intent.changes or intent.by != "tocsin" or self._clock.now() - found.at >= SAME:
            return None
        if (key.stream, intent.step) in found.told:
            return None
        found.told.add((key.stream, intent.step))
        why = f"shared with the same read at {found.at:%H:%M:%S} UTC"
        return msgspec.structs.replace(found.outcome, answers=key.seq, step=intent.step, why=why)

    def begin(self, intent: StepRequested) -> tuple[datetime, Known]:
        """It begins: what is known now is told from what a change leaves behind."""
        if intent.changes:
            self._known = {}
        return self._clock.now(), self._known

    def end(
        self,
        begun: tuple[datetime, Known],
        name: Name,
        key: Key,
        intent: StepRequested,
        outcome: Outcome,
    ) -> None:
        """It has ended; a read is remembered unless something was changed meanwhile."""
        at, known = begun
        if intent.changes:
            self._known = {}
        elif known is self._known and isinstance(outcome, StepFinished):
            now = self._clock.now()
            known.pop(name, None)  # they stand in the order in which they ended
            while known and now - known[first := next(iter(known))].at >= SAME:
                del known[first]
            known[name] = _Answer(at, outcome, {(key.stream, intent.step)})


def name_read(intent: StepRequested) -> Name:
    """A read by where it goes and all that it is asked with."""
    return (intent.target, intent.fan, intent.text, tuple(sorted(intent.bindings.items())))
