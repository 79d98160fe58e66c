"""The embedded store: one SQLite file, one writer thread, WAL, a full sync at each commit.

Whatever `write` returned from is on disk. Readers have a thread of their own and never wait for the writer. The file
belongs to one server at a time (`lock.py`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Append, Card, Errand, Write
from tocsin.errors import Corrupt, Stale
from tocsin.store import schema
from tocsin.store.heads import HeadLog
from tocsin.store.rows import (
    ENDED,
    alert_row,
    card_row,
    errand_rows,
    mend_sealed,
    read_alert,
    read_card,
    read_errand,
    sealed_row,
)
from tocsin.store.start import check_start
from tocsin.store.trouble import explained
from tocsin.timeline.codec import stamp, unstamp
from tocsin.timeline.entry import Sealed

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


class SqliteStore:
    """The store on one SQLite file."""

    def __init__(self, path: Path, key: bytes, mark: Path) -> None:
        """Open the file, or make it. Raises `Corrupt` if it is damaged, or does not fit its key and its mark."""
        self.path = path
        self._engine = open_engine(path)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="tocsin-write")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="tocsin-read")
        try:
            with explained(path), self._engine.begin() as connection:
                _prepare(connection, path)
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
        chosen = _choose(await self.read(lambda c: c.execute(due).all()), limit, places)
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

    async def release_claims(self, held: Collection[int] = ()) -> int:
        """Take back everything that is handed out, except what is `held`: at a server's start, that is nothing."""
        t = schema.errand
        back = (
            update(t).where(t.c.claimed.is_(True), t.c.id.not_in(held)).values(claimed=False, attempts=t.c.attempts + 1)
        )
        return await self.in_transaction(lambda c: c.execute(back).rowcount)

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def load(self, stream: str, after_seq: int = 0) -> list[Sealed]:
        """A stream's entries after `after_seq`."""
        t = schema.entry
        query = select(t).where(t.c.stream == stream, t.c.seq > after_seq).order_by(t.c.seq)
        return [mend_sealed(row) for row in await self.read(lambda c: c.execute(query).all())]

    async def count(self, counter: str) -> int:
        """A counter's value; 0 before its first use."""
        query = select(schema.counter.c.value).where(schema.counter.c.name == counter)
        return await self.read(lambda c: c.execute(query).scalar()) or 0

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Streams whose wake has come."""
        t = schema.wake
        query = select(t.c.stream).where(t.c.due_at <= stamp(now)).order_by(t.c.due_at).limit(limit)
        return list(await self.read(lambda c: c.execute(query).scalars().all()))

    async def newest(self) -> datetime | None:
        """When the last entry was recorded."""
        t = schema.entry
        text = await self.read(lambda c: c.execute(select(t.c.recorded_at).order_by(t.c.pos.desc()).limit(1)).scalar())
        return None if text is None else unstamp(text)

    async def next_due(self) -> datetime | None:
        """The earliest wake or errand."""
        wake = select(func.min(schema.wake.c.due_at))
        errand = select(func.min(schema.errand.c.due_at)).where(schema.errand.c.claimed.is_(False))
        found = await self.read(lambda c: [c.execute(query).scalar() for query in (wake, errand)])
        times = [unstamp(text) for text in found if text is not None]
        return min(times, default=None)

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None:
        """One alert."""
        t = schema.alert
        query = select(t).where(t.c.team == team, t.c.fingerprint == fingerprint)
        row = await self.read(lambda c: c.execute(query).first())
        return None if row is None else read_alert(row)

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]:
        """Alerts, by team, by whether they fire, and by the incident that they belong to."""
        t = schema.alert
        query = select(t).order_by(t.c.starts_at, t.c.fingerprint)
        query = query if team is None else query.where(t.c.team == team)
        query = query if firing is None else query.where(t.c.firing.is_(firing))
        query = query if incident is None else query.where(t.c.incident == incident)
        return [read_alert(row) for row in await self.read(lambda c: c.execute(query).all())]

    async def cards(self, *, team: str | None = None, open_only: bool = False) -> list[Card]:
        """Incidents, the newest first."""
        t = schema.card
        query = select(t).order_by(t.c.opened_at.desc(), t.c.id.desc())
        query = query if team is None else query.where(t.c.team == team)
        query = query.where(t.c.status.not_in(ENDED)) if open_only else query
        return [read_card(row) for row in await self.read(lambda c: c.execute(query).all())]


def _prepare(connection: Connection, path: Path) -> None:
    schema.METADATA.create_all(connection)
    found = connection.execute(select(schema.meta.c.value).where(schema.meta.c.name == "schema")).scalar()
    if found is None:
        connection.execute(insert(schema.meta).values(name="schema", value=str(schema.VERSION)))
    elif found != str(schema.VERSION):
        raise Corrupt(
            f"{path} has schema {found}, and this version of tocsin knows schema {schema.VERSION}. "
            "Start the version that wrote it, or give another --data."
        )


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


def _choose(rows: Sequence[Any], limit: int, places: Callable[[str], int]) -> list[Any]:
    """The first rows that find a place at their destination."""
    taken: Counter[str] = Counter()
    chosen: list[Any] = []
    for row in rows:
        if len(chosen) < limit and taken[row.destination] < places(row.destination):
            taken[row.destination] += 1
            chosen.append(row)
    return chosen
