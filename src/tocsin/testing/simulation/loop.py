"""An event loop whose time is virtual: it jumps to the next timer instead of waiting, and touches nothing outside.

All that runs on it is deterministic: what is ready runs in the order in which it became ready, and two timers of the
same moment run in the order in which they were set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

APART_S = 1e-6
"""Between two timers that were set for the same moment: a heap keeps no order among equals."""

MOST_REMEMBERED = 10_000
"""Moments that are taken, before those that have passed are forgotten."""


class Stuck(RuntimeError):
    """Everybody waits for somebody else, and nothing is ever going to happen."""


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without files, sockets or real time. `time` starts at 0 and counts simulated seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._taken: dict[float, None] = {}
        self._selector = self
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        """The simulated moment, in seconds."""
        return self._now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As any loop's, but no two timers share a moment."""
        when = round(max(when, self._now), 6)
        while when in self._taken:
            when = round(when + APART_S, 6)
        self._taken[when] = None
        return super().call_at(when, callback, *args, context=context)

    # ── what the base class asks of its selector ───────────────────────────────────────────────────────────────────

    def select(self, timeout: float | None) -> list[object]:
        """Nothing comes from outside: the time that would be waited is over at once."""
        if timeout is None:
            raise Stuck("Nothing is left that could happen in this simulation.")
        if timeout > 0:
            scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
            self._now = scheduled[0].when()
            if len(self._taken) > MOST_REMEMBERED:
                self._taken = {when: None for when in self._taken if when > self._now}
        return []

    def _process_events(self, event_list: object) -> None: ...

    def _write_to_self(self) -> None: ...


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to its end on a virtual loop; what is left running then is let go."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
