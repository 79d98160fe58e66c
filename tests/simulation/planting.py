"""How a bug is planted in each life of a simulated server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tocsin.engine.contracts import Append, Errand, Write
from tocsin.testing.simulation.node import Node

Build = Callable[[Node], None]
Planted = Callable[[], Any]


LATER: list[asyncio.Future[None]] = []
"""What is put off until it is too late."""


class Every:
    """True at every `n`-th time of asking."""

    def __init__(self, n: int) -> None:
        self._n, self._count = n, 0

    def __call__(self) -> bool:
        self._count += 1
        return self._count % self._n == 0


def leave(node: Node) -> None: ...


def change_write(change: Callable[[Write, Node], Write]) -> Planted:
    """A bug that writes something else than was decided."""

    @contextmanager
    def planted() -> Iterator[Build]:
        def build(node: Node) -> None:
            real = node.disk.write

            async def write(write: Write) -> None:
                await real(change(write, node))

            node.disk.write = write  # type: ignore[method-assign]

        yield build

    return planted


def change_appends(change: Callable[[Append], Append]) -> Planted:
    return change_write(lambda write, node: replace(write, appends=tuple(change(each) for each in write.appends)))


def change_claim(change: Callable[[list[Errand]], list[Errand]], later: float = 0.0) -> Planted:
    """A bug that hands out something else, or later."""

    @contextmanager
    def planted() -> Iterator[Build]:
        def build(node: Node) -> None:
            real = node.disk.claim

            async def claim(
                now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]
            ) -> list[Errand]:
                return change(await real(now - timedelta(seconds=later), limit, places, full))

            node.disk.claim = claim  # type: ignore[method-assign]

        yield build

    return planted
