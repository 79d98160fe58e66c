"""The heartbeats' rows: when each was last heard, and when it is late. A beat costs an update of one row."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.alert.heartbeat import Beat, State
from tocsin.store import schema
from tocsin.store.sqlite import SqliteStore
from tocsin.timeline.codec import stamp, unstamp

if TYPE_CHECKING:  # its driver takes long to load, and most servers have a file
    from tocsin.store.postgres import PostgresStore


class Beats:
    """Rows by team and name."""

    def __init__(self, store: SqliteStore | PostgresStore) -> None:
        self._store = store

    async def put(self, beat: Beat, before: Beat | None) -> bool:
        """Keep a beat in place of the one that was found before; durable when it returns.

        False, and nothing is kept, if another node has written the row since.
        """
        row = {
            "team": beat.team,
            "name": beat.name,
            "state": beat.state.value,
            "heard_at": stamp(beat.heard_at),
            "due_at": stamp(beat.due_at),
            "started_at": None if beat.started_at is None else stamp(beat.started_at),
            "said": beat.said,
            "watched": beat.watched,
            "watched_until": None if beat.watched_until is None else stamp(beat.watched_until),
        }
        return await self._store.in_transaction(lambda c: _replace(c, row, before))

    async def find(self, team: str, name: str) -> Beat | None:
        """One heartbeat; null for one that was never heard."""
        t = schema.beat
        query = select(t).where(t.c.team == team, t.c.name == name)
        row = await self._store.read(lambda c: c.execute(query).first())
        return None if row is None else _read(row)

    async def list_all(self) -> list[Beat]:
        """Every heartbeat that was ever heard, the one that is due first at the front."""
        query = select(schema.beat).order_by(schema.beat.c.due_at)
        return [_read(row) for row in await self._store.read(lambda c: c.execute(query).all())]

    async def forget(self, team: str, name: str) -> None:
        """Take a heartbeat away that the settings no longer have."""
        t = schema.beat
        await self._store.in_transaction(lambda c: c.execute(delete(t).where(t.c.team == team, t.c.name == name)))


def _replace(connection: Connection, row: dict[str, Any], before: Beat | None) -> bool:
    t = schema.beat
    if before is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        return connection.execute(insert(t).values(**row).on_conflict_do_nothing()).rowcount == 1
    same = (t.c.state == before.state.value, t.c.heard_at == stamp(before.heard_at), t.c.due_at == stamp(before.due_at))
    mine = update(t).where(t.c.team == before.team, t.c.name == before.name, *same)
    return connection.execute(mine.values(**row)).rowcount == 1


def _read(row: Any) -> Beat:
    return Beat(
        team=row.team,
        name=row.name,
        state=State(row.state),
        heard_at=unstamp(row.heard_at),
        due_at=unstamp(row.due_at),
        started_at=_moment(row.started_at),
        said=row.said,
        watched=row.watched,
        watched_until=_moment(row.watched_until),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else unstamp(text)
