"""What other nodes have appended, taken into this node's memory.

The database owns; what a node remembers is a cache. Every entry of every node is read once, in the order of the
commits: cached incidents are brought on, the sets of open incidents stay true, what a team has switched is read anew,
and screens are told. A stream that is changing here at the moment waits until that is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from tocsin.engine.journal import Journal
from tocsin.errors import Corrupt
from tocsin.incident.state import Incident
from tocsin.timeline.codec import unseal
from tocsin.timeline.entry import Sealed

LOG = logging.getLogger("tocsin.follow")

LOOK_EVERY_S = 0.25
LONGEST_WAIT_S = 5.0
TEAM = "team/"


class Shared(Protocol):
    """A store that other nodes write too."""

    @property
    def news(self) -> asyncio.Event:
        """Set when another node may have written; a hint."""
        ...

    async def follow(self) -> list[Sealed]:
        """What was appended since the last call, in the order of the commits."""
        ...


class Follower:
    """Keeps a journal's memory true while others write."""

    def __init__(self, journal: Journal, store: Shared) -> None:
        self._journal, self._store = journal, store
        self._waiting: dict[str, list[Sealed]] = {}
        self._turning = asyncio.Lock()
        journal.take_in = self.turn

    async def run(self) -> None:
        """Follow until cancelled. A database that is away is asked again; nothing is missed by that."""
        wait = LOOK_EVERY_S
        while True:
            try:
                await self.turn()
                wait = LOOK_EVERY_S
            except Exception:
                LOG.exception("What other nodes have written could not be read; it is tried again in %g s.", wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
            await self._rest(wait)

    async def _rest(self, wait: float) -> None:
        try:
            async with asyncio.timeout(wait):  # wait_for of Python 3.11 may swallow a cancellation
                await self._store.news.wait()
        except TimeoutError:
            return
        self._store.news.clear()

    async def turn(self) -> None:
        """Take in everything that was committed before this was called."""
        async with self._turning:
            while True:
                found = await self._store.follow()
                for sealed in found:
                    self._waiting.setdefault(sealed.stream, []).append(sealed)
                for stream in list(self._waiting):
                    await self._take(stream)
                if not found:
                    return

    async def _take(self, stream: str) -> None:
        if stream.startswith(TEAM):
            self._journal.forget_standing(stream.removeprefix(TEAM))
            self._tell(stream, self._waiting.pop(stream))
            return
        sealed = self._waiting[stream]
        known = self._journal.peek(stream)
        if known is not None and known.seq >= sealed[-1].seq:
            del self._waiting[stream]
            return
        self._journal.note(stream, sealed[-1].seq)
        if self._journal.is_changing(stream):
            return
        del self._waiting[stream]
        before = known.incident if known else None
        try:
            after = await self._bring_on(stream, sealed)
        except Corrupt:
            LOG.critical("%s does not hold together; run `tocsin verify` and call somebody.", stream, exc_info=True)
            return
        await self._journal.disturb(before, after)
        self._tell(stream, sealed)

    async def _bring_on(self, stream: str, sealed: Sequence[Sealed]) -> Incident | None:
        """The incident as it is now; from the entries at hand, if they are all that is lacking."""
        known = self._journal.peek(stream)
        fresh = [each for each in sealed if each.seq > (known.seq if known else 0)]
        if fresh and fresh[0].seq == (known.seq if known else 0) + 1:
            return (await self._journal.catch_up(stream, fresh, known)).incident
        return await self._journal.incident(stream)

    def _tell(self, stream: str, sealed: Sequence[Sealed]) -> None:
        self._journal.tell(stream, [unseal(each) for each in sealed])
