"""One transaction on PostgreSQL: several writes of one node at once, all under one lock.

Whoever appends holds the lock of the record until the commit. So the heads form one chain whichever node writes them,
positions are given in the order of commits (whoever follows by position misses nothing), and what a write expects is
looked at once, for all. A write that comes too late is left out; the others of its batch go on.

While the lock is held all other nodes wait, so it is there and back as few times as can be: the lock, one look, one
statement that puts everything, the commit. What can be spelt before the lock is spelt before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import text

from tocsin.engine.contracts import Append, Write
from tocsin.errors import Stale
from tocsin.store import schema
from tocsin.store.put import Part, delete, insert, join, upsert
from tocsin.store.rows import ALERT_NAMES, CARD_NAMES, alert_row, card_row
from tocsin.timeline import chain
from tocsin.timeline.chain import Head
from tocsin.timeline.codec import stamp
from tocsin.timeline.entry import Sealed

T = TypeVar("T")

CHANNEL = "tocsin"
"""Where a commit is announced; only a hint."""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
LOCK = text("SELECT pg_advisory_xact_lock(7453620217)")
"""The lock of the record, which whoever changes a stream holds until the commit. It is a statement of its own: what is
looked at under the lock is what there is once it is ours.
"""
_LOOK = """\
SELECT 'end' AS what, stream AS name,
       (SELECT seq FROM entry WHERE stream = asked.stream ORDER BY seq DESC LIMIT 1) AS n, NULL::bytea AS seal
  FROM unnest($1::text[]) AS asked (stream)
