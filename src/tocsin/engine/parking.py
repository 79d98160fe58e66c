"""What waits at a destination that is out of order, and whether it waits there or goes on to another channel.

A page that has another way goes on at once, without an attempt. One that has none waits: its row stays in the store,
due a little later, and is called up as soon as the destination is to be tried, or is in order again. What waits is
known here only to be called up at once; whoever forgets it finds it in the store after `PARK`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from tocsin.engine.breaker import Breakers
from tocsin.engine.contracts import Errand, Store

PARK = timedelta(seconds=30)
MOST_CALLED = 500

Name = tuple[str, int]


class Parking:
    """The errands that wait, in the order in which they came or were last tried."""

    def __init__(self, store: Store, breakers: Breakers) -> None:
        self._store, self._breakers = store, breakers
        self._waiting: dict[str, dict[Name, None]] = {}
        self._shaken = False

    async def park(self, errand: Errand, now: datetime, *, tried: bool) -> None:
        """Let an errand wait. One that was `tried` is marked as sent again when it goes out."""
        if tried:
            await self._store.release(errand, now + PARK)
        else:
            await self._store.postpone([(errand.stream, errand.seq)], now + PARK, claimed=True)
        waiting = self._waiting.setdefault(errand.destination, {})
        waiting.pop((errand.stream, errand.seq), None)
        waiting[errand.stream, errand.seq] = None

    def shake(self) -> None:
        """Something is in order again: whatever waits anywhere is looked at, since that may be its other way."""
        self._shaken = True

    async def call_up(self, now: datetime) -> int:
        """Call up what may go: all where a destination is in order, one where it is to be tried; how many that were."""
        shaken, self._shaken = self._shaken, False
        count = 0
        for to in list(self._waiting):
            most = MOST_CALLED if shaken or not self._breakers.is_open(to) else int(self._breakers.is_ripe(to, now))
            names = list(islice(self._waiting[to], most))
            if names:
                await self._store.postpone(names, now, claimed=False)
            self._forget(to, names)
            self._shaken |= shaken and to in self._waiting
            count += len(names)
        return count

    def _forget(self, to: str, names: Sequence[Name]) -> None:
        for name in names:
            del self._waiting[to][name]
        if not self._waiting[to]:
            del self._waiting[to]

    def find_next(self) -> datetime | None:
        """When the next one may be called up by time alone."""
        retries = (self._breakers.find_retry(to) for to in self._waiting)
        return min((moment for moment in retries if moment is not None), default=None)
