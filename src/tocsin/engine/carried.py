"""What a node has on its way, and whose lease it renews: not that of a page that has been on its way for too long.

Whatever such a page waits for may never come, and as long as its lease is renewed nobody else may send it. So another
node takes it over, and marks it as a repeat. A step may take as long as its own limit and is never handed on like that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

Name = tuple[str, int]
"""An errand's stream and number."""
MUCH = 6
LONGEST = timedelta(seconds=30)
"""A channel takes at most ten seconds over a page; the rest is for writing down what came of it."""


class Carried:
    """The errands that are on their way, with since when; for steps that is null."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._since: dict[Name, datetime | None] = {}

    def __contains__(self, name: Name) -> bool:
        return name in self._since

    def take(self, names: Iterable[Name], *, is_page: bool) -> None:
        """These are on their way now."""
        since = self._now() if is_page else None
        self._since.update((name, since) for name in names)

    def drop(self, names: Iterable[Name]) -> None:
        """These are not any more."""
        for name in names:
            self._since.pop(name, None)

    def is_much(self, stream: str) -> bool:
        """Whether so many of a stream's are that one of them ends at any moment."""
        return len(self._since) >= MUCH and sum(name[0] == stream for name in self._since) >= MUCH

    def list_all(self) -> set[Name]:
        """All of them."""
        return set(self._since)

    def list_kept(self) -> list[Name]:
        """Those that no other node is to have."""
        before = self._now() - LONGEST
        return [name for name, since in self._since.items() if since is None or since > before]