UNION ALL SELECT 'count', name, value, NULL FROM counter WHERE name = ANY ($2::text[])
UNION ALL (SELECT 'head', '', n, seal FROM head ORDER BY n DESC LIMIT 1)"""
_WAKES = "SELECT stream, due_at, holder FROM wake WHERE stream = ANY ($1::text[])"
_RELEASE = "UPDATE errand SET due_at = $2 WHERE stream = $1 AND due_at > $2"
_NOTIFY = f"SELECT pg_notify('{CHANNEL}', '')"
_NOTHING = "SELECT 1"

_ENTRY, _HEAD = Sealed.__struct_fields__, Head.__struct_fields__
_WAKE, _ERRAND = ("stream", "due_at", "holder", "lease"), ("stream", "seq", "destination", "due_at")
_CARD_VALUES, _ALERT_VALUES = itemgetter(*CARD_NAMES), itemgetter(*ALERT_NAMES)


def names_of(write: Write) -> set[object]:
    """What a write touches: two that touch the same do not go into one batch."""
    alerts = {(row.team, row.fingerprint) for row in write.alerts}
    return {append.stream for append in write.appends} | {("counter", name) for name in write.counters} | alerts


class _Rows:
    """What one write puts into each table."""

    def __init__(self, write: Write) -> None:
        appends = write.appends
        self.entries = [msgspec.structs.astuple(each) for append in appends for each in append.entries]
        self.cards = [_CARD_VALUES(card_row(append.card)) for append in appends if append.card is not None]
        self.asleep = [(append.stream,) for append in appends if append.wake is None]
        self.wakes = [(append.stream, stamp(append.wake), None, None) for append in appends if append.wake is not None]
        self.closed = [(append.stream, seq) for append in appends for seq in append.closes]
        self.errands = [
            (each.stream, each.seq, each.destination, stamp(each.due_at))
            for append in appends
            for each in append.errands
        ]
        self.alerts = [_ALERT_VALUES(alert_row(row)) for row in write.alerts]
        self.counters = [*write.counters.items()]


class Sending:
    """How far a commit has come: once its COMMIT `is_sent`, an error does not say that nothing was written."""

    is_sent = False


async def commit(
    driver: Any, key: bytes, writes: Sequence[Write], node: str, sending: Sending
) -> tuple[list[Stale | None], Head | None]:
    """Write what is not too late, through the driver's own connection, for a node; durable when it returns.

    For each write why it was left out, null if it was not, and the newest head. Where it raises, the connection is in
    the middle of something and must not be used again; what is there then, `sending` says.
    """
    refusals: list[Stale | None] = [None] * len(writes)
    rows, before = [_Rows(write) for write in writes], chain.NO_HEAD
    if any(write.appends or write.counters for write in writes):
        await driver.execute(f"{_BEGIN}; {LOCK}")
        refusals, before = await _look(driver, writes)
    else:
        await driver.execute(_BEGIN)
    appends = [append for write in _choose(writes, refusals) for append in write.appends]
    earlier = await _find_earlier(driver, appends, node)
    heads = _seal_heads(key, before, appends)
    statement, arrays = join(_put(_choose(rows, refusals), heads, earlier), _NOTIFY if heads else _NOTHING)
    await driver.fetch(statement, *arrays)
    for append in appends:
        if append.release:
            await driver.fetch(_RELEASE, append.stream, append.entries[-1].recorded_at)
    sending.is_sent = True
    await driver.execute("COMMIT")
    return refusals, heads[-1] if heads else None


def _choose(each: Sequence[T], refusals: Sequence[Stale | None]) -> list[T]:
    return [one for one, refusal in zip(each, refusals, strict=True) if refusal is None]


async def _look(driver: Any, writes: Sequence[Write]) -> tuple[list[Stale | None], Head]:
    """Whether each write is what comes next, and the head that its own come behind."""
    streams = [append.stream for write in writes for append in write.appends]
    counters = [name for write in writes for name in write.counters]
    ends, counts, before = dict[str, int](), dict[str, int](), chain.NO_HEAD
    for what, name, n, seal in await driver.fetch(_LOOK, streams, counters):
        if what == "end":
            ends[name] = n or 0
        elif what == "count":
            counts[name] = n
        else:
            before = Head(n=n, stream="", seq=0, mac=b"", seal=seal)
    return [_find_refusal(write, ends, counts) for write in writes], before


async def _find_earlier(driver: Any, appends: Sequence[Append], node: str) -> dict[str, str]:
    """The wakes that stay, of streams that were planned and got no entry.

    Another node may have planned the stream meanwhile, by what this one had not heard of. Who wakes in vain plans anew.
    """
    planned = {append.stream: append for append in appends if not append.entries}
    if not planned:
        return {}
    found = await driver.fetch(_WAKES, list(planned))
    return {stream: due_at for stream, due_at, holder in found if _stays(due_at, holder, planned[stream], node)}


def _stays(due_at: str, holder: str | None, plan: Append, node: str) -> bool:
    """Whether a wake stays that a plan without entries would replace by a later one, or by none.

    A plan answers only what was due when it was made. What comes after that moment was set by somebody else since, and
    has not been answered even where this node has taken it meanwhile; and what is nobody's was set, or kept, after it
    had been taken. Where no moment is told, it answers what its node has.
    """
    if plan.wake is not None and stamp(plan.wake) <= due_at:
        return False
    if plan.planned_at is None:
        return holder != node
    return holder is None or due_at > stamp(plan.planned_at)


def _find_refusal(write: Write, ends: dict[str, int], counts: dict[str, int]) -> Stale | None:
    for append in write.appends:
        if ends[append.stream] != append.expected_seq:
            return Stale(f"{append.stream} has moved on to entry {ends[append.stream]}.")
    for name, value in write.counters.items():
        if counts.get(name, 0) != value - write.spans.get(name, 1):
            return Stale(f"The counter {name} has moved on.")
    return None


def _seal_heads(key: bytes, before: Head, appends: Sequence[Append]) -> list[Head]:
    """A head for each stream that has new entries, chained behind the last one there was."""
    heads = []
    for append in appends:
        if append.entries:
            before = chain.seal_head(key, before.seal, before.n + 1, append.entries[-1])
            heads.append(before)
    return heads


def _put(rows: Sequence[_Rows], heads: Sequence[Head], earlier: Mapping[str, str]) -> Iterator[Part]:
    """Everything, table by table. A wake that is set anew is nobody's again, and so is one that stays."""
    t = schema
    kept = [(stream, due_at, None, None) for stream, due_at in earlier.items()]
    wakes = kept + [row for each in rows for row in each.wakes if row[0] not in earlier]
    yield from insert(t.entry, _ENTRY, [row for each in rows for row in each.entries])
    yield from delete(t.wake, ("stream",), [row for each in rows for row in each.asleep if row[0] not in earlier])
    yield from upsert(t.wake, _WAKE, wakes)
    yield from delete(t.errand, ("stream", "seq"), [row for each in rows for row in each.closed])
    yield from insert(t.errand, _ERRAND, [row for each in rows for row in each.errands])
    yield from upsert(t.card, CARD_NAMES, [row for each in rows for row in each.cards])
    yield from insert(t.head, _HEAD, [msgspec.structs.astuple(head) for head in heads])
    yield from upsert(t.counter, ("name", "value"), [row for each in rows for row in each.counters])
    yield from upsert(t.alert, ALERT_NAMES, [row for each in rows for row in each.alerts])
