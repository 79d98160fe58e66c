"""The embedded store: one SQLite file, one writer thread, WAL, a full sync at each commit.

Whatever `write` returned from is on disk. Readers have a thread of their own and never wait for the writer. The file
belongs to one server at a time (`lock.py`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Append, Errand, Write
from tocsin.errors import Stale
from tocsin.store import schema
from tocsin.store.heads import HeadLog
from tocsin.store.migrate import prepare
from tocsin.store.reading import Reading, choose
from tocsin.store.rows import (
    alert_row,
    card_row,
    errand_rows,
    read_errand,
    sealed_row,
)
from tocsin.store.start import check_start
from tocsin.store.trouble import explained
from tocsin.timeline.codec import stamp

T = TypeVar("T")


def open_engine(path: Path, *, read_only: bool = False) -> Engine:
    """A SQLAlchemy engine on the file, with the settings that durability needs."""
    options = {"uri": "true", **({"mode": "ro"} if read_only else {})}
    engine = create_engine(URL.create("sqlite", database=f"file:{quote(str(path))}", query=options))

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "wal_autocheckpoint=4000"):
            if not (read_only and pragma.startswith("journal_mode")):
                connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


class SqliteStore(Reading):
    """The store on one SQLite file."""

    def __init__(self, path: Path, key: bytes, mark: Path) -> None:
        """Open the file, or make it. Raises `Corrupt` if it is damaged, or does not fit its key and its mark."""
        self.path = path
        self._engine = open_engine(path)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="tocsin-write")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="tocsin-read")
        try:
            with explained(path), self._engine.begin() as connection:
                prepare(connection, str(path))
                check_start(connection, key, path, mark)
                self._heads = HeadLog(key, mark, connection)
        except BaseException:
            self._engine.dispose()
            raise
        self._read_engine = open_engine(path, read_only=True)

    def close(self) -> None:
        """Finish what is being written and let the file go."""
        self._writer.shutdown()
        self._reader.shutdown()
        self._heads.close()
        self._engine.dispose()
        self._read_engine.dispose()

    async def in_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction on the writer's thread; durable when it returns."""

        def run() -> T:
            with self._engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work`, which changes nothing, on the reader's thread."""

        def run() -> T:
            with self._read_engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._reader, run)

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, write: Write) -> None:
        """One transaction; raises `Stale` if a stream or counter has moved on."""

        def work(connection: Connection) -> None:
            for name, value in write.counters.items():
                _count_up(connection, name, value)
            for append in write.appends:
                _append(connection, append)
                if append.entries:
                    self._heads.add(connection, append.entries[-1])
            if write.alerts:
                _put_alerts(connection, write.alerts)

        def run() -> None:
            try:
                with self._engine.begin() as connection:
                    work(connection)
            except BaseException:
                self._heads.forget()
                raise
            self._heads.set_mark()

        await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        """Errands that are due, marked as handed out."""
        t = schema.errand
        due = (
            select(t)
            .where(t.c.claimed.is_(False), t.c.due_at <= stamp(now), t.c.destination.not_in(full))
            .order_by(t.c.id)
            .limit(4 * limit)
        )
        chosen = choose(await self.read(lambda c: c.execute(due).all()), limit, places)
        if not chosen:
            return []
        ids = [row.id for row in chosen]
        mark = update(t).where(t.c.id.in_(ids)).values(claimed=True)
        await self.in_transaction(lambda c: c.execute(mark))
        return [read_errand(row) for row in chosen]

    async def release(self, errand: int, due_at: datetime) -> None:
        """Take one errand back."""
        t = schema.errand
        changes = {"claimed": False, "attempts": t.c.attempts + 1, "due_at": stamp(due_at)}
        back = update(t).where(t.c.id == errand).values(**changes)
        await self.in_transaction(lambda c: c.execute(back))

    async def release_claims(self) -> int:
        """Take back everything that is handed out; for the start of a server, when nobody holds anything."""
        t = schema.errand
        back = update(t).where(t.c.claimed.is_(True)).values(claimed=False, attempts=t.c.attempts + 1)
        return await self.in_transaction(lambda c: c.execute(back).rowcount)

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Streams whose wake has come."""
        t = schema.wake
        query = select(t.c.stream).where(t.c.due_at <= stamp(now)).order_by(t.c.due_at).limit(limit)
        return list(await self.read(lambda c: c.execute(query).scalars().all()))


def _count_up(connection: Connection, name: str, value: int) -> None:
    t = schema.counter
    if value == 1:
        done = connection.execute(upsert(t).values(name=name, value=1).on_conflict_do_nothing())
    else:
        done = connection.execute(update(t).where(t.c.name == name, t.c.value == value - 1).values(value=value))
    if done.rowcount != 1:
        raise Stale(f"The counter {name} has moved on.")


def _append(connection: Connection, append: Append) -> None:
    _expect(connection, append)
    if append.entries:
        connection.execute(insert(schema.entry), [sealed_row(each) for each in append.entries])
    _set_wake(connection, append)
    errand = schema.errand
    if append.closes:
        gone = delete(errand).where(errand.c.stream == append.stream, errand.c.seq.in_(append.closes))
        connection.execute(gone)
    if append.errands:
        connection.execute(insert(errand), errand_rows(append))
    if append.release:
        now = append.entries[-1].recorded_at
        held = update(errand).where(errand.c.stream == append.stream, errand.c.due_at > now)
        connection.execute(held.values(due_at=now))
    if append.card is not None:
        _put(connection, schema.card, card_row(append.card), ("id",))


def _expect(connection: Connection, append: Append) -> None:
    t = schema.entry
    last = connection.execute(select(func.max(t.c.seq)).where(t.c.stream == append.stream)).scalar() or 0
    if last != append.expected_seq:
        raise Stale(f"{append.stream} has moved on to entry {last}.")


def _set_wake(connection: Connection, append: Append) -> None:
    if append.wake is None:
        connection.execute(delete(schema.wake).where(schema.wake.c.stream == append.stream))
    else:
        _put(connection, schema.wake, {"stream": append.stream, "due_at": stamp(append.wake)}, ("stream",))


def _put(connection: Connection, table: Any, row: dict[str, Any], key: tuple[str, ...]) -> None:
    values = {name: value for name, value in row.items() if name not in key}
    connection.execute(upsert(table).values(**row).on_conflict_do_update(index_elements=key, set_=values))


def _put_alerts(connection: Connection, alerts: Sequence[AlertRow]) -> None:
    for row in alerts:
        _put(connection, schema.alert, alert_row(row), ("team", "fingerprint"))
