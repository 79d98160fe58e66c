"""The readers of audiences, in memory: whoever is told in a story."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tocsin.comms.delivery import find_bar
from tocsin.engine.contracts import Clock, Key
from tocsin.engine.journal import Journal
from tocsin.errors import NotBegun, Rejected, Unavailable
from tocsin.timeline.events import DeliveryMade, DeliveryRequested, Intent, Outcome
from tocsin.words import Audience, Way


class Told(NamedTuple):
    """Words that came to their readers."""

    at: datetime
    audience: Audience
    way: Way
    text: str
    key: str


class MemoryReaders:
    """Takes everything, unless a way is `broken` (for now) or `refusing` (for good); so many are `followers`."""

    handles = (DeliveryRequested,)

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self.told: list[Told] = []
        self.broken: set[Way] = set()
        self.refusing: set[Way] = set()
        self.followers = 0

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Remember it, as far as it may go."""
        assert isinstance(intent, DeliveryRequested)
        incident = await self._journal.incident(key.stream)
        assert incident is not None
        bar = find_bar(incident, await self._journal.shelf.book(incident), intent)
        if bar:
            raise NotBegun(f"Not sent: {bar}.")
        if intent.way in self.refusing:
            raise Rejected("This way says no in this story.")
        if intent.way in self.broken:
            raise Unavailable("This way is broken in this story.")
        text = next(each.text for each in incident.updates if each.seq == intent.update)
        self.told.append(Told(self._clock.now(), intent.audience, intent.way, text, intent.key))
        followers = self.followers if intent.way is Way.FOLLOWERS else None
        return DeliveryMade(answers=key.seq, key=intent.key, detail="taken", repeat=key.again, followers=followers)
