"""Does the record hold together? Reads everything, changes nothing, and may run beside a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, select

from tocsin.errors import Corrupt
from tocsin.store import schema
from tocsin.store.blobs import find_fault, is_digest
from tocsin.store.heads import read_mark, write_mark
from tocsin.store.rows import mend_head, mend_removal, mend_sealed
from tocsin.store.sqlite import open_engine
from tocsin.store.start import find_seal
from tocsin.store.trouble import explained
from tocsin.timeline import chain
from tocsin.timeline import events as e
from tocsin.timeline.chain import Flaw, Head, Mark, Removal
from tocsin.timeline.codec import decode
from tocsin.timeline.entry import Sealed

T = TypeVar("T")

MOST_NAMED = 100
"""Missing streams of one team that are named one by one."""

FindFault = Callable[[str], str | None]
"""What is wrong with the blob of a digest: `missing` or `changed`, null for nothing."""

SEALED_VALUE = re.compile(r"sealed_([0-9a-f]{64})")
"""How a statement names a value that was a secret (`sealed.py`)."""

Ends = dict[str, tuple[int, bytes]]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that was taken away by a rule of the settings: how many entries it had, when, and by which."""

    stream: str
    entries: int
    at: str
    rule: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was read and what does not hold."""

    streams: int
    entries: int
    heads: int
    blobs: int
    flaws: tuple[Flaw, ...]
    removed: tuple[Removed, ...] = ()


def verify(path: Path, key: bytes, mark: Path, blobs: Path | None = None) -> Report:
    """Check every stream, the chain of heads, the numbering, the mark outside the database, and every blob named.

    Raises `Corrupt` where there is no database or no mark that can be read at all.
    """
    kept = read_mark(mark)
    engine = open_engine(path, read_only=True)
    try:
        with explained(path), engine.begin() as connection:
            return check(connection, key, kept, None if blobs is None else lambda digest: find_fault(blobs, digest))
    finally:
        engine.dispose()


def look(path: Path, work: Callable[[Connection], T]) -> T:
    """What `work` finds in the record, which it only reads."""
    engine = open_engine(path, read_only=True)
    try:
        with explained(path), engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def renew_mark(path: Path, key: bytes, mark: Path) -> None:
    """Write a new mark that speaks of the newest head there is, whatever the old one said."""
    engine = open_engine(path, read_only=True)
    try:
        with explained(path), engine.begin() as connection:
            head = find_last_head(connection)
    finally:
        engine.dispose()
    write_mark(mark, chain.sign_mark(key, head))


def find_last_head(connection: Connection) -> Head:
    """The newest head there is, whatever is wrong with it."""
    t = schema.head
    row = connection.execute(select(t).order_by(t.c.n.desc()).limit(1)).first()
    return mend_head(row) if row else chain.NO_HEAD


def check(connection: Connection, key: bytes, mark: Mark | None, find_blob_fault: FindFault | None) -> Report:
    """As `verify`, on a connection whose transaction sees one state of the record, whichever database that is."""
    flaws: list[Flaw] = []
    ends: Ends = {}
    entries, named = 0, dict[str, Sealed]()
    for stream in connection.execute(select(schema.entry.c.stream).distinct()).scalars().all():
        rows = [mend_sealed(row) for row in _stream(connection, stream)]
        flaws += chain.check_stream(key, rows)
        ends[rows[-1].stream] = (rows[-1].seq, rows[-1].mac)
        entries += len(rows)
        for row in rows:
            named |= {digest: row for digest in _read_digests(row) if digest not in named}
    removed, forged = check_removals(connection, key, ends)
    flaws += forged
    heads = [mend_head(row) for row in connection.execute(select(schema.head).order_by(schema.head.c.n))]
    flaws += chain.check_heads(key, heads, ends | {each.stream: (each.seq, each.mac) for each in removed.values()})
    flaws += _check_numbering(connection, ends.keys() | removed.keys(), {flaw.stream for flaw in flaws})
    flaws += _check_cards(connection, ends, {flaw.stream for flaw in flaws})
    end = ends.get(mark.head.stream, (0, b""))[0] if mark is not None else None
    flaws += chain.check_mark(key, mark, heads[-1].n if heads else 0, find_seal(connection, mark), end)
    flaws += _check_blobs(find_blob_fault, named) if find_blob_fault is not None else ()
    return Report(
        streams=len(ends),
        entries=entries,
        heads=len(heads),
        blobs=len(named),
        flaws=tuple(flaws),
        removed=tuple(map(_show, removed.values())),
    )


def _show(removal: Removal) -> Removed:
    return Removed(stream=removal.stream, entries=removal.seq, at=removal.at, rule=removal.rule)


def check_removals(connection: Connection, key: bytes, ends: Ends) -> tuple[dict[str, Removal], list[Flaw]]:
    """What was taken away by a rule, by stream; and what only looks so, which is then missing all the same."""
    removed: dict[str, Removal] = {}
    flaws: list[Flaw] = []
    t = schema.removed
    for each in map(mend_removal, connection.execute(select(t).order_by(t.c.at, t.c.stream))):
        if not chain.is_removed(key, each):
            text = f"{each.stream}: the row that says that a rule took it away was put in or changed from outside."
            flaws.append(Flaw(fault="removal", stream=each.stream, seq=each.seq, text=text))
        elif each.stream in ends:
            text = f"{each.stream}: it was taken away on {each.at[:10]} ({each.rule}) and has entries all the same."
            flaws.append(Flaw(fault="edited", stream=each.stream, seq=1, text=text))
        else:
            removed[each.stream] = each
    return removed, flaws


def _stream(connection: Connection, stream: object) -> Iterator[object]:
    t = schema.entry
    yield from connection.execute(select(t).where(t.c.stream == stream).order_by(t.c.seq))


def _read_digests(sealed: Sealed) -> Iterable[str]:
    """The blobs that an entry names. One that this version cannot read names none here; its seal is checked all the
    same.
    """
    try:
        event = decode(sealed.body)
    except Corrupt:
        return ()
    return filter(is_digest, find_digests(event))


def _list_outputs(end: e.StepFinished | e.OnTarget) -> tuple[str, ...]:
    return (end.stdout, end.stderr, end.stdout_sealed, end.stderr_sealed)


def find_digests(event: e.Event) -> tuple[str, ...]:
    """The blobs that an event names."""
    match event:
        case e.IncidentOpened() | e.ScenarioChosen():
            return (event.playbook, event.model)
        case e.StepFinished():
            left = (digest for each in event.left for digest in (each.digest, each.sealed) if digest)
            return (*_list_outputs(event), *left, *(digest for each in event.on for digest in _list_outputs(each)))
        case e.StepInDoubt():
            return tuple(digest for each in event.on for digest in _list_outputs(each))
        case e.EvidenceOpened():
            return (event.sealed,)
        case e.StepProposed() | e.StepRequested():
            return tuple(re.findall(SEALED_VALUE, " ".join((event.text, *_list_values(event)))))
        case e.StepApproved():
            return tuple(re.findall(SEALED_VALUE, " ".join(event.bindings.values())))
        case e.PostmortemSaved():
            return (event.text,)
        case e.PlaybookActivated():
            return (event.digest,)
        case e.ChatDone():
            return (event.log,)
    return ()


def _list_values(event: e.StepProposed | e.StepRequested) -> tuple[str, ...]:
    return tuple(event.bindings.values()) if isinstance(event, e.StepRequested) else ()


def _check_blobs(find_blob_fault: FindFault, named: dict[str, Sealed]) -> Iterator[Flaw]:
    for digest, by in named.items():
        fault = find_blob_fault(digest)
        if fault is not None:
            what = "is missing" if fault == "missing" else "was changed after it was kept"
            text = f"{by.stream}: blob {digest[:12]}, which entry {by.seq} names, {what}."
            yield Flaw(fault="blob", stream=by.stream, seq=by.seq, text=text)


def _check_numbering(connection: Connection, streams: Iterable[str], named: set[str]) -> Iterator[Flaw]:
    """Incidents are counted one by one: a number below the counter without a stream has been taken away."""
    there: dict[str, set[int]] = {}
    for team, _, count in (stream.rpartition("-") for stream in streams if _is_incident(stream)):
        there.setdefault(team, set()).add(int(count) if count.isdecimal() else 0)
    t = schema.counter
    counters = {row.name: row.value for row in connection.execute(select(t.c.name, t.c.value))}
    for name, value in counters.items():
        if not isinstance(name, str) or not isinstance(value, int):
            yield Flaw(fault="counter", stream="", seq=0, text=f"The counter {name!r} was changed: it says {value!r}.")
        elif name.startswith("incident/"):
            there.setdefault(name.removeprefix("incident/"), set())
    for team, counts in there.items():
        yield from _check_count(team, counters.get(f"incident/{team}", 0), counts, named)


def _check_count(team: str, value: object, counts: set[int], named: set[str]) -> Iterator[Flaw]:
    """`counts` are the numbers of the team's incidents, of which there should be `value`."""
    last = value if isinstance(value, int) else 0
    beyond = max(counts, default=0)
    if beyond > last:
        text = f"The counter of {team} was set back: it says {last}, and {team}-{beyond} is there."
        yield Flaw(fault="counter", stream="", seq=last, text=text)
    gone = (f"{team}-{count}" for count in range(1, last + 1) if count not in counts)
    for stream in islice(gone, MOST_NAMED):
        if stream not in named:
            yield Flaw(fault="missing", stream=stream, seq=0, text=f"{stream}: the whole stream is missing.")


def _is_incident(stream: str) -> bool:
    return not stream.startswith("team/")


def _check_cards(connection: Connection, ends: Ends, named: set[str]) -> Iterator[Flaw]:
    """The lists remember how long each incident was: a shorter stream has lost its tail."""
    t = schema.card
    cards = {row.id: row.seq for row in connection.execute(select(t.c.id, t.c.seq))}
    for stream, seq in cards.items():
        end = ends.get(stream, (0, b""))[0]
        if not isinstance(seq, int):
            yield Flaw(fault="edited", stream=str(stream), seq=0, text=f"{stream}: its row in the lists was changed.")
        elif end < seq and stream not in named:
            text = f"{stream}: the tail was cut; entries {end + 1} to {seq} are missing."
            yield Flaw(fault="cut", stream=stream, seq=end + 1, text=text)
    for stream in filter(_is_incident, ends.keys() - cards.keys() - named):
        yield Flaw(fault="missing", stream=stream, seq=0, text=f"{stream}: the lists do not name it any more.")
