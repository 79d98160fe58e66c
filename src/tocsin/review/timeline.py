"""A timeline sorted by kind of event, read once: a long incident has thousands of entries and few kinds that matter."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Event

E = TypeVar("E", bound=Event)


class Timeline:
    """The entries of one incident by kind of event."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._kinds: dict[type[Event], list[Entry]] = {}
        for entry in entries:
            self._kinds.setdefault(type(entry.event), []).append(entry)

    def of(self, *kinds: type[Event]) -> list[Entry]:
        """The entries of these kinds, in their order."""
        if len(kinds) == 1:
            return self._kinds.get(kinds[0], [])
        found: Iterable[Entry] = itertools.chain.from_iterable(self._kinds.get(kind, ()) for kind in kinds)
        return sorted(found, key=lambda entry: entry.seq)

    def each(self, kind: type[E]) -> list[tuple[Entry, E]]:
        """The entries of one kind, each with its event."""
        return [(entry, cast(E, entry.event)) for entry in self._kinds.get(kind, ())]

    def first(self, kind: type[E]) -> E | None:
        """The first event of a kind."""
        found = self._kinds.get(kind)
        return cast(E, found[0].event) if found else None

    def last(self, kind: type[E]) -> E | None:
        """The last event of a kind."""
        found = self._kinds.get(kind)
        return cast(E, found[-1].event) if found else None
