"""Before each channel a gate: one that has not taken a page lately is asked at most twice a second until it takes one.

So the first second of an outage costs two attempts, however many pages are due, and a channel that is slow to answer
holds nobody up by more than half a second for each who is before them. Whoever has waited looks anew whether the page
is still to be sent.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from tocsin.engine.breaker import Breakers
from tocsin.engine.contracts import CHANNEL, Clock

APART = timedelta(seconds=0.5)
SHOWN_FOR = timedelta(seconds=10)
"""As long as a channel may take over a page: one that is busy and slow is not doubted."""


class Gates:
    """Those of all channels. A destination that is known to be out of order has none: `breaker.py` decides there."""

    def __init__(self, clock: Clock, breakers: Breakers) -> None:
        self._clock, self._breakers = clock, breakers
        self._asked: dict[str, datetime] = {}
        self._shown: dict[str, datetime] = {}
        self._news: dict[str, asyncio.Event] = {}

    async def hold_back(self, to: str) -> bool:
        """Wait, if whoever comes must; false if they may go on at once, and are the next to ask."""
        now = self._clock.now()
        if not to.startswith(CHANNEL) or self._is_shown(to, now) or self._breakers.is_open(to):
            return False
        asked = self._asked.get(to)
        if asked is None or not now - APART < asked <= now:
            self._asked[to] = now
            return False
        await self._wait(self._news.setdefault(to, asyncio.Event()), asked + APART)
        return True

    def show(self, to: str) -> None:
        """It has answered, if only to say no: whoever waits goes."""
        self._shown[to] = self._clock.now()
        self.open(to)

    def doubt(self, to: str) -> None:
        """It has not answered: it is out of order now, and whoever waits finds that out."""
        self._shown.pop(to, None)
        self.open(to)

    def open(self, to: str) -> None:
        """Let those who wait look again."""
        news = self._news.pop(to, None)
        if news is not None:
            news.set()

    def _is_shown(self, to: str, now: datetime) -> bool:
        shown = self._shown.get(to)
        return shown is not None and now - SHOWN_FOR < shown

    async def _wait(self, news: asyncio.Event, until: datetime) -> None:
        waiting = [asyncio.ensure_future(each) for each in (news.wait(), self._clock.sleep_until(until))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
