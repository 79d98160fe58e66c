"""What other nodes have appended, taken into this node's memory.

The database owns; what a node remembers is a cache. Every entry of every node is read once, in the order of the
commits: cached incidents are brought on, the sets of open incidents stay true, what a team has switched is read anew,
and screens are told. A stream that is changing here at the moment waits until that is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from tocsin.engine.change import mark_private
from tocsin.engine.journal import Journal
from tocsin.errors import Corrupt, WrittenByNewer
from tocsin.incident.book import find_scenarios
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
        self._forbids: dict[str, frozenset[int]] = {}
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
                await self._take_all()
                if not found:
                    return

    async def _take_all(self) -> None:
        """Bring every stream on that can be. Raises what stood in the way of one, which waits for the next turn."""
        failed: Exception | None = None
        for stream in list(self._waiting):
            try:
                await self._take(stream)
            except Exception as error:  # noqa: BLE001 it is raised when the others have had their turn
                failed = error
        if failed is not None:
            raise failed

    async def _take(self, stream: str) -> None:
        """Bring one stream on. What this node has written itself has been told when it was written.

        Only what is brought on waits no more: the database may fail on the way.
        """
        sealed = self._waiting[stream]
        if stream.startswith(TEAM):
            self._journal.forget_standing(stream.removeprefix(TEAM))
        else:
            self._journal.note(stream, sealed[-1].seq)
        if self._journal.is_changing(stream):
            return
        fresh = self._waiting[stream] = [each for each in sealed if not self._journal.was_own(stream, each.seq)]
        if fresh and not stream.startswith(TEAM):
            await self._bring_on(stream, fresh)
        del self._waiting[stream]
        if fresh:
            self._tell(stream, fresh)

    def _tell(self, stream: str, sealed: Sequence[Sealed]) -> None:
        """Tell whoever listens as much as can be read here; the screens ask for the rest elsewhere."""
        entries = []
        with suppress(WrittenByNewer):
            for each in sealed:
                entries.append(unseal(each))
        if entries:
            self._journal.tell(stream, entries)

    async def _bring_on(self, stream: str, sealed: Sequence[Sealed]) -> None:
        try:
            incident = await self._find(stream, sealed)
        except WrittenByNewer as error:
            LOG.warning("%s: %s", stream, error)
            return
        except Corrupt:
            LOG.critical("%s does not hold together; run `tocsin verify` and call somebody.", stream, exc_info=True)
            return
        if incident is not None:
            await self._disturb(incident)

    async def _find(self, stream: str, sealed: Sequence[Sealed]) -> Incident | None:
        """The incident as it is now; from the entries at hand, if they are all that is lacking."""
        known = self._journal.peek(stream)
        at = known.seq if known else 0
        lacking = [each for each in sealed if each.seq > at]
        if lacking and lacking[0].seq == at + 1:
            return (await self._journal.streams.catch_up(stream, lacking, known)).incident
        return await self._journal.incident(stream)

    async def _disturb(self, incident: Incident) -> None:
        """What an incident forbids holds for its team's others; the node that changed it may be dead by now."""
        playbook = await self._journal.shelf.playbook(incident.model)
        scenarios = find_scenarios(playbook, incident) if incident.is_open else ()
        rules = (rule for each in scenarios for rule in each.prohibitions)
        lines = frozenset(rule.line for rule in rules if rule.line not in incident.lifted)
        forbids = mark_private(incident, lines) if lines else lines
        if forbids != self._forbids.get(incident.id, frozenset()):
            await self._journal.disturb(incident.team, incident.id)
        if forbids:
            self._forbids[incident.id] = forbids
        else:
            self._forbids.pop(incident.id, None)
