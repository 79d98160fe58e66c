"""Writes put into the tables of SQLite: each kind of row by one prepared statement for all writes of a commit.

Plain tuples and the driver's own statements, since this is where the time of a storm of alerts goes. The file belongs
to one process, so the ends of streams are remembered between commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.dialects import sqlite as dialect

from tocsin.engine.contracts import Append, Write
from tocsin.errors import Stale
from tocsin.store import schema
from tocsin.store.heads import HeadLog
from tocsin.store.rows import ALERT_NAMES, alert_values, card_row
from tocsin.timeline.codec import stamp

VALUES = "VALUES ("
TOGETHER = 50
"""Rows of one statement, where there are so many."""
MOST_ENDS = 100_000
"""Streams whose ends are remembered; then half are forgotten."""
MOST_ROWS = 10_000
"""Streams whose wake and card are remembered; then half are forgotten."""


def _spell(statement: Any) -> str:
    """A statement as the driver takes it, with a question mark for each value."""
    return str(statement.compile(dialect=dialect.dialect()))


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _insert(table: Table, *names: str) -> str:
    return _spell(insert(table).values(dict.fromkeys(names)))


def _upsert(table: Table, *names: str) -> str:
    fresh, keys = dialect.insert(table), [column.name for column in table.primary_key]
    changes = {name: fresh.excluded[name] for name in names if name not in keys}
    put = fresh.values(dict.fromkeys(names)).on_conflict_do_update(index_elements=keys, set_=changes)
    return _spell(put)


ENTRY = _insert(schema.entry, "stream", "seq", "at", "recorded_at", "body", "mac")
ERRAND = _insert(schema.errand, "stream", "seq", "destination", "due_at", "claimed")
HEARD = _insert(schema.heard, "body")
JOINING = _insert(schema.joining, "n", "body")
JOINED = "DELETE FROM joining WHERE n <= ?"
CARD, ALERT = _upsert(schema.card, *_names(schema.card)), _upsert(schema.alert, *ALERT_NAMES)
WAKE = _upsert(schema.wake, "stream", "due_at")
CARD_VALUES = itemgetter(*_names(schema.card))
UNNUMBERED = itemgetter(*(name for name in _names(schema.card) if name != "seq"))
CARD_SEQ = "UPDATE card SET seq = ? WHERE id = ?"
NO_WAKE = "DELETE FROM wake WHERE stream = ?"
CLOSE = "DELETE FROM errand WHERE stream = ? AND seq = ?"
CLAIM = "UPDATE errand SET claimed = 1 WHERE stream = ? AND seq = ?"
RELEASE = "UPDATE errand SET due_at = ? WHERE stream = ? AND due_at > ?"
FIRST_COUNT = "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
ENDS = "SELECT stream, max(seq) FROM entry WHERE stream IN"
COUNT = "UPDATE counter SET value = ? WHERE name = ? AND value = ?"


class Tables:
    """Puts writes; knows where streams end."""

    def __init__(self, heads: HeadLog) -> None:
        self._heads = heads
        self._ends: dict[str, int] = {}
        self._known = _Known()

    def put(self, driver: sqlite3.Connection, writes: Sequence[Write]) -> None:
        """Put writes, in their order. Raises `Stale` if a stream or counter has moved on."""
        for write in writes:
            for name, value in write.counters.items():
                _count_up(driver, name, value, write.spans.get(name, 1))
        appends = [append for write in writes for append in write.appends]
        if appends:
            self._append(driver, appends)
        _many(driver, CLAIM, ((each.stream, each.seq) for write in writes for each in write.claims))
        _many(driver, ALERT, [alert_values(row) for write in writes for row in write.alerts])
        if any(each.whole for write in writes for each in write.heard):
            driver.execute("DELETE FROM heard")
        _many(driver, JOINING, ((each.n, each.body) for write in writes for each in write.joining))
        _many(driver, JOINED, ((write.joined,) for write in writes if write.joined is not None))
        _many(driver, HEARD, ((each.body,) for write in writes for each in write.heard))

    def committed(self) -> None:
        """What was put is on disk."""
        self._heads.set_mark()
        if len(self._ends) > MOST_ENDS:
            for stream in list(islice(self._ends, MOST_ENDS // 2)):
                del self._ends[stream]
        self._known.trim()

    def forget(self) -> None:
        """The transaction came to nothing."""
        self._heads.forget()
        self._ends.clear()
        self._known.forget()

    def forget_ends(self, streams: Iterable[str]) -> None:
        """Somebody has taken them away: the table is asked. It is said on the writer's thread, in that transaction."""
        for stream in streams:
            self._ends.pop(stream, None)
            self._known.drop(stream)

    def _append(self, driver: sqlite3.Connection, appends: Sequence[Append]) -> None:
        self._look_up(driver, appends)
        for append in appends:
            self._expect(driver, append)
        entries = [
            (each.stream, each.seq, each.at, each.recorded_at, each.body, each.mac)
            for append in appends
            for each in append.entries
        ]
        try:
            _many(driver, ENTRY, entries)
        except sqlite3.IntegrityError as error:
            raise Stale(f"One of {len(appends)} streams has moved on.") from error
        self._heads.add_all(driver, [append.entries[-1] for append in appends if append.entries])
        self._known.set_wakes(driver, appends)
        _many(driver, CLOSE, ((append.stream, seq) for append in appends for seq in append.closes))
        _many(driver, ERRAND, _errands(appends))
        for append in appends:
            if append.release:
                now = append.entries[-1].recorded_at
                driver.execute(RELEASE, (now, append.stream, now))
        self._known.set_cards(driver, appends)

    def _look_up(self, driver: sqlite3.Connection, appends: Sequence[Append]) -> None:
        """Where streams end that go on and are not remembered: asked for many at once."""
        wanted = dict.fromkeys(each.stream for each in appends if each.expected_seq or not each.entries)
        missing = [stream for stream in wanted if stream not in self._ends]
        for at in range(0, len(missing), TOGETHER):
            some = missing[at : at + TOGETHER]
            found = driver.execute(f"{ENDS} ({', '.join('?' * len(some))}) GROUP BY stream", tuple(some))
            self._ends.update(dict.fromkeys(some, 0))
            self._ends.update((stream, seq) for stream, seq in found)

    def _expect(self, driver: sqlite3.Connection, append: Append) -> None:
        last = self._ends.get(append.stream, 0)  # a first entry that is there already is refused by the table itself
        if last != append.expected_seq:
            raise Stale(f"{append.stream} has moved on to entry {last}.")
        self._ends[append.stream] = last + len(append.entries)


