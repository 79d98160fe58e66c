"""The lease of a node that has the data for itself."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tocsin.engine.carried import Name


class Alone:
    """There is no other node: what is handed out stays handed out."""

    async def holds(self, errand: int) -> bool:
        return True

    def is_here(self, destination: str) -> bool:
        return True

    def renew_only(self, carried: Callable[[], Collection[Name]], begun: Callable[[], Collection[Name]]) -> None: ...
