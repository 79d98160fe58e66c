"""What will have to be decided at a moment that is known, decided and sealed before it comes.

The planners are pure: with the same incident, book, rota and time they give the same answer, whenever they are asked.
So the time before very many timers are due is used for them, and at the moment itself nothing is left but to write it
down. What was foreseen is dropped with the first thing that happens in its incident, and is taken only if everything
that it rests upon is still the very same; else it is decided then, as if nobody had thought of it before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.engine.cache import Cache
from tocsin.engine.change import Known, seal_all
from tocsin.engine.draft import Asked, Draft
from tocsin.engine.shelf import Shelf
from tocsin.incident.book import Book
from tocsin.oncall.rota import Rota
from tocsin.timeline.entry import Sealed

MOST = 20_000
GOOD_FOR = timedelta(seconds=2)
"""So long after its moment it may be taken still, and bears that time; a server that slept decides anew."""


class Planned(NamedTuple):
    """A draft, what the planners answered, and its entries sealed."""

    draft: Draft
    asked: Asked | None
    sealed: tuple[Sealed, ...]


class Foreseen(NamedTuple):
    """What was planned for a moment to come, and all that it rests upon."""

    planned: Planned
    known: Known
    book: Book
    rota: Rota

    @property
    def moment(self) -> datetime:
        """Of when it is."""
        return self.planned.draft.now


class Ahead:
    """What is foreseen, by stream."""

    def __init__(self, key: bytes, cache: Cache, shelf: Shelf) -> None:
        self._key, self._cache, self._shelf = key, cache, shelf
        self._made: dict[str, Foreseen] = {}

    async def foresee(self, stream: str, moment: datetime) -> None:
        """Decide what is due at `moment`, if the stream is remembered. Raises what the planners raise."""
        known = self._cache.find_current(stream)
        if known is None or known.incident is None or len(self._made) >= MOST:
            return
        incident = known.incident
        book, rota = await self._shelf.book(incident), self._shelf.rota(incident)
        if await self._shelf.book(incident) is not book:  # made anew whenever it is asked for: it would not be the same
            return
        self._made.pop(stream, None)  # they stand in the order in which they were made
        draft = Draft(stream, incident, max(moment, known.at or moment))
        self._made[stream] = Foreseen(self._plan(draft, known, book, rota), known, book, rota)

    def plan(self, draft: Draft, known: Known, book: Book, rota: Rota, now: datetime) -> Planned:
        """What follows from a draft: as it was foreseen, if nothing has happened and all else is the same, or by the
        planners now.
        """
        made = self._made.pop(draft.stream, None) if self._made else None
        if made is None or draft.entries or not made.moment <= now <= made.moment + GOOD_FOR:
            return self._plan(draft, known, book, rota)
        same = made.known is known and made.book is book and made.rota is rota
        return made.planned if same else self._plan(draft, known, book, rota)

    def _plan(self, draft: Draft, known: Known, book: Book, rota: Rota) -> Planned:
        asked = draft.plan(book, rota, known.asked)
        return Planned(draft, asked, seal_all(self._key, draft.entries, known.seal))

    def sweep(self, now: datetime) -> None:
        """Drop what nobody took in its time: it was another node's, or is not due any more. The first moments were
        foreseen first, so that nobody looks at all of them.
        """
        while self._made:
            stream = next(iter(self._made))
            if self._made[stream].moment + GOOD_FOR >= now:
                return
            del self._made[stream]
