"""A clock that stands still until it is told to move."""

from __future__ import annotations

import asyncio
from datetime import datetime


class FakeClock:
    """Time that only `set` moves; whoever sleeps on it wakes when its moment has come."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        """The moment."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Move forward to `moment` and wake whoever waited for it."""
        assert moment >= self._now, "a fake clock does not run backwards"
        self._now = moment
        for due, woken in self._sleepers:
            if due <= moment:
                woken.set()
        self._sleepers = [each for each in self._sleepers if not each[1].is_set()]

    async def sleep_until(self, moment: datetime) -> None:
        """Return once `moment` has come."""
        if moment <= self._now:
            return
        woken = asyncio.Event()
        self._sleepers.append((moment, woken))
        await woken.wait()
