"""An event loop whose time is virtual: it jumps to the next timer instead of waiting, and touches nothing outside.

All that runs on it is deterministic: what is ready runs in the order in which it became ready, and two timers of the
same moment run in the order in which they were set.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heapify, heappop, heappush
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

    _scheduled: list[asyncio.TimerHandle]
    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._taken: dict[float, None] = {}
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
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._scheduled, timer)
        return timer

    def _run_once(self) -> None:
        """Run what is ready; if nothing is, it is the moment of the next timer."""
        scheduled, ready = self._scheduled, self._ready
        while scheduled and scheduled[0]._cancelled:
            heappop(scheduled)
        if not ready and not self._stopping:
            if not scheduled:
                raise Stuck("Nothing is left that could happen in this simulation.")
            self._now = scheduled[0].when()
            ready.append(heappop(scheduled))
            if len(self._taken) > MOST_REMEMBERED:
                self._tidy()
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _tidy(self) -> None:
        """Forget the moments that have passed, and the timers that nobody waits for."""
        self._scheduled = [timer for timer in self._scheduled if not timer.cancelled()]
        heapify(self._scheduled)
        self._taken = {timer.when(): None for timer in self._scheduled}

    def _write_to_self(self) -> None: ...


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to its end on a virtual loop; what is left running then is let go."""
    found: list[T] = []

    async def keep() -> None:
        found.append(
            await main
        )  # a task that holds a month is spelt out whenever the interpreter asks for its handlers

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(keep())
    return found[0]
