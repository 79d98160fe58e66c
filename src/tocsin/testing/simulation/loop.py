"""An event loop whose time is virtual: it jumps to the next timer instead of waiting, and touches nothing outside.

All that runs on it is deterministic: what is ready runs in the order in which it became ready, and two timers of the
same moment run in the order in which they were set. A heap of plain tuples and a queue is all that there is of it: the
engine pays for what it does, and next to nothing for being simulated.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MICROSECOND = 1e-6
MOST_CANCELLED = 10_000
"""Timers that nobody waits for, before they are taken out."""


class Stuck(RuntimeError):
    """Everybody waits for somebody else, and nothing is ever going to happen."""


PROCESS: ContextVar[object] = ContextVar("process", default=None)
"""Whose doing it is: what a process has begun, and whatever follows from that, stands still while it does."""


OUTSIDE = Context()
"""Of what is nobody's doing: whatever is on its way arrives."""


class Call(asyncio.TimerHandle):
    """Something that is to be called, now or at `_when`."""

    __slots__ = ("_done",)

    def __init__(
        self, loop: VirtualLoop, when: float, callback: Callable[..., object], args: Any, context: Context | None
    ) -> None:
        self._callback, self._args, self._when = callback, args, when
        self._context = copy_context() if context is None else context
        self._loop, self._cancelled, self._source_traceback = loop, False, None

    def cancel(self) -> None:
        """It is not to be called any more."""
        if not self._cancelled:
            self._cancelled = True
            self._callback, self._args = _do_nothing, ()
            self._loop.cancelled += 1


def _do_nothing() -> None: ...


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without files, sockets or real time. `now` starts at 0 and counts simulated seconds."""

    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.cancelled = 0
        self._calls: deque[Call] = deque()
        self._timers: list[tuple[float, int, Call]] = []
        self._count = count()
        self._stopped: dict[object, list[Call]] = {}
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        """The simulated moment, in seconds."""
        return self.now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As any loop's."""
        call = Call(self, self.now, callback, args, context)
        self._calls.append(call)
        return call

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As any loop's, to the microsecond: what is later is later by one at least."""
        at = self.now
        if when > at:
            at = max(round(when, 6), round(at + MICROSECOND, 6))
        call = Call(self, at, callback, args, context)
        heappush(self._timers, (at, next(self._count), call))
        return call

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As any loop's."""
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _run_once(self) -> None:
        """Run what is ready; when nothing is, it is the moment of the next timer; and so on, until told to stop."""
        calls = self._calls
        while not self._stopping:
            if not calls:
                calls.append(self._go_on())
            call = calls.popleft()
            if self._stopped and self._put_off(call):
                continue
            try:
                call._context.run(call._callback, *call._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 as any loop: whoever waits for it is told by its future
                self.call_exception_handler({"message": "A callback failed.", "exception": error})

    # ── processes that stand still ─────────────────────────────────────────────────────────────────────────────────

    def stop_process(self, process: object) -> None:
        """As SIGSTOP does: nothing of it happens until it goes on."""
        self._stopped.setdefault(process, [])

    def continue_process(self, process: object) -> None:
        """As SIGCONT does: all that it has missed happens now."""
        self._calls.extend(self._stopped.pop(process, ()))

    def _put_off(self, call: Call) -> bool:
        process = call._context.get(PROCESS)
        if process is None or process not in self._stopped:
            return False
        self._stopped[process].append(call)
        return True

    # ── going on ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _go_on(self) -> Call:
        timers = self._timers
        if self.cancelled > MOST_CANCELLED:
            timers[:] = [each for each in timers if not each[2]._cancelled]
            heapify(timers)
            self.cancelled = 0
        while timers:
            when, _, call = heappop(timers)
            if not call._cancelled:
                self.now = when
                return call
        raise Stuck("Nothing is left that could happen in this simulation.")

    def _write_to_self(self) -> None: ...


def find_loop() -> VirtualLoop:
    """The one that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


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
