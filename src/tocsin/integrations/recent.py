"""Reads that run by themselves, and whose answers a moment later are those of the same read for another incident."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tocsin.engine.contracts import Clock, Key
from tocsin.timeline.events import Fan, Outcome, StepFinished, StepRequested

SAME = timedelta(minutes=1)

Name = tuple[str, Fan | None, str, tuple[tuple[str, str], ...]]


class Recent:
    """What was read within the last minute. Any change forgets all of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[Name, tuple[datetime, StepFinished]] = {}

    def find(self, key: Key, intent: StepRequested) -> StepFinished | None:
        """The answer of the same read a moment ago, for one that runs by itself."""
        found = self._known.get(_name(intent))
        if found is None or intent.changes or intent.by != "tocsin" or self._clock.now() - found[0] >= SAME:
            return None
        why = f"shared with the same read at {found[0]:%H:%M:%S} UTC"
        return msgspec.structs.replace(found[1], answers=key.seq, step=intent.step, why=why)

    def begin(self, intent: StepRequested) -> tuple[datetime, dict[Name, tuple[datetime, StepFinished]]]:
        """It begins: what is known now is told from what a change leaves behind."""
        if intent.changes:
            self._known = {}
        return self._clock.now(), self._known

    def end(
        self,
        begun: tuple[datetime, dict[Name, tuple[datetime, StepFinished]]],
        intent: StepRequested,
        outcome: Outcome,
    ) -> None:
        """It has ended; a read is remembered unless something was changed meanwhile."""
        at, known = begun
        if intent.changes:
            self._known = {}
        elif known is self._known and isinstance(outcome, StepFinished):
            now, name = self._clock.now(), _name(intent)
            known.pop(name, None)  # they stand in the order in which they ended
            while known and now - known[first := next(iter(known))][0] >= SAME:
                del known[first]
            known[name] = (at, outcome)


def _name(intent: StepRequested) -> Name:
    return (intent.target, intent.fan, intent.text, tuple(sorted(intent.bindings.items())))
