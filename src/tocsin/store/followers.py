"""Who follows status pages, and what is on its way to them: rows beside the record, since addresses are personal.

A notice stands once for each follower and change, whoever queues it how often; one that is taken is nobody else's for
a while, so that two nodes never send it, and a crash leaves it to be taken again.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, and_, case, delete, exists, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.engine.following import Announcement, Follower, Invitation, Notice, Tally, Way
from tocsin.store import schema
from tocsin.store.sqlite import SqliteStore
from tocsin.timeline.codec import stamp, unstamp

if TYPE_CHECKING:  # its driver takes long to load, and most servers have a file
    from tocsin.store.postgres import PostgresStore

ASK_AGAIN = timedelta(minutes=10)
"""So long whoever was invited is not invited again: nobody's mailbox is filled through us."""
UNCONFIRMED_FOR = timedelta(days=2)
KEPT_FOR = timedelta(days=30)
INVITATION = "invitation"
GIVEN_UP = "given up: "
"""How the end of a notice begins that nobody took."""


_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Announcement | Invitation).decode


class FollowerRows:
    """The rows of either database."""

    def __init__(self, store: SqliteStore | PostgresStore) -> None:
        self._store = store

    async def ask(self, team: str, way: Way, address: str, invitation: Invitation, now: datetime) -> Follower | None:
        """Somebody wants to follow; null where they do already, or were asked a moment ago."""
        return await self._store.in_transaction(lambda c: _ask(c, team, way, address, _encode(invitation), now))

    async def find(self, id_: str) -> Follower | None:
        """The follower with this id."""
        t = schema.follower
        row = await self._store.read(lambda c: c.execute(select(t).where(t.c.id == id_)).first())
        return None if row is None else _read(row)

    async def confirm(self, id_: str, now: datetime) -> bool:
        """They said yes; whether there is such a follower. Saying it twice changes nothing."""
        t = schema.follower
        first = update(t).where(t.c.id == id_, t.c.confirmed_at.is_(None)).values(confirmed_at=stamp(now))

        def work(c: Connection) -> bool:
            c.execute(first)
            return c.execute(select(t.c.id).where(t.c.id == id_)).first() is not None

        return await self._store.in_transaction(work)

    async def leave(self, id_: str) -> bool:
        """Forget them, and everything on its way to them; whether there was anybody."""

        def work(c: Connection) -> bool:
            c.execute(delete(schema.notice).where(schema.notice.c.follower == id_))
            return c.execute(delete(schema.follower).where(schema.follower.c.id == id_)).rowcount > 0

        return await self._store.in_transaction(work)

    async def count(self, team: str) -> int:
        """How many follow a team's page and have said so."""
        t = schema.follower
        query = select(t.c.id).where(t.c.team == team, t.c.confirmed_at.is_not(None))
        return len(await self._store.read(lambda c: c.execute(query).all()))

    async def announce(self, key: str, what: Announcement) -> int:
        """Put it into the queue of everybody who followed by then, once each; how many that are."""
        return await self._store.in_transaction(lambda c: _announce(c, key, _encode(what), what.team, what.at))

    async def take(self, now: datetime, until: datetime, limit: int, way: Way | None = None) -> list[Notice]:
        """Notices that are due, this process's until then; of one follower's only the oldest. Null `way`: of both."""
        return await self._store.in_transaction(lambda c: _take(c, now, until, limit, way))

    async def end(self, n: int, now: datetime, said: str) -> None:
        """It is delivered."""
        await self._set(n, ended_at=stamp(now), said=said[:500])

    async def refuse(self, n: int, now: datetime, said: str) -> None:
        """It is given up."""
        await self._set(n, ended_at=stamp(now), said=f"{GIVEN_UP}{said}"[:500])

    async def tally(self, key: str) -> Tally:
        """How far what was announced under this key has come; counted where the rows are, by an index on the key."""
        t = schema.notice
        ended, given_up = t.c.ended_at.is_not(None), t.c.said.startswith(GIVEN_UP)
        counts = {
            "sent": ended & ~given_up,
            "refused": ended & given_up,
            "waiting": ~ended,
            "untried": ~ended & (t.c.attempts == 0),
        }
        summed = (func.count(case((which, 1))).label(name) for name, which in counts.items())
        row = await self._store.read(lambda c: c.execute(select(*summed).where(t.c.key == key)).one())
        return Tally(**row._mapping)

    async def list_ended(self, since: datetime) -> list[str]:
        """The keys of which a notice has ended since then; invitations are no words."""
        t = schema.notice
        query = select(t.c.key).where(t.c.ended_at >= stamp(since), ~t.c.key.startswith(f"{INVITATION}:")).distinct()
        return [row.key for row in await self._store.read(lambda c: c.execute(query).all())]

    async def postpone(self, n: int, due_at: datetime, said: str) -> None:
        """Try it again later."""
        await self._set(n, due_at=stamp(due_at), said=said[:500])

    async def _set(self, n: int, **values: Any) -> None:
        one = update(schema.notice).where(schema.notice.c.n == n).values(**values)
        await self._store.in_transaction(lambda c: c.execute(one))

    async def sweep(self, now: datetime) -> None:
        """Forget who never said yes, and what was delivered long ago."""
        f, t = schema.follower, schema.notice
        stale = select(f.c.id).where(f.c.confirmed_at.is_(None), f.c.asked_at < stamp(now - UNCONFIRMED_FOR))

        def work(c: Connection) -> None:
            c.execute(delete(t).where(t.c.ended_at < stamp(now - KEPT_FOR)))
            c.execute(delete(t).where(t.c.follower.in_(stale)))
            c.execute(delete(f).where(f.c.id.in_(stale.scalar_subquery())))

        await self._store.in_transaction(work)


