"""The real clock: the one place where the time is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

FARTHEST = timedelta(days=1)
"""How far ahead of the machine's clock a record may be for us to go on from it."""


def read_wall() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's clock, in UTC, except that it never goes back.

    What is owed counts from what was recorded. If the machine's clock is set back by an hour, nobody may have to wait
    an hour longer for a page: this clock goes on at its own pace until the machine's has caught up (`ahead`).
    """

    def __init__(self, wall: Callable[[], datetime] = read_wall, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._last, self._at = wall(), steady()

    def now(self) -> datetime:
        """The moment."""
        reading, at = self._wall(), self._steady()
        if at != self._at:
            self._last += timedelta(seconds=at - self._at)
            self._at = at
        if reading > self._last:
            self._last = reading
        return self._last

    def ahead(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        return self.now() - self._wall()

    def go_on_from(self, recorded: datetime) -> bool:
        """Do not fall behind what was recorded before; false if that lies too far ahead to be believed."""
        if recorded - self._wall() > FARTHEST:
            return False
        self._last = max(self.now(), recorded)
        return True

    async def sleep_until(self, moment: datetime) -> None:
        """Return at `moment`."""
        await asyncio.sleep(max(0.0, (moment - self.now()).total_seconds()))
