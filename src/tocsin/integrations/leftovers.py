"""What one step leaves in its `/tmp`: watched while it runs, so that it stays within bounds, and named when it ends."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from tocsin.engine.contracts import Blobs
from tocsin.engine.originals import NoOriginals, Originals
from tocsin.errors import NotBegun
from tocsin.integrations import scratch
from tocsin.integrations.capture import REDACTED, Capture
from tocsin.integrations.looks import Seen
from tocsin.integrations.scratch import (
    Found,
    Survey,
    bound_bytes,
    find_places,
    find_written,
    read_file,
    survey,
)
from tocsin.integrations.unlinked import count_unlinked
from tocsin.timeline.events import LeftFile
from tocsin.timeline.redact import plain, redact

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LOOK_EVERY_S = 1.0
LOOK_RARELY = 20
"""A look that takes long is followed by so many times its duration of none."""

LEAST_FREE_BYTES = 64 * 2**20
"""What a step leaves of the disk that holds the server's own record."""
LEAST_FREE_FILES = 20_000
"""The same of files: a disk that can have no more of them is as full as one without room."""
WAY_OUT = "Write to the target's directory, or take away what is not needed."

MOST_NAMED = 20
MOST_KEPT_BYTES = 4 * 2**20
"""Of one file as evidence; a longer one only stays where it is."""
MOST_KEPT = 8
MOST_PATH = 300


class Leftovers:
    """What a step leaves in `folder` (null: nothing stays); `look` is how that is seen, after the moment of asking."""

    def __init__(
        self,
        folder: Path | None,
        look: Callable[[], Awaitable[Seen]],
        threads: Executor,
        originals: Originals | None = None,
    ) -> None:
        self._folder, self._look, self._threads = folder, look, threads
        self._originals: Originals = originals or NoOriginals()
        self._before = Survey()
        self._free = 0

    async def begin(self) -> None:
        """See what lies there before the step. Raises `NotBegun` where not all of it can be counted."""
        if self._folder is None:
            return
        self._before, self._free = await self._look()
        if self._before.beyond:
            raise NotBegun(
                f"Nothing was run: earlier steps have left {self._before.beyond} in /tmp, where no bound would hold "
                "any more. Take away what is not needed, or all, on the server's machine: "
                f"`rm -rf {shlex.quote(str(self._folder))}`. Then approve it again."
            )

    @property
    def any_before(self) -> bool:
        """Whether there was anything: then a read may answer something else here than elsewhere."""
        return bool(self._before.files)

    async def watch(self) -> str:
        """Return once the step has left too much, with the sentence that says so."""
        loop = asyncio.get_running_loop()
        pause = LOOK_EVERY_S
        files = scratch.free_files(self._folder) if self._folder is not None else 0
        while True:
            await asyncio.sleep(pause)
            start = loop.time()
            why = await self._run(self._find_excess, self._folder, files) if self._folder is not None else ""
            if why:
                return f"It was stopped: {why}"
            pause = max(LOOK_EVERY_S, LOOK_RARELY * (loop.time() - start))

    def _find_excess(self, folder: Path, files: int) -> str:
        """What a step has too much of now. The disk may fill for other reasons than its `/tmp`: only its last is kept
        from the step. At its beginning that could have so many `files` more.
        """
        now, most = survey(folder), bound_bytes(self._free)
        if now.beyond:
            return f"it has left {now.beyond} in /tmp. {WAY_OUT}"
        if now.taken + count_unlinked(find_places(folder)) > max(most, self._before.taken):
            return f"its incident's steps may leave {max(most, 2**20) // 2**20} MiB in /tmp. {WAY_OUT}"
        free = scratch.free_bytes(folder)
        if free < LEAST_FREE_BYTES and self._free - free > most:
            return f"the disk had {self._free // 2**20} MiB free and has {free // 2**20} MiB left. Make room first."
        left = scratch.free_files(folder)
        if left < LEAST_FREE_FILES and files - left > files // 2:
            return f"the disk could have {files} files more and can have {left} now. Make room first."
        return ""

    async def name(self, blobs: Blobs) -> tuple[tuple[LeftFile, ...], int]:
        """The files that the step has left, the largest first, and how many more than are named."""
        written = find_written(self._before, await self._survey())
        named = [await self._keep(each, blobs, at) for at, each in enumerate(written[:MOST_NAMED])]
        return tuple(named), len(written) - len(named)

    async def _keep(self, found: Found, blobs: Blobs, at: int) -> LeftFile:
        path = redact(plain(found.path.encode(errors="replace").decode()))[:MOST_PATH]
        if self._folder is None or at >= MOST_KEPT or not 0 < found.size <= MOST_KEPT_BYTES:
            return LeftFile(path=path, size=found.size)
        content = await self._run(_read_content, self._folder, found.path)
        text = await self._run(_spell, content)
        sealed = await self._originals.keep(content) if REDACTED in text else ""
        return LeftFile(path=path, size=found.size, digest=await blobs.put(text) if text else "", sealed=sealed)

    async def _survey(self) -> Survey:
        return (await self._look())[0] if self._folder is not None else Survey()

    async def _run(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)


def _read_content(folder: Path, path: str) -> bytes:
    """A file's bytes; none if it is no text, in which nobody could find secrets."""
    content = read_file(folder, path, MOST_KEPT_BYTES)
    return b"" if b"\0" in content else content


def _spell(content: bytes) -> bytes:
    """A file as evidence, without secrets."""
    kept = Capture()
    kept.add(content)
    return kept.spell()
