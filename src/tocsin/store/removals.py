"""What is over and may go, and taking it away: the same statements on SQLite and on PostgreSQL.

A stream goes as a whole and in one transaction with the sealed row in `removed` that says so: after a crash there is
either the stream or the row. What somebody has added to meanwhile stays (`Stale`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, text, tuple_

from tocsin.engine.housekeeping import Old, Over
from tocsin.errors import Stale
from tocsin.store import schema
from tocsin.store.batch import LOCK
from tocsin.store.migrate import read_schema
from tocsin.store.rows import ENDED
from tocsin.store.sqlite import SqliteStore
from tocsin.timeline import chain
from tocsin.timeline.chain import Removal
from tocsin.timeline.codec import stamp, unstamp

if TYPE_CHECKING:  # its driver takes long to load, and most servers have a file
    from tocsin.store.postgres import PostgresStore

SINCE = 5
"""The schema from which on a version knows what was taken away."""


class Removals:
    """Finds and takes away; `key` seals what is left of it."""

    def __init__(self, store: SqliteStore | PostgresStore, key: bytes) -> None:
        self._store, self._key = store, key

    # ── incidents ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def find_over(self, before: datetime, after: Over | None, limit: int) -> list[Over]:
        """Incidents that are over, to which nothing was added since `before` and for which nothing is planned; in the
        order of their opening, those behind `after`.
        """
        return await self._store.look_aside(lambda c: _find_over(c, before, after, limit))

    async def remove(self, ends: Mapping[str, int], now: datetime, rule: str) -> None:
        """Take away streams that end as named. Raises `Stale`, and takes none, if one has gone on, or is gone."""
        await self._store.in_transaction(lambda c: self._remove(c, ends, stamp(now), rule))

    def _remove(self, connection: Connection, ends: Mapping[str, int], at: str, rule: str) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(LOCK)
        _require_rest(connection, ends)
        e = schema.entry
        last = select(e.c.stream, e.c.seq, e.c.mac).where(
            e.c.stream.in_(list(ends)), e.c.seq.in_(sorted(set(ends.values())))
        )  # SQLite would read the whole table for pairs
        for row in connection.execute(last).all():
            if row.seq != ends[row.stream]:
                continue
            removal = Removal(stream=row.stream, seq=row.seq, mac=row.mac, at=at, rule=rule)
            sealed = chain.seal_removal(self._key, removal)
            values = {name: getattr(sealed, name) for name in sealed.__struct_fields__}
            connection.execute(insert(schema.removed).values(**values))
        connection.execute(delete(e).where(e.c.stream.in_(list(ends))))
        connection.execute(delete(schema.card).where(schema.card.c.id.in_(list(ends))))
        if isinstance(self._store, SqliteStore):
            self._store.forget_ends(ends)

    async def removed_since(self, moment: datetime) -> list[str]:
        """What any node has taken away since; the other nodes may remember it still."""
        t = schema.removed
        query = select(t.c.stream).where(t.c.at >= stamp(moment))
        return list(await self._store.read(lambda c: c.execute(query).scalars().all()))

    # ── alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def find_alerts(self, before: datetime, after: Old | None, limit: int) -> list[Old]:
        """Alerts whose rows were not written since, in the order of their keys behind `after`, and whose incident is
        over, gone, or never was.
        """
        a, c = schema.alert, schema.card
        going = exists().where(c.c.id == a.c.incident, c.c.status.not_in(ENDED))
        query = select(a.c.team, a.c.fingerprint, a.c.firing, a.c.updated_at).where(
            a.c.updated_at < stamp(before), or_(a.c.incident.is_(None), ~going)
        )
        if after is not None:
            query = query.where(tuple_(a.c.team, a.c.fingerprint) > tuple_(after.team, after.fingerprint))
        query = query.order_by(a.c.team, a.c.fingerprint).limit(limit)
        rows = await self._store.look_aside(lambda c: c.execute(query).all())
        return [
            Old(team=row.team, fingerprint=row.fingerprint, firing=bool(row.firing), updated_at=unstamp(row.updated_at))
            for row in rows
        ]

    async def remove_alerts(self, alerts: Collection[Old]) -> int:
        """Take away those rows that are still as they were found."""
        found = {(each.team, each.fingerprint): stamp(each.updated_at) for each in alerts}
        return await self._store.in_transaction(lambda c: _remove_alerts(c, found))

    # ── the rest ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def remove_counters(self, before: datetime) -> int:
        """Counters that number the incidents of one day, of days that are long over."""
        t = schema.counter
        day, start = f"{before:%Y-%m-%d}", func.length(t.c.name) - 9
        old = delete(t).where(t.c.name.like("number/%/____-__-__"), func.substr(t.c.name, start) < day)
        return await self._store.in_transaction(lambda c: c.execute(old).rowcount)

    async def remove_beats(self, known: Collection[tuple[str, str]], before: datetime) -> int:
        """Heartbeats that the settings no longer have and that were last heard before."""
        t = schema.beat
        old = delete(t).where(t.c.heard_at < stamp(before), tuple_(t.c.team, t.c.name).not_in(list(known)))
        return await self._store.in_transaction(lambda c: c.execute(old).rowcount)

    async def remove_nodes(self) -> int:
        """Nodes that nobody has seen for a month."""
        if self._store.is_sole:
            return 0
        t = schema.node
        old = delete(t).where(t.c.seen_at < func.clock_timestamp() - text("interval '30 days'"))
        return await self._store.in_transaction(lambda c: c.execute(old).rowcount)

    async def find_older_nodes(self) -> list[str]:
        """Nodes seen within a day that do not know of removals: they would miss what was taken away."""
        if self._store.is_sole:
            return []
        t = schema.node
        query = select(t.c.name, t.c.version).where(t.c.seen_at > func.clock_timestamp() - text("interval '1 day'"))
        rows = await self._store.read(lambda c: c.execute(query).all())
        return sorted(row.name for row in rows if read_schema(row.version) < SINCE)


def _remove_alerts(connection: Connection, found: Mapping[tuple[str, str], str]) -> int:
    a, gone = schema.alert, 0
    for team in sorted({team for team, _ in found}):
        these = a.c.team == team, a.c.fingerprint.in_([each for owner, each in found if owner == team])
        rows = connection.execute(select(a.c.fingerprint, a.c.updated_at).where(*these).with_for_update()).all()
        same = [row.fingerprint for row in rows if row.updated_at == found[team, row.fingerprint]]
        gone += connection.execute(delete(a).where(a.c.team == team, a.c.fingerprint.in_(same))).rowcount
    return gone


def _find_over(connection: Connection, before: datetime, after: Over | None, limit: int) -> list[Over]:
    c, e = schema.card, schema.entry
    ended = and_(c.c.status.in_(ENDED), c.c.opened_at < stamp(before))
    query = (
        select(c.c.id, c.c.opened_at, c.c.seq)
        .join_from(c, e, and_(e.c.stream == c.c.id, e.c.seq == c.c.seq))
        .where(ended, e.c.recorded_at < stamp(before))
        .where(~exists().where(schema.wake.c.stream == c.c.id), ~exists().where(schema.errand.c.stream == c.c.id))
    )
    if after is not None:
        query = query.where(tuple_(c.c.opened_at, c.c.id) > tuple_(stamp(after.opened_at), after.stream))
    rows = connection.execute(query.order_by(c.c.opened_at, c.c.id).limit(limit)).all()
    firing = _find_firing(connection, [row.id for row in rows])
    return [Over(stream=row.id, opened_at=unstamp(row.opened_at), seq=row.seq, fires=row.id in firing) for row in rows]


def _find_firing(connection: Connection, incidents: Sequence[str]) -> set[Any]:
    """Those of the incidents of which an alert fires."""
    a = schema.alert
    if not incidents:
        return set()
    query = select(a.c.incident).where(a.c.firing.is_(True), a.c.incident.in_(incidents)).distinct()
    return set(connection.execute(query).scalars())


def _require_rest(connection: Connection, ends: Mapping[str, int]) -> None:
    e = schema.entry
    query = select(e.c.stream, func.max(e.c.seq)).where(e.c.stream.in_(list(ends))).group_by(e.c.stream)
    found = {row[0]: row[1] for row in connection.execute(query)}
    if found != dict(ends):
        raise Stale("An incident that was to be taken away has gone on, or is gone.")
    for t in (schema.wake, schema.errand):
        if connection.execute(select(t.c.stream).where(t.c.stream.in_(list(ends))).limit(1)).first() is not None:
            raise Stale("Something is planned for an incident that was to be taken away.")
