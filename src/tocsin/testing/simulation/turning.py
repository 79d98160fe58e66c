"""The engine's loop without the turns that would find nothing: it rests until the tick at which something is due.

What can become due is in few places: wakes and errands on disk, errands to be given back, streams to be planned again,
alerts to be put on timelines, and ends of alerts that have passed. Whoever changes one of them tells the loop, which
then rests no longer than until the tick at which the one that ships would have found it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.alert.held import Held
from tocsin.alert.row import AlertRow
from tocsin.engine import loop as engine_loop
from tocsin.engine import memory as engine_memory
from tocsin.engine.breaker import Breakers
from tocsin.engine.contracts import Errand, Store
from tocsin.engine.joins import Joins
from tocsin.engine.listening import GRACE, LOOK_EVERY
from tocsin.engine.loop import Engine
from tocsin.engine.memory import Memory
from tocsin.engine.parking import Parking
from tocsin.testing.simulation.beats import Rows
from tocsin.testing.simulation.loop import find_loop

A_MOMENT_S = 0.01
"""Two moments that are so near to each other are one tick."""
FARTHEST_S = 86400.0

Notice = Callable[[], None]
FindEnd = Callable[[datetime], datetime]


class Finds(Protocol):
    """The store, asked at once."""

    def find_next_due(self) -> datetime | None: ...


class Late(dict[Errand, timedelta]):
    """What is to be given back, said whenever there is more of it."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self._notice = notice

    def __setitem__(self, errand: Errand, wait: timedelta) -> None:
        super().__setitem__(errand, wait)
        self._notice()


