"""The embedded store: one SQLite file, one writer thread (`writer.py`), WAL, a full sync at each commit.

Whatever `write` returned from is on disk. Readers have a thread of their own and never wait for the writer. The file
belongs to one server at a time (`lock.py`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, select, tuple_, update
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from tocsin.alert.held import Held
from tocsin.engine.contracts import Errand, Joining, Write
from tocsin.store import schema
from tocsin.store.ends import Ends
from tocsin.store.heads import HeadLog
from tocsin.store.migrate import prepare
from tocsin.store.reading import Reading, choose
from tocsin.store.rows import (
    HELD,
    read_errand,
    read_held,
)
from tocsin.store.start import check_record, explain, keep_in_file
from tocsin.store.tables import Tables
from tocsin.store.trouble import explained
from tocsin.store.writer import BEGIN, Writer, find_driver
from tocsin.timeline.codec import stamp, unstamp

T = TypeVar("T")

DUE = "SELECT stream FROM wake WHERE due_at <= ? ORDER BY due_at LIMIT ?"
COMING = "SELECT due_at, stream FROM wake WHERE due_at > ? AND due_at <= ? ORDER BY due_at LIMIT ?"
CLAIMABLE = """
    SELECT id, stream, seq, destination, due_at, attempts FROM errand WHERE claimed = 0 AND due_at <= ?
"""
CLAIM = "UPDATE errand SET claimed = 1 WHERE id = ?"
ANY_ERRAND = "SELECT 1 FROM errand WHERE claimed = 0 AND due_at <= ?"

PRAGMAS: tuple[str, ...] = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "wal_autocheckpoint=4000")
"""What durability needs of each connection."""


class _Sqlite(SQLiteDialect_pysqlite):
    """SQLite as all our files speak it: what was put in words for one of them holds for every other."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is _Sqlite

    def __hash__(self) -> int:
        return hash(_Sqlite)


registry.register("sqlite.tocsin", __name__, _Sqlite.__name__)
_WORDED: LRUCache[Any, Any] = LRUCache(500)
"""Statements that were put in words, for the engines of this process: that takes longer than most answers."""


def open_engine(path: Path, *, read_only: bool = False) -> Engine:
    """A SQLAlchemy engine on the file, with the settings that durability needs."""
    options = {"uri": "true", **({"mode": "ro"} if read_only else {})}
    url = URL.create("sqlite+tocsin", database=f"file:{quote(str(path))}", query=options)
    engine = create_engine(url, execution_options={"compiled_cache": _WORDED})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            if not (read_only and pragma.startswith("journal_mode")):
                connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver = find_driver(connection)
        if not driver.in_transaction:  # the writer begins by itself
            driver.execute("BEGIN" if read_only else BEGIN)

    return engine


