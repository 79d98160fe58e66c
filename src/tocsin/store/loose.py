"""Blobs that nothing names any more: noted as loose, and taken away a day later if nothing has named them since.

A blob is kept before the entry that names it is written, and the same content is one blob for all. So whoever keeps it
again, or says that it is still in use, takes it off the list; and what is on the list for a day is looked for once more
in the record before it goes. A name is any 64 hex digits in an entry, so that an entry that only a newer version can
read keeps its blobs too. A backup that is being made has all that it names for that day.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, delete, func, select, text

from tocsin.store import schema
from tocsin.store.postgres_blobs import lock_blob
from tocsin.store.sqlite import SqliteStore
from tocsin.timeline.codec import stamp

if TYPE_CHECKING:  # its driver takes long to load, and most servers have a file
    from tocsin.store.postgres import PostgresStore

GRACE = timedelta(days=1)
MOST_BLOBS = 50_000
"""Names that are looked for at once: the record is read once for each so many."""
MOST_ENTRIES = 1000
"""That are read before others have a turn."""
MOST_AT_ONCE = 50
NAME = re.compile(rb"[0-9a-f]{64}")
LIST = text("INSERT INTO loose (digest, since) VALUES (:digest, :since) ON CONFLICT DO NOTHING")
"""Another node, whose look comes at the same time, may have noted it."""


class Kept(Protocol):
    """Where blobs are."""

    async def list_some(self, after: str, limit: int) -> list[str]:
        """The next names behind `after`, in their order."""
        ...

    async def drop(self, digests: Collection[str], before: datetime) -> int:
        """Take blobs away that nobody has kept again since; how many those were."""
        ...


class Loose:
    """Finds such blobs and takes them away."""

    def __init__(self, store: SqliteStore | PostgresStore, blobs: Kept) -> None:
        self._store, self._blobs = store, blobs

    async def sweep(self, now: datetime) -> int:
        """One look at every blob; how many were taken away."""
        gone, after = 0, ""
        while lot := await self._blobs.list_some(after, MOST_BLOBS):
            after = lot[-1]
            unnamed, seen = await self._find_unnamed(lot)
            await self._store.in_transaction(partial(_note, lot=lot, unnamed=unnamed, now=now))
            for some in split(sorted(unnamed), MOST_AT_ONCE):
                gone += await self._take(some, seen, now - GRACE)
        return gone

    async def _find_unnamed(self, lot: Iterable[str]) -> tuple[set[str], int]:
        """Those of the blobs that no entry names, and the position up to which entries were read."""
        left, seen = {digest.encode() for digest in lot}, 0
        while left:
            begun = time.monotonic()
            found, upto = await self._store.look_aside(partial(_read_names, after=seen, limit=MOST_ENTRIES))
            if upto == seen:
                break
            left, seen = left - found, upto
            await asyncio.sleep(time.monotonic() - begun)
        return {digest.decode() for digest in left}, seen

    async def _take(self, digests: list[str], seen: int, before: datetime) -> int:
        ripe = await self._store.in_transaction(lambda c: _take_off(c, digests, seen, before))
        return await self._blobs.drop(ripe, before) if ripe else 0


def split(found: list[str], most: int) -> list[list[str]]:
    """Parts of a list, in order."""
    return [found[at : at + most] for at in range(0, len(found), most)]


def _read_names(connection: Connection, after: int, limit: int) -> tuple[set[bytes], int]:
    """All names in the entries behind a position, and the last position."""
    e = schema.entry
    rows = connection.execute(select(e.c.pos, e.c.body).where(e.c.pos > after).order_by(e.c.pos).limit(limit)).all()
    return {name for row in rows for name in NAME.findall(_spell(row.body))}, rows[-1].pos if rows else after


def _spell(body: Any) -> bytes:
    """An entry's bytes, whatever somebody made of them."""
    return body if isinstance(body, bytes) else str(body).encode(errors="replace")


def _note(connection: Connection, lot: list[str], unnamed: Collection[str], now: datetime) -> None:
    """The list of what is loose, brought up to date for the names of a lot.

    What another node has taken away since the lot was read is not noted: it would stay on the list, and whoever kept it
    again would have no day.
    """
    t = schema.loose
    known = select(t.c.digest).where(t.c.digest >= lot[0], t.c.digest <= lot[-1])
    listed = set(connection.execute(known).scalars())
    for some in split(sorted(listed - set(unnamed)), MOST_AT_ONCE):
        connection.execute(delete(t).where(t.c.digest.in_(some)))
    there = _list_there(connection, lot) if connection.dialect.name == "postgresql" else lot
    fresh = [{"digest": digest, "since": stamp(now)} for digest in sorted(set(unnamed).intersection(there) - listed)]
    if fresh:
        connection.execute(LIST, fresh)


def _list_there(connection: Connection, lot: list[str]) -> list[str]:
    """Those of a lot that the database still has; with a file of its own, a server has its blobs elsewhere."""
    t = schema.blob
    query = select(t.c.digest).where(t.c.part == 0, t.c.digest >= lot[0], t.c.digest <= lot[-1])
    return list(connection.execute(query).scalars())


def _take_off(connection: Connection, digests: list[str], seen: int, before: datetime) -> list[str]:
    """Those that have been loose since `before`, and that nothing has named meanwhile: they are off the list, and what
    the database holds of them is gone.
    """
    t, e = schema.loose, schema.entry
    for digest in digests if connection.dialect.name == "postgresql" else ():
        lock_blob(connection, digest)
    ripe = set(
        connection.execute(select(t.c.digest).where(t.c.digest.in_(digests), t.c.since <= stamp(before))).scalars()
    )
    if not ripe:
        return []
    newest = connection.execute(select(func.max(e.c.pos))).scalar() or 0
    named, _ = _read_names(connection, seen, max(1, newest - seen))
    gone = sorted(digest for digest in ripe if digest.encode() not in named)
    connection.execute(delete(t).where(t.c.digest.in_(sorted(ripe))))
    connection.execute(delete(schema.blob).where(schema.blob.c.digest.in_(gone)))
    return gone
