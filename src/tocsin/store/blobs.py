"""Blobs as files beside the database, named by their SHA-256, written and synced before any event names them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
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
        self._dropping = threading.Lock()
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
        if self._touch(digest) and find_fault(self._directory, digest) is None:
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

    def _touch(self, digest: str) -> bool:
        """Have a blob look new, so that it is not taken away for a while; false if there is none."""
        with self._dropping:
            try:
                os.utime(self._path(digest))
            except FileNotFoundError:
                return False
        return True

    async def hold(self, digests: Collection[str]) -> None:
        """Say that blobs are in use, although no entry may name them."""
        for digest in digests:
            await self._run(self._touch, digest)

    async def list_some(self, after: str, limit: int) -> list[str]:
        """The next names behind `after`, in their order."""
        return await self._run(self._list_some, after, limit)

    def _list_some(self, after: str, limit: int) -> list[str]:
        found: list[str] = []
        for folder in sorted(path for path in self._directory.glob("??") if path.name >= after[:2]):
            found += sorted(path.name for path in folder.iterdir() if is_digest(path.name) and path.name > after)
            if len(found) >= limit:
                break
        return found[:limit]

    async def drop(self, digests: Collection[str], before: datetime) -> int:
        """Take blobs away that were not kept again since; how many those were."""
        return sum([await self._run(self._drop, find_file(self._directory, digest), before) for digest in digests])

    async def drop_drafts(self, before: datetime) -> int:
        """Take away what a crash has left half-written."""
        return await self._run(self._drop_drafts, before)

    def _drop_drafts(self, before: datetime) -> int:
        return sum(self._drop(path, before) for path in self._directory.glob("??/*.*"))

    def _drop(self, path: Path, before: datetime) -> bool:
        with self._dropping:
            try:
                if path.stat().st_mtime >= before.timestamp():
                    return False
                self._reach("blob.before_removal")
                path.unlink()
            except FileNotFoundError:
                return False
        self._reach("blob.after_removal")
        return True

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
