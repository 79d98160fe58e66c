"""The outputs that a team's predicates and waits are over, read for its planners, which read nothing themselves."""

from __future__ import annotations

import msgspec

from tocsin.engine.contracts import Blobs
from tocsin.errors import TocsinError
from tocsin.incident.book import Book
from tocsin.incident.predicate import MOST_READ
from tocsin.incident.state import Incident
from tocsin.run.judged import find_wanted

MOST_TEXTS, MOST_BOOKS = 500, 200


class Lending:
    """Books with outputs in them. While these are the same, so is the book: planners know it by its identity."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._texts: dict[str, str] = {}
        self._books: dict[str, tuple[Book, tuple[str, ...], Book]] = {}

    async def lend(self, book: Book, incident: Incident) -> Book:
        """The book with the outputs of this incident that its team's predicates, and its open waits, are over."""
        wanted = find_wanted(incident, book) if book.policy.predicates or incident.waits else ()
        if not wanted:
            return book
        known = self._books.get(incident.id)
        if known is not None and known[0] is book and known[1] == wanted:
            return known[2]
        outputs = {digest: await self._read(digest) for digest in wanted}
        if len(self._books) >= MOST_BOOKS:
            self._books.clear()
        lent = msgspec.structs.replace(book, outputs=outputs)
        self._books[incident.id] = (book, wanted, lent)
        return lent

    async def _read(self, digest: str) -> str:
        """One that is gone, or cannot be read, is empty: nothing holds for it that looks for something."""
        if digest not in self._texts:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            try:
                content = await self._blobs.get(digest)
            except (TocsinError, OSError):
                content = b""
            self._texts[digest] = content[-4 * MOST_READ :].decode(errors="replace")[-MOST_READ:]
        return self._texts[digest]
