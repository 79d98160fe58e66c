"""The store on PostgreSQL, which any number of nodes share; none of them leads.

What is handed out is leased to its node by the database's clock and renewed while the node lives (`keep`): whoever is
killed, stopped or cut off loses it to the others when the lease is over. A commit is announced by NOTIFY, which is a
hint and may be lost; whoever follows asks again anyway.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Executable,
    Text,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.alert.held import Held
from tocsin.engine.contracts import Errand, Joining, Write
from tocsin.engine.given_up import is_given_up
from tocsin.errors import Stale
from tocsin.store import schema
from tocsin.store.batch import CHANNEL, Sending, commit, names_of
from tocsin.store.heads import MarkFile
from tocsin.store.leases import DUE, LEASE, LEASE_S
from tocsin.store.lock import SchemaNotKnown
from tocsin.store.migrate import require_range, tell_version
from tocsin.store.reading import Reading, choose
from tocsin.store.rows import SEALED, read_errand, read_sealed
from tocsin.timeline.codec import stamp, unstamp
from tocsin.timeline.entry import Sealed

T = TypeVar("T")
LOG = logging.getLogger("tocsin.store")

RENEW_S = 2.5
LONGEST_S = 45.0
"""For anything that is asked of the database: its own limits are shorter (`nodes.py`), and the driver has been seen to
wait for ever for an answer on a connection that an immediate stop had broken.
"""
MOST_AT_ONCE = 100
"""Writes in one transaction."""
MOST_FOLLOWED = 2000
SURE_S = LEASE_S / 2
"""For so long after the last renewal nobody else can have what is leased to us."""
TROUBLE = (
    OSError,
    TimeoutError,
    SQLAlchemyError,
    AsyncAdapt_asyncpg_dbapi.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
"""What the database, or the way to it, can raise."""
WORTH_COMPARING_S = 0.5
"""An answer that took longer says too little about the clocks."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One server: `id` is its data directory's for good, `name` is what people call it."""

    id: str
    name: str
    version: str = ""


