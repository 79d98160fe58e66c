"""Plans the incidents whose time has come: many in one commit, and each at its moment.

What is due is planned in batches. While one is on its way to the disk the next is decided; what cannot be planned with
others is planned alone, so that a stream in trouble stops only itself. A wake is replaced by the commit of its plan and
by nothing else: what a crash interrupts is due again.

The loop looks for what is due from time to time, and that is what everything can rely on. Beside it `run` looks a
little ahead, so that incidents are in memory when their time comes, and are planned at that moment and not at the next
look.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

from tocsin.engine.contracts import Clock
from tocsin.engine.journal import Journal
from tocsin.incident.standing import find_team

LOG = logging.getLogger("tocsin.waking")

MOST_DUE = 2000
AT_ONCE = 200
"""Incidents that are planned and committed together."""
AT_WORK = 2
"""Batches under way at once: one is committed while the next is decided."""
MOST_UNDER_WAY = 32
"""Moments whose commits are waited for at the same time."""
LOOK_EVERY_S = 0.5
AHEAD = timedelta(seconds=1.5)
"""What comes within that time is planned at its moment; where nodes share the work, it is this node's by then."""
READ_AHEAD = timedelta(seconds=30)
MOST_READ = 200
"""Incidents that are read ahead in one go."""
AT_A_TIME, PAUSE_S = 5, 0.002
"""So many of them are folded and decided between two pauses: a millisecond's work."""
LONGEST_WAIT_S = 3.0


class Waking:
    """What wakes incidents. `alone` plans one, whatever happens; `may` says which are to be left alone for now."""

    def __init__(
        self, journal: Journal, clock: Clock, alone: Callable[[str], Awaitable[None]], may: Callable[[str], bool]
    ) -> None:
        self._journal, self._clock = journal, clock
        self._alone, self._may = alone, may
        self._at_work: set[str] = set()
        self._under_way: set[asyncio.Task[int]] = set()
        self._coming: deque[tuple[datetime, str]] = deque()
        self._taken = self._read = clock.now()

    async def plan(self, streams: Iterable[str], disturbed: Iterable[str] = ()) -> int:
        """Plan what is due, unless that is under way, and what was `disturbed`; how many. Committed when it returns."""
        asked = dict.fromkeys([*disturbed, *(stream for stream in streams if stream not in self._at_work)])
        ripe = [stream for stream in asked if self._may(stream)]
        if not ripe:
            return 0
        alone = ripe if len(ripe) == 1 else [stream for stream in ripe if find_team(stream) is not None]
        many = [stream for stream in ripe if stream not in alone]
        gate = asyncio.Semaphore(AT_WORK)
        batches = [many[at : at + AT_ONCE] for at in range(0, len(many), AT_ONCE)]
        await asyncio.gather(*(self._plan(batch, gate) for batch in batches), *map(self._plan_alone, alone))
        return len(ripe)

    async def _plan_alone(self, stream: str) -> None:
        self._at_work.add(stream)
        try:
            await self._alone(stream)
        finally:
            self._at_work.discard(stream)

    async def _plan(self, batch: list[str], gate: asyncio.Semaphore) -> None:
        self._at_work.update(batch)
        try:
            async with gate:
                try:
                    await self._journal.replan_all(batch)
                except Exception as error:  # noqa: BLE001 whatever it was, each is planned alone, and says so itself
                    LOG.warning(
                        "%d incidents could not be planned as one (%r); each is planned alone.", len(batch), error
                    )
                    for stream in batch:
                        await self._alone(stream)
        finally:
            self._at_work.difference_update(batch)

    # ── at the moment ──────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Plan what comes at its moment, until cancelled. What goes wrong here is left to the loop."""
        reading = asyncio.create_task(self._keep_reading())
        try:
            while True:
                try:
                    await self._look()
                    await self._fire()
                except Exception:
                    LOG.exception("What comes next could not be looked at; it is planned when it is due.")
                    await asyncio.sleep(LONGEST_WAIT_S)
        finally:
            for task in (reading, *self._under_way):
                task.cancel()
            await asyncio.gather(reading, *self._under_way, return_exceptions=True)

    async def _look(self) -> None:
        """Take what comes next. Of a crowd the loop takes the rest."""
        now = self._clock.now()
        after, until = max(self._taken, now), now + AHEAD
        found = await self._journal.store.coming(after, until, MOST_DUE, take=True)
        self._taken = until
        self._coming.extend(found)

    async def _fire(self) -> None:
        """Plan what was taken, each at its moment, until it is time to look again."""
        look_at = self._clock.now() + timedelta(seconds=LOOK_EVERY_S)
        while True:
            now = self._clock.now()
            ripe = []
            while self._coming and self._coming[0][0] <= now:
                ripe.append(self._coming.popleft()[1])
            await self._begin([stream for stream in ripe if self._is_due(stream, now)])
            upto = min(look_at, self._coming[0][0]) if self._coming else look_at
            await self._clock.sleep_until(upto)
            if self._clock.now() >= look_at:
                return

    async def _begin(self, ripe: Sequence[str]) -> None:
        """Plan them while time goes on: what comes next does not wait for their commit, unless much is under way."""
        if ripe:
            task = asyncio.create_task(self.plan(ripe))
            self._under_way.add(task)
            task.add_done_callback(self._end)
        while len(self._under_way) >= MOST_UNDER_WAY:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    def _end(self, task: asyncio.Task[int]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            LOG.error("What came could not be planned; the loop plans it.", exc_info=task.exception())

    def _is_due(self, stream: str, now: datetime) -> bool:
        """Whether a stream is to be planned still: as far as is known here it may have been changed meanwhile."""
        known = self._journal.peek(stream)
        return known is None or known.wake is None or known.wake <= now

    async def _keep_reading(self) -> None:
        """Have incidents in memory, and decided, before their time comes, in what time there is."""
        while True:
            try:
                await self._read_on()
            except Exception:
                LOG.exception("What comes could not be read ahead; it is read when it is due.")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _read_on(self) -> None:
        now = self._clock.now()
        after, until = max(self._read, now), now + READ_AHEAD
        found = await self._journal.store.coming(after, until, self._journal.streams.room, take=False)
        self._journal.ahead.sweep(now)
        for at in range(0, len(found), MOST_READ):
            await self._make_ready(found[at : at + MOST_READ])
        self._read = until

    async def _make_ready(self, coming: Sequence[tuple[datetime, str]]) -> None:
        """Load them all, then fold and decide a few at a time: whatever is due meanwhile has its turn."""
        loaded = await self._journal.streams.load_missing(stream for _, stream in coming)
        for at in range(0, len(coming), AT_A_TIME):
            for moment, stream in coming[at : at + AT_A_TIME]:
                if stream in loaded:
                    await self._journal.streams.take_in(stream, loaded[stream])
                await self._foresee(stream, moment)
            await asyncio.sleep(PAUSE_S)

    async def _foresee(self, stream: str, moment: datetime) -> None:
        """Decide ahead; what cannot be decided is in trouble at its moment, and says so then."""
        if find_team(stream) is not None or not self._may(stream):
            return
        try:
            await self._journal.ahead.foresee(stream, moment)
        except Exception:
            LOG.debug("%s could not be decided ahead of its time.", stream, exc_info=True)