def _ask(c: Connection, team: str, way: Way, address: str, body: bytes, now: datetime) -> Follower | None:
    t = schema.follower
    row = c.execute(select(t).where(t.c.team == team, t.c.way == way, t.c.address == address)).first()
    if row is not None and (row.confirmed_at is not None or unstamp(row.asked_at) + ASK_AGAIN > now):
        return None
    if row is None:
        id_ = secrets.token_hex(16)
        values = {"id": id_, "team": team, "way": way, "address": address, "asked_at": stamp(now)}
        make = postgresql.insert if c.dialect.name == "postgresql" else sqlite.insert
        if c.execute(make(t).values(**values).on_conflict_do_nothing()).rowcount != 1:
            return None
    else:
        id_ = row.id
        c.execute(update(t).where(t.c.id == id_).values(asked_at=stamp(now)))
    key = f"{INVITATION}:{stamp(now)}"
    c.execute(insert(schema.notice).values(follower=id_, key=key, body=body, due_at=stamp(now)))
    return Follower(id=id_, team=team, way=way, address=address, asked_at=now)


def _announce(c: Connection, key: str, body: bytes, team: str, at: datetime) -> int:
    f, t = schema.follower, schema.notice
    who = and_(f.c.team == team, f.c.confirmed_at.is_not(None), f.c.confirmed_at <= stamp(at))
    there = exists().where(t.c.follower == f.c.id, t.c.key == key)
    rows = select(f.c.id, literal(key), literal(body, type_=t.c.body.type), literal(stamp(at))).where(who, ~there)
    c.execute(insert(t).from_select(["follower", "key", "body", "due_at"], rows))
    return len(c.execute(select(f.c.id).where(who)).all())


def _take(c: Connection, now: datetime, until: datetime, limit: int, way: Way | None) -> list[Notice]:
    f, t = schema.follower, schema.notice
    earlier = t.alias()
    waits = exists().where(earlier.c.follower == t.c.follower, earlier.c.ended_at.is_(None), earlier.c.n < t.c.n)
    due = (
        select(t, f.c.team, f.c.way, f.c.address, f.c.asked_at, f.c.confirmed_at)
        .join(f, f.c.id == t.c.follower)
        .where(t.c.ended_at.is_(None), t.c.due_at <= stamp(now), ~waits)
        .order_by(t.c.n)
        .limit(limit)
    )
    due = due if way is None else due.where(f.c.way == way)
    found = []
    for row in c.execute(due).all():
        mine = update(t).where(t.c.n == row.n, t.c.due_at == row.due_at, t.c.ended_at.is_(None))
        if c.execute(mine.values(due_at=stamp(until), attempts=row.attempts + 1)).rowcount == 1:
            follower = _read(row, row.follower)
            found.append(Notice(n=row.n, follower=follower, key=row.key, attempts=row.attempts, what=_decode(row.body)))
    return found


def _read(row: Any, id_: str | None = None) -> Follower:
    return Follower(
        id=id_ or row.id,
        team=row.team,
        way=row.way,
        address=row.address,
        asked_at=unstamp(row.asked_at),
        confirmed_at=None if row.confirmed_at is None else unstamp(row.confirmed_at),
    )