class Waiting(Joins):
    """What waits for its place on a timeline, likewise."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self._notice = notice

    def add(self, deferred: Iterable[tuple[str, AlertRow]], now: datetime) -> None:
        """Rows and mark are on disk."""
        super().add(deferred, now)
        self._notice()

    def release(self) -> None:
        """A mark may be taken away."""
        super().release()
        self._notice()


class Parked(Parking):
    """What waits at a destination that is out of order, likewise."""

    def __init__(self, store: Store, breakers: Breakers, notice: Notice) -> None:
        super().__init__(store, breakers)
        self._notice = notice

    async def park(self, errand: Errand, now: datetime, *, tried: bool) -> None:
        """Let an errand wait."""
        await super().park(errand, now, tried=tried)
        self._notice()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def may_go(self) -> bool:
        """Whether something waits that the next turn lets go: where it waits is in order again."""
        return self._shaken or (bool(self._waiting) and any(not self._breakers.is_open(to) for to in self._waiting))

    def shake(self) -> None:
        """Something is in order again."""
        super().shake()
        self._notice()


class Watched(Memory):
    """The alerts in memory. No alert of an incident ends before `first`; null if that must be looked at."""

    def __init__(self, notice: Notice, touched: Notice) -> None:
        super().__init__()
        self._notice, self._touch = notice, touched
        self.first: datetime | None = None

    def keep(self, row: AlertRow) -> Held:
        """A row that is on disk."""
        if row.firing and row.incident is not None and self.first is not None and row.ends_at < self.first:
            self.first = row.ends_at
            self._notice()
        return super().keep(row)

    def touch(self, held: Held, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
        """An alert that fires was heard of again."""
        super().touch(held, starts_at, ends_at, now)
        if held.incident is not None and self.first is not None and ends_at < self.first:
            self.first = ends_at
            self._notice()
        self._touch()

    def find_first(self, after: datetime) -> datetime:
        """The first end after `after`."""
        if self.first is None or self.first <= after:
            ends = (held.ends_at for held in self._held.values() if held.firing and held.incident is not None)
            self.first = min((end for end in ends if end > after), default=after + timedelta(seconds=FARTHEST_S))
        return self.first


class Turning(Engine):
    """The engine. `watch` is called once, when it is put together."""

    def watch(self, store: Finds, beats: Rows, find_end: FindEnd | None = None) -> None:
        """See what becomes due. `find_end` says, where alerts are not in memory, after which moment one ends next."""
        self._store, self._rows = store, beats
        self._window: datetime | None = None
        self._loop = find_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._shows = self.clock.now()
        self._rested = self._first_look = 0.0
        self._flushing = False
        self._memory = Watched(self.notice, self._flush_soon)
        self._find_end = find_end or self._memory.find_first
        if find_end is None:
            self.intake._memory = self._memory
        self._joins = self.intake._joins = Waiting(self.notice)
        self.dispatch._unreleased = Late(self.notice)
        self.dispatch.parking = self._parked = Parked(self.journal.store, self.dispatch.breakers, self.notice)

    # ── resting ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def turn(self) -> int:
        """As the one that ships, which turns once more after each turn that found something: here, if there is more."""
        found = await super().turn()
        return found if found and self._finds_more() else 0

    def _finds_more(self) -> bool:
        """Whether another turn would find something."""
        first = self._find_due()
        return self._is_busy() or self.dispatch._has_missed or (first is not None and first <= self.clock.now())

    async def _rest(self) -> None:
        self._rested = self._loop.now
        self._first_look = self._find_look()
        self._set_alarm()
        try:
            await self._nudged.wait()
        finally:
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None
        self._leave_looks_out()

    def notice(self) -> None:
        """Something is, or was, to be done at another time."""
        if self._alarm is not None:
            self._set_alarm()

    def notice_due(self) -> None:
        """The same, where only the disk was written: it matters if something is due before the alarm."""
        if self._alarm is None:
            return
        due, late = self._store.find_next_due(), self._rows.first
        if (due is not None and due < self._shows) or (late is not None and late < self._shows):
            self._set_alarm()

    def look_again(self) -> None:
        """Turn at the next tick, whatever is due: the clock may show another time now."""
        self._loop.call_later(engine_loop.TICK_S, self._nudged.set)

    def _set_alarm(self) -> None:
        at = self._rested + self._ticks() * engine_loop.TICK_S
        if self._alarm is not None:
            if self._alarm.when() <= at + A_MOMENT_S:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(at, self._nudged.set)
        self._shows = self.clock.now() + timedelta(seconds=at - self._loop.now)

    def _ticks(self) -> int:
        """How many ticks after it began to rest the loop finds something; not before the next one."""
        now = self._loop.now
        due = now
        if not self._is_busy():
            first = self._find_due()
            due = min(math.inf if first is None else self._true(first), self._find_silent(), now + FARTHEST_S)
        return max(1, self._count(due), self._count(now))

    def _count(self, moment: float) -> int:
        return math.ceil((moment - self._rested) / engine_loop.TICK_S - 1e-4)

    def _is_busy(self) -> bool:
        waits = bool(self._joins) or self._joins.written is not None
        late = bool(self.dispatch._unreleased) or self.dispatch._is_astray or self._parked.may_go
        return waits or late or self.journal.is_disturbed or self.intake.inhibiting.is_owing

    def _find_due(self) -> datetime | None:
        """The first moment, by the server's clock, at which something is due."""
        now = self.clock.now()
        ahead = (
            self._store.find_next_due(),
            self._parked.find_next() if self._parked else None,
            self._find_window(now),
            self._find_beat(now),
        )
        return min([due for due in ahead if due is not None], default=None)

    def _find_window(self, now: datetime) -> datetime | None:
        """When the next window of the settings begins or ends, which they say once for each."""
        if self._window is None or self._window <= now:
            self._window = self.windows.next_change()
        return self._window

    def _find_beat(self, now: datetime) -> datetime | None:
        """When a heartbeat is late; one whose lateness could not be told yet, when that is tried again."""
        first = self._rows.first
        return first if first is None or first > now else self.beats._look_at

    def _true(self, moment: datetime) -> float:
        """When the server's clock comes to a moment."""
        return self._loop.now + (moment - self.clock.now()).total_seconds()

    # ── what falls silent ──────────────────────────────────────────────────────────────────────────────────────────

    def _find_look(self) -> float:
        """The tick at which ends of alerts are looked at next."""
        look_at = self.listening._look_at
        if look_at is None:
            return self._rested + engine_loop.TICK_S
        return self._rested + max(1, self._count(self._true(look_at))) * engine_loop.TICK_S

    def _find_silent(self) -> float:
        """The look that is the first to find something."""
        until = self.listening._until
        if until is None:
            return self._first_look
        late = self._true(self._find_end(until) + GRACE) - self._first_look
        every = LOOK_EVERY.total_seconds()
        return self._first_look + max(0, math.ceil(late / every - 1e-6)) * every

    def _leave_looks_out(self) -> None:
        """Have the next look at the tick at which it would be if none had been left out."""
        since, every = self._loop.now - self._first_look, LOOK_EVERY.total_seconds()
        if since < -A_MOMENT_S:
            return
        left = since % every
        is_now = min(left, every - left) < A_MOMENT_S
        ahead = 0.0 if is_now else every - left
        self.listening._look_at = self.clock.now() + timedelta(seconds=ahead)

    # ── later ends ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _flush_soon(self) -> None:
        """Write later ends down, within the time in which the one that ships does."""
        if not self._flushing:
            self._flushing = True
            every = engine_memory.FLUSH_S
            self._loop.call_later(every - self._loop.now % every, self._begin_flush)

    def _begin_flush(self) -> None:
        asyncio.ensure_future(self._flush())  # noqa: RUF006 it ends at its first commit

    async def _flush(self) -> None:
        """As the one that ships, which tries again what failed; a server that has died does not."""
        with suppress(Exception):
            await self.intake.flush()
        self._flushing = False
        if self._memory._touched:
            self._flush_soon()
