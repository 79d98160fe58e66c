"""What must hold of every plan: whoever was not asked has nothing to add, and what is remembered of a book is so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

from msgspec.structs import replace

from tocsin.engine.draft import Asked, Draft
from tocsin.incident.book import Book
from tocsin.oncall.rota import Rota

NEVER = datetime.max.replace(tzinfo=UTC)


@contextmanager
def ask_everybody() -> Iterator[None]:
    """Behind each plan ask all planners once more, with a book of which nothing is remembered."""
    real = Draft.plan

    def plan(self: Draft, book: Book, rota: Rota, before: Asked | None = None) -> Asked | None:
        asked = real(self, book, rota, before)
        if asked is not None:
            again = Draft(self.stream, self.incident, self.now)
            unread, people = replace(book), replace(rota)
            real(again, unread, people)
            assert [entry.event for entry in again.entries] == []
            assert (self.wake or NEVER) <= (again.wake or NEVER), "it sleeps through something"
        return asked

    with patch.object(Draft, "plan", plan):
        yield
