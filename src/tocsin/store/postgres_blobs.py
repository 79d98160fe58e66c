"""Blobs in PostgreSQL: named by their SHA-256, cut into parts, committed before any event names them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, text

from tocsin.errors import Corrupt, NotFound
from tocsin.store import schema
from tocsin.store.blobs import is_digest

if TYPE_CHECKING:  # its driver takes long to load, and a server with a file of its own has `lock_blob` from here too
    from tocsin.store.postgres import PostgresStore

PART = 2**20
"""Bytes of one row: a long output passes through no statement as a whole."""


class PostgresBlobs:
    """Content-addressed rows that every node sees."""

    def __init__(self, store: PostgresStore, reach: Callable[[str], None]) -> None:
        self._store, self._reach = store, reach

    async def put(self, content: bytes) -> str:
        """Keep `content`; its name. What is there already is left, and made whole if somebody has changed it.

        Another node may take away what is loose between two looks, but not for a day what is not: so that comes first.
        """
        digest = hashlib.sha256(content).hexdigest()
        is_loose, fault = await self._store.read(lambda c: (_is_loose(c, digest), find_fault(c, digest)))
        if fault is None and (not is_loose or await self._store.in_transaction(lambda c: _hold(c, digest))):
            return digest
        self._reach("blob.before_write")
        await self._store.in_transaction(lambda c: _put(c, digest, content))
        self._reach("blob.after_write")
        return digest

    async def hold(self, digests: Collection[str]) -> None:
        """Say that blobs are in use, although no entry may name them."""
        for digest in digests:
            await self._store.in_transaction(partial(_hold, digest=digest))

    async def list_some(self, after: str, limit: int) -> list[str]:
        """The next names behind `after`, in their order."""
        t = schema.blob
        query = select(t.c.digest).where(t.c.digest > after, t.c.part == 0).order_by(t.c.digest).limit(limit)
        return list(await self._store.read(lambda c: c.execute(query).scalars().all()))

    async def drop(self, digests: Collection[str], before: datetime) -> int:
        """They have gone with their place in the list of what is loose, in one transaction (`loose.py`)."""
        return len(digests)

    async def drop_drafts(self, before: datetime) -> int:
        """There are none: a blob is there as a whole or not at all."""
        return 0

    async def get(self, digest: str) -> bytes:
        """The content named `digest`. Raises `NotFound`, also for what is no digest at all, and `Corrupt`."""
        if not is_digest(digest):
            raise NotFound("That is no name of evidence: it has 64 hex digits.")
        content = await self._store.read(lambda c: _get(c, digest))
        if content is None:
            raise NotFound(f"There is no evidence {digest[:12]} here.")
        if hashlib.sha256(content).hexdigest() != digest:
            raise Corrupt(f"Evidence {digest[:12]} is not what was kept; it is not shown. `tocsin verify` says more.")
        return content


def lock_blob(connection: Connection, digest: str) -> None:
    """Keep others from keeping or taking away a blob until the commit."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": digest})


def _is_loose(connection: Connection, digest: str) -> bool:
    t = schema.loose
    return connection.execute(select(t.c.since).where(t.c.digest == digest)).first() is not None


def _hold(connection: Connection, digest: str) -> bool:
    """Take a blob off the list of what is loose; whether it is there still."""
    lock_blob(connection, digest)
    connection.execute(delete(schema.loose).where(schema.loose.c.digest == digest))
    return find_fault(connection, digest) is None


def _put(connection: Connection, digest: str, content: bytes) -> None:
    """Keep a blob; a note from before that it is loose is none about this one."""
    lock_blob(connection, digest)
    connection.execute(delete(schema.loose).where(schema.loose.c.digest == digest))
    connection.execute(delete(schema.blob).where(schema.blob.c.digest == digest))
    for part, at in enumerate(range(0, max(len(content), 1), PART)):
        row = {"digest": digest, "part": part, "content": content[at : at + PART]}
        connection.execute(insert(schema.blob).values(**row))


def _get(connection: Connection, digest: str) -> bytes | None:
    t = schema.blob
    parts = connection.execute(select(t.c.content).where(t.c.digest == digest).order_by(t.c.part)).scalars().all()
    return b"".join(parts) if parts else None


def find_fault(connection: Connection, digest: str) -> str | None:
    """What is wrong with a blob: `missing` or `changed`, null for nothing."""
    content = _get(connection, digest)
    if content is None:
        return "missing"
    return None if hashlib.sha256(content).hexdigest() == digest else "changed"
