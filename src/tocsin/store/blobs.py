"""Blobs as files beside the database, named by their SHA-256, written and synced before any event names them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from tocsin.errors import Corrupt, NotFound
from tocsin.store.folder import make_folder, sync_folder

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class FileBlobs:
    """Content-addressed files in `directory`."""

    def __init__(self, directory: Path, reach: Callable[[str], None]) -> None:
        self._directory, self._reach = directory, reach
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="tocsin-blob")
        make_folder(directory)

    async def _run(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call it in a thread of the blobs' own: whatever else hangs, evidence is kept and shown."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)

    async def put(self, content: bytes) -> str:
        """Keep `content`; its name. The same content twice is one file, and made whole if somebody has changed it."""
        return await self._run(self._put, content)

    def _put(self, content: bytes) -> str:
        digest = _name(content)
        path = self._path(digest)
        if find_fault(self._directory, digest) is None:
            return digest
        self._reach("blob.before_write")
        make_folder(path.parent)
        draft = path.with_name(f"{digest}.{secrets.token_hex(4)}")
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
        self._reach("blob.after_write")
        return digest

    async def get(self, digest: str) -> bytes:
        """The content named `digest`. Raises `NotFound`, also for what is no digest at all, and `Corrupt`."""
        if not is_digest(digest):
            raise NotFound("That is no name of evidence: it has 64 hex digits.")
        try:
            content = await self._run(self._path(digest).read_bytes)
        except FileNotFoundError:
            raise NotFound(f"There is no evidence {digest[:12]} here.") from None
        if await self._run(_name, content) != digest:
            raise Corrupt(f"Evidence {digest[:12]} is not what was kept; it is not shown. `tocsin verify` says more.")
        return content

    def _path(self, digest: str) -> Path:
        return find_file(self._directory, digest)


def is_digest(text: str) -> bool:
    """Whether a text can name a blob."""
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)


def find_file(directory: Path, digest: str) -> Path:
    """Where a blob lies."""
    return directory / digest[:2] / digest


def find_fault(directory: Path, digest: str) -> str | None:
    """What is wrong with a blob: `missing` or `changed`, null for nothing."""
    try:
        content = find_file(directory, digest).read_bytes()
    except OSError:
        return "missing"
    return None if _name(content) == digest else "changed"


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
