"""Looks at what lies in scratches, in threads: one that has not begun serves all who have asked by then.

Most scratches hold nothing, which a few calls of the kernel say on the spot. Where there is anything,
steps that begin and end together all want to see the same folder after the moment at which they ask. So there is at
most one look at a time for each, and whoever comes while it is going on shares the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from tocsin.integrations import scratch

Seen = tuple[scratch.Survey, int]
"""What lies there, and what its disk has left."""
Key = tuple[Path, tuple[Path, ...]]


class Looks:
    """Those of one event loop. `make` puts a scratch in order before a look, with the folders that must be there."""

    def __init__(self, threads: Executor, make: Callable[[Path, tuple[Path, ...]], None]) -> None:
        self._threads, self._make = threads, make
        self._going: dict[Key, asyncio.Task[Seen]] = {}
        self._next: dict[Key, asyncio.Task[Seen]] = {}

    async def take(self, folder: Path, pins: tuple[Path, ...]) -> Seen:
        """A look that has begun after it was asked for. Most scratches hold nothing, and that is seen at once."""
        if (nothing := scratch.glance(folder, pins)) is not None:
            return nothing, scratch.free_bytes(folder)
        key = (folder, pins)
        if key not in self._going:
            look = self._going[key] = asyncio.create_task(self._look(key))
        elif key in self._next:
            look = self._next[key]
        else:
            look = self._next[key] = asyncio.create_task(self._follow(key))
        return await asyncio.shield(look)

    async def _follow(self, key: Key) -> Seen:
        going = self._going[key]
        await asyncio.wait((going,))
        self._going[key] = self._next.pop(key)
        return await self._look(key)

    async def _look(self, key: Key) -> Seen:
        me = asyncio.current_task()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._see, *key)
        finally:
            if self._going.get(key) is me and key not in self._next:
                del self._going[key]

    def _see(self, folder: Path, pins: tuple[Path, ...]) -> Seen:
        self._make(folder, pins)
        return scratch.survey(folder), scratch.free_bytes(folder)
