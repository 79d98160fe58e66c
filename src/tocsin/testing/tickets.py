"""A tracker in memory, for stories."""

from __future__ import annotations

import msgspec

from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.tickets import Draft, OpenTicket


class ToldTicket(msgspec.Struct, kw_only=True):
    """A ticket of a story."""

    id: str
    draft: Draft
    comments: dict[str, str] = {}
    is_closed: bool = False


class MemoryTracker:
    """Takes everything, unless it is `broken` (for now), `refusing` (for good) or `silent` (it does it, and nobody
    hears that it did).
    """

    def __init__(self) -> None:
        self.tickets: dict[str, ToldTicket] = {}
        self.is_broken = self.is_refusing = self.is_silent = False

    def _answer(self) -> None:
        if self.is_broken:
            raise Unavailable("The tracker is broken in this story.")
        if self.is_refusing:
            raise Rejected("The tracker says no in this story.")

    async def find(self, mark: str) -> OpenTicket | None:
        """By its mark."""
        self._answer()
        return next((OpenTicket(id=each.id) for each in self.tickets.values() if each.draft.mark == mark), None)

    async def create(self, draft: Draft) -> OpenTicket:
        """A new one."""
        self._answer()
        made = ToldTicket(id=f"T-{len(self.tickets) + 1}", draft=draft)
        self.tickets[made.id] = made
        if self.is_silent:
            raise Unavailable("The tracker did it, and its answer was lost.")
        return OpenTicket(id=made.id, link=f"tracker://{made.id}")

    async def comment(self, ticket: str, text: str, mark: str) -> None:
        """Once for each mark."""
        self._answer()
        self.tickets[ticket].comments[mark] = text

    async def close(self, ticket: str, text: str, mark: str) -> None:
        """With a last word."""
        await self.comment(ticket, text, mark)
        self.tickets[ticket].is_closed = True