class _Known:
    """The wakes and cards that stand in their tables already: most entries change nothing of them but a card's number,
    and a row that is written anew takes its indexes along.
    """

    def __init__(self) -> None:
        self._wakes: dict[str, str | None] = {}
        self._cards: dict[str, tuple[Any, ...]] = {}

    def set_wakes(self, driver: sqlite3.Connection, appends: Sequence[Append]) -> None:
        """The latest one counts, where a stream is named twice."""
        wakes = {each.stream: stamp(each.wake) if each.wake is not None else None for each in appends}
        known = self._wakes
        fresh = {stream: wake for stream, wake in wakes.items() if stream not in known or known[stream] != wake}
        _many(driver, WAKE, [(stream, wake) for stream, wake in fresh.items() if wake is not None])
        _many(driver, NO_WAKE, [(stream,) for stream, wake in fresh.items() if wake is None])
        known.update(fresh)

    def set_cards(self, driver: sqlite3.Connection, appends: Sequence[Append]) -> None:
        """Likewise."""
        rows = {each.card.id: card_row(each.card) for each in appends if each.card is not None}
        fresh = {name: UNNUMBERED(row) for name, row in rows.items()}
        changed = {name: values for name, values in fresh.items() if self._cards.get(name) != values}
        same = [(row["seq"], name) for name, row in rows.items() if name not in changed]
        if same and driver.executemany(CARD_SEQ, same).rowcount < len(same):  # somebody has taken one away by hand
            changed = fresh
        _many(driver, CARD, [CARD_VALUES(rows[name]) for name in changed])
        self._cards.update(changed)

    def drop(self, stream: str) -> None:
        """Its rows are gone."""
        self._wakes.pop(stream, None)
        self._cards.pop(stream, None)

    def forget(self) -> None:
        """What stands in the tables is not known."""
        self._wakes.clear()
        self._cards.clear()

    def trim(self) -> None:
        """Know no more of them than there is room for."""
        for each in (self._wakes, self._cards):
            for stream in list(islice(each, len(each) // 2)) if len(each) > MOST_ROWS else ():
                del each[stream]


def _many(driver: sqlite3.Connection, statement: str, rows: Any) -> None:
    """The driver's own call: this is the hot path, and a statement of SQLAlchemy's costs ten times a row.

    Of very many rows, some are put by one statement: the loop, which decides meanwhile, is interrupted less often.
    """
    found = rows if isinstance(rows, list) else list(rows)
    if not found:
        return
    first, values, rest = statement.partition(VALUES)
    whole = len(found) - len(found) % TOGETHER if values else 0
    if whole:
        each, after = rest.split(")", 1)
        several = f"{first}{values}{'), ('.join([each] * TOGETHER)}){after}"
        parts = (found[at : at + TOGETHER] for at in range(0, whole, TOGETHER))
        driver.executemany(several, (tuple(chain.from_iterable(part)) for part in parts))
    if whole < len(found):
        driver.executemany(statement, found[whole:])


def _errands(appends: Sequence[Append]) -> Iterator[tuple[Any, ...]]:
    for append in appends:
        for each in append.errands:
            yield each.stream, each.seq, each.destination, stamp(each.due_at), each.claimed


def _count_up(driver: sqlite3.Connection, name: str, value: int, span: int) -> None:
    if value == span:
        done = driver.execute(FIRST_COUNT, (name, value))
    else:
        done = driver.execute(COUNT, (value, name, value - span))
    if done.rowcount != 1:
        raise Stale(f"The counter {name} has moved on.")
