"""The open incidents of each team: from the cards when they are first asked for, true with each commit from then on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from tocsin.engine.contracts import Store
from tocsin.engine.forbidding import Mark, Rule
from tocsin.engine.index import NONE, OpenIndex, TeamIndex
from tocsin.errors import Corrupt
from tocsin.incident.state import Incident

LOG = logging.getLogger("tocsin.journal")

Find = Callable[[str], Awaitable[Incident | None]]
"""The incident of a stream. Raises `Corrupt`."""
ReadAhead = Callable[[Iterable[str]], Awaitable[None]]
"""Has streams in memory, by one look at the store."""
AT_ONCE = 100


class Ongoing:
    """What is open. One incident whose record does not hold together is left out, and said in the log."""

    def __init__(self, store: Store, find: Find, read_ahead: ReadAhead) -> None:
        self._store, self._incident, self._read_ahead = store, find, read_ahead
        self._index, self._loading = OpenIndex(), asyncio.Lock()

    async def index(self, team: str) -> TeamIndex:
        """The open incidents of a team, by what alerts join them."""
        while (found := self._index.teams.get(team)) is None:
            async with self._loading:
                if team not in self._index.teams:
                    await self._load(team)
        return found

    async def _load(self, team: str) -> None:
        """From the cards; an incident without a scenario is known by its alerts, and read as a whole."""
        self._index.begin()
        made, unnamed = TeamIndex(), []
        cards = await self._store.cards(team=team, open_only=True)
        for card in sorted(cards, key=lambda card: card.opened_at):
            made.take_card(card)
            if card.scenario is None:
                unnamed.append(card.id)
        for stream in unnamed:
            incident = await self._find_whole(stream)
            made.drop(stream)
            if incident is not None and incident.is_open:
                made.take(incident, NONE)
        self._index.end(team, made)

    def note(self, incident: Incident, rules: frozenset[Rule]) -> None:
        """What an incident is now, and what it forbids."""
        self._index.note(incident, rules)

    def find_mark(self, team: str) -> Mark | None:
        """The same for as long as `find_forbidding` finds the same; null where that is not known."""
        return self._index.find_mark(team)

    def forget(self, team: str) -> None:
        """Only the disk knows what is open."""
        self._index.forget(team)

    async def find_all(self, team: str) -> list[Incident]:
        """The open incidents of a team."""
        return await self._find(sorted((await self.index(team)).streams))

    async def find_forbidding(self, team: str) -> list[Incident]:
        """Those of them that forbid something; of all that do so by one rule, two."""
        while True:
            forbidding = (await self.index(team)).forbidding
            asked = forbidding.find()
            found = await self._find(asked)
            if forbidding.find() == asked:  # else one was known by its card alone, or has changed meanwhile
                return found

    async def _find(self, streams: Iterable[str]) -> list[Incident]:
        asked, found = list(streams), list[Incident | None]()
        for at in range(0, len(asked), AT_ONCE):
            some = asked[at : at + AT_ONCE]
            await self._read_ahead(some)
            found += [await self._find_whole(stream) for stream in some]
        return [incident for incident in found if incident is not None and incident.is_open]

    async def _find_whole(self, stream: str) -> Incident | None:
        try:
            return await self._incident(stream)
        except Corrupt:
            LOG.critical("%s does not hold together; run `tocsin verify` and call somebody.", stream)
            return None
