"""What one step leaves in its `/tmp`: watched while it runs, so that it stays within bounds, and named when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from tocsin.engine.contracts import Blobs
from tocsin.integrations.capture import Capture
from tocsin.integrations.scratch import Found, Survey, bound_bytes, find_written, read_file, survey
from tocsin.timeline.events import LeftFile

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LOOK_EVERY_S = 1.0
LOOK_RARELY = 20
"""A look that takes long is followed by so many times its duration of none."""

MOST_NAMED = 20
MOST_KEPT_BYTES = 4 * 2**20
"""Of one file as evidence; a longer one only stays where it is."""
MOST_KEPT = 8
MOST_PATH = 300


class Leftovers:
    """What a step leaves in `folder` (null: nothing stays)."""

    def __init__(self, folder: Path | None, threads: Executor) -> None:
        self._folder, self._threads = folder, threads
        self._before = Survey()
        self._most = 0

    async def begin(self) -> None:
        """See what lies there before the step."""
        self._before = await self._survey()
        self._most = await self._run(_bound, self._folder)

    @property
    def any_before(self) -> bool:
        """Whether there was anything: then a read may answer something else here than elsewhere."""
        return bool(self._before.files)

    async def watch(self) -> str:
        """Return once the step has left too much, with the sentence that says so."""
        loop = asyncio.get_running_loop()
        pause = LOOK_EVERY_S
        while True:
            await asyncio.sleep(pause)
            start = loop.time()
            now = await self._survey()
            pause = max(LOOK_EVERY_S, LOOK_RARELY * (loop.time() - start))
            if now.taken > max(self._most, self._before.taken) or (self._before.whole and not now.whole):
                return (
                    f"It was stopped: its incident's steps may leave {max(self._most, 2**20) // 2**20} MiB and some "
                    "thousand files in /tmp. Write to the target's directory, or take away what is not needed."
                )

    async def name(self, blobs: Blobs) -> tuple[tuple[LeftFile, ...], int]:
        """The files that the step has left, the largest first, and how many more than are named."""
        written = find_written(self._before, await self._survey())
        named = [await self._keep(each, blobs, at) for at, each in enumerate(written[:MOST_NAMED])]
        return tuple(named), len(written) - len(named)

    async def _keep(self, found: Found, blobs: Blobs, at: int) -> LeftFile:
        path = found.path.encode(errors="replace").decode()[:MOST_PATH]
        if self._folder is None or at >= MOST_KEPT or not 0 < found.size <= MOST_KEPT_BYTES:
            return LeftFile(path=path, size=found.size)
        text = await self._run(_read_text, self._folder, found.path)
        return LeftFile(path=path, size=found.size, digest=await blobs.put(text) if text else "")

    async def _survey(self) -> Survey:
        return await self._run(survey, self._folder) if self._folder is not None else Survey()

    async def _run(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)


def _bound(folder: Path | None) -> int:
    return bound_bytes(folder) if folder is not None else 0


def _read_text(folder: Path, path: str) -> bytes:
    """A file as evidence, without secrets; empty if it is no text, in which nobody could find them."""
    content = read_file(folder, path, MOST_KEPT_BYTES)
    if b"\0" in content:
        return b""
    kept = Capture()
    kept.add(content)
    return kept.spell()
