"""One transaction on PostgreSQL: several writes of one node at once, all under one lock.

Whoever appends holds the lock of the record until the commit. So the heads form one chain whichever node writes them,
positions are given in the order of commits (whoever follows by position misses nothing), and what a write expects is
looked at once, for all. A write that comes too late is left out; the others of its batch go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, delete, func, select, text, tuple_, update

from tocsin.engine.contracts import Append, Write
from tocsin.errors import Stale
from tocsin.store import schema
from tocsin.store.put import add, put
from tocsin.store.rows import alert_row, card_row, errand_rows, sealed_row
from tocsin.timeline import chain
from tocsin.timeline.chain import Head
from tocsin.timeline.codec import stamp

CHANNEL = "tocsin"
"""Where a commit is announced; only a hint."""

LOCK = text("SELECT pg_advisory_xact_lock(7453620217)")
"""The lock of the record, which whoever changes a stream holds until the commit."""
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")


def names_of(write: Write) -> set[object]:
    """What a write touches: two that touch the same do not go into one batch."""
    alerts = {(row.team, row.fingerprint) for row in write.alerts}
    return {append.stream for append in write.appends} | {("counter", name) for name in write.counters} | alerts


def commit(connection: Connection, key: bytes, writes: Sequence[Write]) -> tuple[list[Stale | None], Head | None]:
    """Write what is not too late; for each write why it was left out, null if it was not, and the newest head."""
    refusals: list[Stale | None] = [None] * len(writes)
    if any(write.appends or write.counters for write in writes):
        connection.execute(LOCK)
        refusals = _judge(connection, writes)
    taken = [write for write, refusal in zip(writes, refusals, strict=True) if refusal is None]
    appends = [append for write in taken for append in write.appends]
    head = _append(connection, key, appends)
    _count(connection, taken)
    put(connection, schema.alert, [alert_row(row) for write in taken for row in write.alerts])
    return refusals, head


def _judge(connection: Connection, writes: Sequence[Write]) -> list[Stale | None]:
    e, c = schema.entry, schema.counter
    streams = [append.stream for write in writes for append in write.appends]
    ends_query = select(e.c.stream, func.max(e.c.seq)).where(e.c.stream.in_(streams)).group_by(e.c.stream)
    ends = {row[0]: row[1] for row in connection.execute(ends_query)} if streams else {}
    counters = [name for write in writes for name in write.counters]
    counts_query = select(c.c.name, c.c.value).where(c.c.name.in_(counters))
    counts = {row[0]: row[1] for row in connection.execute(counts_query)} if counters else {}
    return [_find_refusal(write, ends, counts) for write in writes]


def _find_refusal(write: Write, ends: dict[str, int], counts: dict[str, int]) -> Stale | None:
    for append in write.appends:
        if ends.get(append.stream, 0) != append.expected_seq:
            return Stale(f"{append.stream} has moved on to entry {ends.get(append.stream, 0)}.")
    for name, value in write.counters.items():
        if counts.get(name, 0) != value - write.spans.get(name, 1):
            return Stale(f"The counter {name} has moved on.")
    return None


def _append(connection: Connection, key: bytes, appends: Sequence[Append]) -> Head | None:
    sealed = [sealed_row(each) for append in appends for each in append.entries]
    add(connection, schema.entry, sealed)
    _set_wakes(connection, appends)
    _set_errands(connection, appends)
    put(connection, schema.card, [card_row(append.card) for append in appends if append.card is not None])
    if not sealed:
        return None
    head = _add_heads(connection, key, [append for append in appends if append.entries])
    connection.execute(_NOTIFY)
    return head


def _add_heads(connection: Connection, key: bytes, appends: Iterable[Append]) -> Head:
    t = schema.head
    row = connection.execute(select(t).order_by(t.c.n.desc()).limit(1)).first()
    head = Head(n=row.n, stream=row.stream, seq=row.seq, mac=row.mac, seal=row.seal) if row else chain.NO_HEAD
    heads = []
    for append in appends:
        head = chain.seal_head(key, head.seal, head.n + 1, append.entries[-1])
        heads.append(msgspec.structs.asdict(head))
    add(connection, t, heads)
    return head


def _set_wakes(connection: Connection, appends: Sequence[Append]) -> None:
    """A wake that is set anew is nobody's again."""
    t = schema.wake
    gone = [append.stream for append in appends if append.wake is None]
    if gone:
        connection.execute(delete(t).where(t.c.stream.in_(gone)))
    rows = [
        {"stream": append.stream, "due_at": stamp(append.wake), "holder": None, "lease": None}
        for append in appends
        if append.wake is not None
    ]
    put(connection, t, rows)


def _set_errands(connection: Connection, appends: Sequence[Append]) -> None:
    t = schema.errand
    closed = [(append.stream, seq) for append in appends for seq in append.closes]
    if closed:
        connection.execute(delete(t).where(tuple_(t.c.stream, t.c.seq).in_(closed)))
    rows = [row for append in appends for row in errand_rows(append)]
    add(connection, t, rows)
    for append in appends:
        if append.release:
            now = append.entries[-1].recorded_at
            held = update(t).where(t.c.stream == append.stream, t.c.due_at > now)
            connection.execute(held.values(due_at=now))


def _count(connection: Connection, writes: Sequence[Write]) -> None:
    rows = [{"name": name, "value": value} for write in writes for name, value in write.counters.items()]
    put(connection, schema.counter, rows)
