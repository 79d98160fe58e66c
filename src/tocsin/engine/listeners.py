"""Who is told what was appended. It has happened, whatever becomes of whoever is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from tocsin.timeline.entry import Entry

LOG = logging.getLogger("tocsin.journal")

Listener = Callable[[str, Sequence[Entry]], None]
"""Is given a stream and its new entries."""


class Listeners:
    """Those who listen, in the order in which they came."""

    def __init__(self) -> None:
        self._all: list[Listener] = []

    def __len__(self) -> int:
        return len(self._all)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` from now on; the answer stops it."""
        self._all.append(listener)
        return lambda: self._all.remove(listener)

    def tell(self, stream: str, entries: Sequence[Entry]) -> None:
        """Tell everybody. One that fails keeps it from nobody else, nor from whoever has committed."""
        for listener in tuple(self._all):
            try:
                listener(stream, entries)
            except Exception:
                LOG.exception("Whoever was to hear of %s has failed", stream)