class PostgresStore(Reading):
    """The store of one node. Make it with `open_store` (`nodes.py`)."""

    def __init__(self, engine: AsyncEngine, key: bytes, mark: Path, node: Node, followed: int) -> None:
        self.node, self._engine, self._key = node, engine, key
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._mark = MarkFile(key, mark)
        self._followed = followed
        self._waiting: deque[tuple[Write, asyncio.Future[None]]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._link: Any = None
        self._held: set[int] = set()
        self._sure_until = 0.0
        self.elsewhere: Callable[[], Sequence[str]] = tuple
        self.left_alone: Callable[[], Collection[str]] = tuple
        self.carried: Callable[[], Collection[tuple[str, int]]] | None = None
        self.begun: Callable[[], Collection[tuple[str, int]]] = tuple
        self.news = asyncio.Event()
        self.offset = timedelta()

    async def close(self) -> None:
        """Finish what is being written and let the database go."""
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        self._hang_up()
        self._mark.close()
        await self._engine.dispose()

    async def in_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction; durable when it returns."""
        async with asyncio.timeout(LONGEST_S), self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work`, which changes nothing; each of its statements is a transaction by itself."""
        async with asyncio.timeout(LONGEST_S), self._single.connect() as connection:
            return await connection.run_sync(work)

    async def _change(self, statement: Executable, given: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """One statement, durable when it returns; the rows that it answers, if any."""

        def work(connection: Connection) -> Sequence[Any]:
            done = connection.execute(statement, given)
            return done.all() if done.returns_rows else ()

        return await self.read(work)

    def is_one_of(self, column: ColumnElement[str], names: Sequence[str]) -> ColumnElement[bool]:
        """One array, however many there are: the server and the driver spell and plan such a statement once."""
        return column == func.any(literal([*names], ARRAY(Text)))

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, write: Write) -> None:
        """One transaction, which it may share with others of this node; raises `Stale` if it came too late."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch, sending = self._take_batch(), Sending()
            try:
                refusals = await self._commit([write for write, _ in batch], sending)
            except BaseException as error:  # noqa: BLE001 whoever waits for it hears it
                told = _spell(error)
                if len(batch) > 1 and not sending.is_sent:
                    await self._write_apart(batch)
                    continue
                for _, done in batch:  # nothing is tried twice that may be there already: only the database knows
                    _end(done, told)
                continue
            for (_, done), refusal in zip(batch, refusals, strict=True):
                _end(done, refusal)

    def _take_batch(self) -> list[tuple[Write, asyncio.Future[None]]]:
        batch: list[tuple[Write, asyncio.Future[None]]] = []
        names: set[object] = set()
        while self._waiting and len(batch) < MOST_AT_ONCE and names.isdisjoint(names_of(self._waiting[0][0])):
            batch.append(self._waiting.popleft())
            names |= names_of(batch[-1][0])
        return batch

    async def _commit(self, writes: Sequence[Write], sending: Sending) -> list[Stale | None]:
        try:
            async with asyncio.timeout(LONGEST_S):
                if self._link is None or self._link.driver_connection.is_closed():
                    self._hang_up()
                    self._link = await self._engine.raw_connection()
                refusals, head = await commit(self._link.driver_connection, self._key, writes, self.node.id, sending)
        except BaseException:
            self._hang_up()
            raise
        if head is not None:
            self._mark.set(head)
        return refusals

    def _hang_up(self) -> None:
        """Let go of the connection that commits go through, whatever it is in the middle of."""
        link, self._link = self._link, None
        if link is not None:
            link.invalidate()

    async def _write_apart(self, batch: Sequence[tuple[Write, asyncio.Future[None]]]) -> None:
        """What failed together is tried one by one: what one of them is at fault for hits no other."""
        for write, done in batch:
            try:
                (refusal,) = await self._commit([write], Sending())
            except BaseException as own:  # noqa: BLE001 whoever waits for it hears it
                _end(done, _spell(own))
            else:
                _end(done, refusal)

    # ── what only one process could hold in memory ─────────────────────────────────────────────────────────────────

    is_sole = False
    """Other nodes change alerts too: the intake asks for each."""

    async def held(self) -> tuple[list[Held], list[bytes]]:
        """Nothing is held here."""
        return [], []

    async def joining(self) -> list[Joining]:
        """Nothing waits for its timeline: what joins is told in the commit of its row."""
        return []

    # ── work that is leased ────────────────────────────────────────────────────────────────────────────────────────

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Streams whose wake has come and that no other node is planning; they are this node's for a while."""
        named = {"me": self.node.id, "now": stamp(now), "most": limit, "left": list(self.left_alone())}
        rows = await self._change(DUE, named)
        return [row.stream for row in rows]

    async def coming(self, after: datetime, until: datetime, limit: int, *, take: bool) -> list[tuple[datetime, str]]:
        """Wakes that come in that stretch; with `take`, leased to this node as if they were due."""
        t = schema.wake
        between = and_(t.c.due_at > stamp(after), t.c.due_at <= stamp(until))
        query = select(t.c.due_at, t.c.stream).where(between).order_by(t.c.due_at).limit(limit)
        rows = await self.read(lambda c: c.execute(query).all())
        if rows and take:
            free = or_(t.c.lease.is_(None), t.c.lease < func.clock_timestamp(), t.c.holder == self.node.id)
            names = [row.stream for row in rows]
            ripe = (
                select(t.c.stream)
                .where(self.is_one_of(t.c.stream, names), between, free, t.c.stream.not_in(list(self.left_alone())))
                .with_for_update(skip_locked=True)
            )
            mine = update(t).where(t.c.stream.in_(ripe)).values(holder=self.node.id, lease=LEASE)
            taken = mine.returning(t.c.due_at, t.c.stream)
            rows = await self._change(taken)
        return sorted((unstamp(row.due_at), row.stream) for row in rows)

    def hurry(self) -> None:
        """Nothing is written with patience here."""

    async def has_errands(self, now: datetime, full: Sequence[str]) -> bool:
        """There may be: `claim` looks before it takes."""
        return True

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        """Errands that are due, leased to this node: new ones that are not `elsewhere`, and those of a lost lease; none
        that this node has `begun` itself: it would keep from others what it has let go of.
        """
        t, other = schema.errand, schema.errand.alias()
        look = select(t.c.id, t.c.destination).where(self._is_free(t, now, full)).order_by(t.c.id).limit(4 * limit)
        ids = [row.id for row in choose(await self.read(lambda c: c.execute(look).all()), limit, places)]
        if not ids:
            return []
        still = select(other.c.id).where(other.c.id.in_(ids), self._is_free(other, now, full)).order_by(other.c.id)
        mine = update(t).where(t.c.id.in_(still.with_for_update(skip_locked=True)))
        again = case((t.c.claimed, t.c.attempts + 1), else_=t.c.attempts)
        taken = mine.values(claimed=True, holder=self.node.id, lease=LEASE, attempts=again).returning(t)
        rows = await self._change(taken)
        self._held |= {row.id for row in rows}
        return [read_errand(row) for row in sorted(rows, key=lambda row: row.id)]

    def _is_free(self, t: Any, now: datetime, full: Sequence[str]) -> ColumnElement[bool]:
        new = and_(not_(t.c.claimed), t.c.due_at <= stamp(now), t.c.destination.not_in([*full, *self.elsewhere()]))
        readable = t.c.stream.not_in(list(self.left_alone()))
        lost = and_(t.c.claimed, t.c.lease < func.clock_timestamp(), t.c.destination.not_in(full))
        begun = self.is_one_of(
            func.concat(t.c.stream, ":", t.c.seq), [f"{stream}:{seq}" for stream, seq in self.begun()]
        )
        return and_(or_(new, lost), readable, not_(begun))

    async def holds(self, errand: int) -> bool:
        """Whether an errand is still leased to this node; after a long sleep another may have it."""
        if errand in self._held and time.monotonic() < self._sure_until:
            return True
        t = schema.errand
        mine = update(t).where(t.c.id == errand, t.c.claimed, t.c.holder == self.node.id)
        return len(await self._change(mine.values(lease=LEASE).returning(t.c.id))) == 1

    async def release(self, errand: Errand, due_at: datetime) -> None:
        """Give an errand back, to be handed out again from `due_at` on, to whichever node asks first."""
        t = schema.errand
        changes = {"claimed": False, "holder": None, "lease": None, "attempts": t.c.attempts + 1}
        mine = update(t).where(t.c.stream == errand.stream, t.c.seq == errand.seq, t.c.holder == self.node.id)
        await self._change(mine.values(due_at=stamp(due_at), **changes))

    async def postpone(self, names: Collection[tuple[str, int]], due_at: datetime, *, claimed: bool) -> None:
        """Errands, by stream and number, that are handed out from `due_at` on, to whichever node asks first."""
        t = schema.errand
        whose = and_(t.c.claimed, t.c.holder == self.node.id) if claimed else not_(t.c.claimed)
        those = update(t).where(tuple_(t.c.stream, t.c.seq).in_(names), whose)
        changes = {"claimed": False, "holder": None, "lease": None, "due_at": stamp(due_at)}
        await self._change(those.values(**changes))

    async def release_claims(self, held: Collection[tuple[str, int]] = (), *, tried: bool = True) -> int:
        """Give back what this node has and nobody here carries: all but `held`, which is nothing at its start."""
        t = schema.errand
        changes = {"claimed": False, "holder": None, "lease": None, "attempts": t.c.attempts + int(tried)}
        mine = update(t).where(t.c.claimed, t.c.holder == self.node.id, tuple_(t.c.stream, t.c.seq).not_in(held))
        w = schema.wake
        ahead = update(w).where(w.c.holder == self.node.id).values(holder=None, lease=None)

        def work(connection: Connection) -> int:
            connection.execute(ahead)
            return connection.execute(mine.values(**changes)).rowcount

        return await self.in_transaction(work)

    async def keep(self) -> None:
        """Renew what this node holds, again and again, until cancelled. Raises only if the node must end."""
        while True:
            try:
                await self.renew()
            except SchemaNotKnown:
                raise
            except TROUBLE as error:
                LOG.error("The leases of this node could not be renewed: %s", error)  # noqa: TRY400 it is tried again soon
            await asyncio.sleep(RENEW_S)

    async def renew(self) -> None:
        """Renew the leases, say that this node lives, and compare the clocks."""
        begun, wall, before = time.monotonic(), datetime.now(UTC), set(self._held)
        carried = None if self.carried is None else self.carried()
        held, moment = await self.in_transaction(lambda c: self._renew(c, carried))
        took = time.monotonic() - begun
        self._held -= before - held
        self._sure_until = begun + SURE_S
        if took < WORTH_COMPARING_S:
            self.offset = moment - wall

    def _renew(self, connection: Connection, carried: Collection[tuple[str, int]] | None) -> tuple[set[int], datetime]:
        """What this node holds (of what is `carried`, if that is known), and the database's time when it was asked."""
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        t = schema.errand
        mine = update(t).where(t.c.claimed, t.c.holder == self.node.id).values(lease=LEASE).returning(t.c.id)
        if carried is not None:
            mine = mine.where(tuple_(t.c.stream, t.c.seq).in_(list(carried)))
        held = set(connection.execute(mine).scalars())
        seen = {"name": self.node.name, "version": tell_version(self.node.version), "seen_at": func.clock_timestamp()}
        fresh = upsert(schema.node).values(id=self.node.id, **seen)
        connection.execute(fresh.on_conflict_do_update(index_elements=["id"], set_=seen))
        require_range(connection, "The database")
        return held, moment

    # ── what others did ────────────────────────────────────────────────────────────────────────────────────────────

    async def follow(self) -> list[Sealed]:
        """The entries that any node has appended since the last call, in the order of their commits."""
        t = schema.entry
        query = select(t.c.pos, *SEALED).where(t.c.pos > self._followed).order_by(t.c.pos).limit(MOST_FOLLOWED)
        rows = await self.read(lambda c: c.execute(query).all())
        if rows:
            self._followed = max(self._followed, rows[-1].pos)
        return [read_sealed(row[1:]) for row in rows]

    async def listen(self) -> None:
        """Set `news` whenever a node says that it has committed something, until cancelled."""
        while True:
            try:
                await self._listen_once()
            except Exception:
                LOG.warning("Nothing is heard from the other nodes at once; they are asked instead.", exc_info=True)
            await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        raw = await self._engine.raw_connection()
        ended = asyncio.Event()
        try:
            driver: Any = raw.driver_connection
            driver.add_termination_listener(lambda connection: ended.set())
            await driver.add_listener(CHANNEL, lambda *_: self.news.set())
            await ended.wait()
        finally:
            raw.invalidate()


def _spell(error: BaseException) -> Exception:
    """What is told to whoever waits for a commit. Raises what really ends the writer."""
    if isinstance(error, Exception):
        return error
    if not is_given_up(error):
        raise error
    return TimeoutError("The database was given up on in mid-commit.")


def _end(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