class SqliteStore(Reading):
    """The store on one SQLite file."""

    def __init__(self, path: Path, key: bytes, mark: Path, patience_s: float = 0.0) -> None:
        """Open the file, or make it. Raises `Corrupt` if it is damaged, or does not fit its key and its mark."""
        self.path = path
        self._engine = open_engine(path)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="tocsin-read")
        try:
            with explained(path), self._engine.begin() as connection:
                prepare(connection, str(path))
                many = check_record(connection, key, mark, keep_in_file(path))
                self._heads = HeadLog(key, mark, find_driver(connection))
        except BaseException:
            self._engine.dispose()
            raise
        self._tables = Tables(self._heads)
        self._writer = Writer(self._engine, self._tables, patience_s)
        self._read_engine = open_engine(path, read_only=True)
        self._reading: Connection | None = None
        if many:
            self.ends = Ends(key, lambda flaw: explain(keep_in_file(path), flaw), self.look_aside)

    def close(self) -> None:
        """Finish what is being written and let the file go."""
        self._writer.close()
        with suppress(RuntimeError):  # it was closed before
            self._reader.submit(self._hang_up)
        self._reader.shutdown()
        self._heads.close()
        self._engine.dispose()
        self._read_engine.dispose()

    def _hang_up(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    async def in_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction on the writer's thread; durable when it returns."""
        done: T = await self._writer.submit(work)
        return done

    def forget_ends(self, streams: Iterable[str]) -> None:
        """Streams were taken away: whoever does so says it within their transaction, so that nobody appends to them."""
        self._tables.forget_ends(streams)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work`, which changes nothing, on the reader's thread."""

        def run() -> T:
            connection = self._take_reading()
            with connection.begin():
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._reader, run)

    async def _ask(self, question: str, *values: object) -> list[Any]:
        """The rows of a question that every turn of the engine asks: on the reader's thread, by SQLite's own call."""

        def run() -> list[Any]:
            return find_driver(self._take_reading()).execute(question, values).fetchall()

        return await asyncio.get_running_loop().run_in_executor(self._reader, run)

    def _take_reading(self) -> Connection:
        if self._reading is None:
            self._reading = self._read_engine.connect()
        return self._reading

    async def look_aside(self, work: Callable[[Connection], T]) -> T:
        """Do `work`, which changes nothing, while others read."""

        def run() -> T:
            with self._read_engine.begin() as connection:
                return work(connection)

        return await asyncio.to_thread(run)

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, write: Write) -> None:
        """One transaction; raises `Stale` if a stream or counter has moved on."""
        await self._writer.submit(write)

    def hurry(self) -> None:
        """What waits for company is written now."""
        self._writer.send()

    async def has_errands(self, now: datetime, full: Sequence[str]) -> bool:
        """Whether any errand is due and not handed out, and its destination not full."""
        asked = f"{ANY_ERRAND} AND destination NOT IN ({', '.join('?' * len(full))}) LIMIT 1"
        return bool(await self._ask(asked, stamp(now), *full))

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        """Errands that are due, marked as handed out."""
        due = f"{CLAIMABLE} AND destination NOT IN ({', '.join('?' * len(full))}) ORDER BY id LIMIT ?"

        def work(connection: Connection) -> list[Any]:
            rows = connection.exec_driver_sql(due, (stamp(now), *full, 4 * limit)).all()
            chosen = choose(rows, limit, places)
            find_driver(connection).executemany(CLAIM, [(row.id,) for row in chosen])
            return chosen

        return [read_errand(row) for row in await self.in_transaction(work)]

    async def release(self, errand: Errand, due_at: datetime) -> None:
        """Take one errand back."""
        t = schema.errand
        changes = {"claimed": False, "attempts": t.c.attempts + 1, "due_at": stamp(due_at)}
        back = update(t).where(t.c.stream == errand.stream, t.c.seq == errand.seq).values(**changes)
        await self.in_transaction(lambda c: c.execute(back))

    async def postpone(self, names: Collection[tuple[str, int]], due_at: datetime, *, claimed: bool) -> None:
        """Errands, by stream and number, that are handed out from `due_at` on."""
        t = schema.errand
        those = update(t).where(tuple_(t.c.stream, t.c.seq).in_(names), t.c.claimed.is_(claimed))
        await self.in_transaction(lambda c: c.execute(those.values(claimed=False, due_at=stamp(due_at))))

    async def release_claims(self, held: Collection[tuple[str, int]] = (), *, tried: bool = True) -> int:
        """Take back everything that is handed out, except what is `held`: at a server's start, that is nothing."""
        t = schema.errand
        back = update(t).where(t.c.claimed.is_(True), tuple_(t.c.stream, t.c.seq).not_in(held))
        changes = {"claimed": False, "attempts": t.c.attempts + int(tried)}
        return await self.in_transaction(lambda c: c.execute(back.values(**changes)).rowcount)

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Streams whose wake has come."""
        return [stream for (stream,) in await self._ask(DUE, stamp(now), limit)]

    async def coming(self, after: datetime, until: datetime, limit: int, *, take: bool) -> list[tuple[datetime, str]]:
        """Wakes that come in that stretch; there is nobody who could take them."""
        rows = await self.read(lambda c: c.exec_driver_sql(COMING, (stamp(after), stamp(until), limit)).all())
        return [(unstamp(row.due_at), row.stream) for row in rows]

    is_sole = True
    """`lock.py` sees to it."""

    async def held(self) -> tuple[list[Held], list[bytes]]:
        """All alerts as they are held in memory, and what was heard since."""

        def work(connection: Connection) -> tuple[list[Held], list[bytes]]:
            rows = connection.execute(select(*HELD))
            heard = connection.execute(select(schema.heard.c.body).order_by(schema.heard.c.n))
            return [read_held(row) for row in rows], list(heard.scalars())

        return await self.look_aside(work)

    async def joining(self) -> list[Joining]:
        """What is still to be put on timelines."""
        query = select(schema.joining).order_by(schema.joining.c.n)
        return [Joining(n=row.n, body=row.body) for row in await self.read(lambda c: c.execute(query).all())]
