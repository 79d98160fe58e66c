"""What waits for a place at its destination, remembered: whoever leaves one finds the next without asking the store."""

from __future__ import annotations

from itertools import islice

from tocsin.engine.carried import Name
from tocsin.engine.contracts import Errand
from tocsin.timeline.events import Intent

MOST = 10_000
"""Errands of one destination that are remembered; the others are found in the store by a later turn."""
Waiting = tuple[Errand, Intent]


class Queues:
    """Those of all destinations, each in its order."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[Name, Waiting]] = {}

    def has_any(self, to: str | None = None) -> bool:
        """Whether anything waits for a place there, or anywhere."""
        return any(self._waiting.values()) if to is None else bool(self._waiting.get(to))

    def put(self, errand: Errand, intent: Intent) -> None:
        """Remember one."""
        waiting = self._waiting.setdefault(errand.destination, {})
        if len(waiting) < MOST:
            waiting[errand.stream, errand.seq] = (errand, intent)

    def drop(self, errand: Errand) -> None:
        """It has been found in the store."""
        self._waiting.get(errand.destination, {}).pop((errand.stream, errand.seq), None)

    def take(self, to: str, count: int) -> list[Waiting]:
        """The first that wait there, at most so many; they wait no longer."""
        waiting = self._waiting.get(to, {})
        return [waiting.pop(name) for name in list(islice(waiting, count))]
