"""Counters as they stand on disk, remembered where nobody else counts."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.engine.contracts import Store

MOST_COUNTS = 1000
"""Counters that are remembered; each day has one of its own for each team."""


class Counts:
    """The counters of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.known: dict[str, int] = {}

    async def find(self, counter: str) -> int:
        """A counter's value."""
        return self.known[counter] if counter in self.known else await self._store.count(counter)

    def note(self, counters: Mapping[str, int]) -> None:
        """These counters stand at these values on disk."""
        if self._store.is_sole:
            if len(self.known) > MOST_COUNTS:
                self.known.clear()
            self.known.update(counters)
