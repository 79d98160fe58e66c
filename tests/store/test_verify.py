"""Whoever touches the database is found out: an edit, a cut tail, a removed stream, each by name."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tocsin.engine.contracts import Append, Write
from tocsin.engine.failpoint import pass_by
from tocsin.errors import Corrupt
from tocsin.store.blobs import FileBlobs
from tocsin.store.heads import write_mark
from tocsin.store.sqlite import SqliteStore
from tocsin.store.verify import find_digests, renew_mark, verify
from tocsin.timeline import chain
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import EVENTS, PostmortemSaved

from .test_contract import AT, KEY, card

Damage = Callable[[sqlite3.Connection], object]


def check(folder: Path, damage: Damage | None = None) -> list[str]:
    if damage is not None:
        with sqlite3.connect(folder / "tocsin.db") as connection:
            damage(connection)
        connection.close()
    return [flaw.text for flaw in verify(folder / "tocsin.db", KEY, folder / "mark").flaws]


async def test_an_untouched_record_holds(folder: Path) -> None:
    report = verify(folder / "tocsin.db", KEY, folder / "mark")
    assert (report.streams, report.entries, report.flaws) == (3, 12, ())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", b'{"kind":"note_added","text":"nothing happened","by":"ana"}'),
        ("body", '{"kind":"note_added","text":"3","by":"ana"}'),
        ("body", ""),
        ("at", "2020-01-01"),
        ("at", 7),
        ("recorded_at", b"\xff\xfe"),
        ("recorded_at", ""),
    ],
)
async def test_an_edited_row_is_named(folder: Path, column: str, value: object) -> None:
    edit = f"UPDATE entry SET {column} = ? WHERE stream = 'a-2' AND seq = 3"
    found = check(folder, lambda c: c.execute(edit, (value,)))
    assert found == ["a-2: entry 3 was changed after it was written."]


@pytest.mark.parametrize("change", ["CAST(body AS TEXT)", "replace(body, 'ana', 'eve')", "1.5"])
async def test_an_edit_by_the_words_of_sql_is_named(folder: Path, change: str) -> None:
    """What `replace` gives is text, whatever it was before."""
    edit = f"UPDATE entry SET body = {change} WHERE stream = 'a-2' AND seq = 3"
    assert check(folder, lambda c: c.execute(edit)) == ["a-2: entry 3 was changed after it was written."]


@pytest.mark.parametrize("column", ["seq", "stream", "mac"])
@pytest.mark.parametrize("value", ["'x'", "x'ff00'", "7.5", "-1", "''"])
@pytest.mark.parametrize("table", ["entry", "head"])
async def test_a_value_of_another_kind_is_a_flaw_and_no_crash(
    folder: Path, table: str, column: str, value: str
) -> None:
    where = "stream = 'a-2' AND seq = 3"
    assert check(folder, lambda c: c.execute(f"UPDATE {table} SET {column} = {value} WHERE {where}"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE counter SET value = 2", "The counter of a was set back: it says 2, and a-3 is there."),
        ("UPDATE counter SET value = 'many'", "The counter 'incident/a' was changed: it says 'many'."),
        ("DELETE FROM counter", "The counter of a was set back: it says 0, and a-3 is there."),
        ("UPDATE counter SET value = 1000000000000", "a-4: the whole stream is missing."),
        ("UPDATE card SET seq = 'x' WHERE id = 'a-2'", "a-2: its row in the lists was changed."),
        ("DELETE FROM card WHERE id = 'a-2'", "a-2: the lists do not name it any more."),
    ],
)
async def test_what_counts_and_lists_the_incidents_is_checked_too(folder: Path, damage: str, said: str) -> None:
    assert check(folder, lambda c: c.execute(damage))[0] == said


TAIL = "DELETE FROM entry WHERE stream = 'a-2' AND seq > 2"
STREAM = "DELETE FROM entry WHERE stream = 'a-2'"
HEADS_OF_TAIL = "DELETE FROM head WHERE stream = 'a-2' AND seq > 2"
HEADS = "DELETE FROM head WHERE stream = 'a-2'"
CARD = "DELETE FROM card WHERE id = 'a-2'"


@pytest.mark.parametrize("statements", [[TAIL], [TAIL, HEADS_OF_TAIL], [TAIL, HEADS_OF_TAIL, CARD]])
async def test_a_cut_tail_is_found_whatever_is_cut_with_it(folder: Path, statements: list[str]) -> None:
    found = check(folder, lambda c: [c.execute(each) for each in statements])
    assert found
    assert len(statements) == 3 or any(text.startswith("a-2: the tail was cut") for text in found)


@pytest.mark.parametrize("statements", [[STREAM], [STREAM, HEADS], [STREAM, HEADS, CARD]])
async def test_a_removed_stream_is_named_whatever_is_removed_with_it(folder: Path, statements: list[str]) -> None:
    found = check(folder, lambda c: [c.execute(each) for each in statements])
    assert any(text.startswith("a-2: the whole stream is missing") for text in found)


async def test_the_newest_entries_cut_from_every_table_are_found_by_the_mark(folder: Path) -> None:
    """Cut clean to an older state: only what lies outside the database can tell."""

    def cut(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM entry WHERE stream = 'a-3' AND seq = 4")
        connection.execute("DELETE FROM head WHERE n = (SELECT max(n) FROM head)")
        connection.execute("UPDATE card SET seq = 3 WHERE id = 'a-3'")

    found = check(folder, cut)
    assert found == [
        "a-3: the tail was cut; entry 4 is missing, and head 12. The mark outside the database proves it: "
        "it was signed at head 12, and the database ends at 11."
    ]


async def test_an_older_copy_of_the_whole_database_is_found_by_the_mark(folder: Path) -> None:
    mark = (folder / "mark").read_bytes()
    with sqlite3.connect(folder / "tocsin.db") as connection:
        connection.execute("DELETE FROM head WHERE n > 3")
        connection.execute("DELETE FROM entry WHERE seq > 1")
        connection.execute("UPDATE card SET seq = 1")
    connection.close()
    shutil.copy(folder / "tocsin.db", folder / "older.db")
    (folder / "mark").write_bytes(mark)
    found = check(folder)
    assert any("entries 2 to 4 are missing, and heads 4 to 12." in text for text in found)


async def test_heads_taken_out_of_the_middle_say_how_much_went_with_them(folder: Path) -> None:
    found = check(folder, lambda c: [c.execute(each) for each in (TAIL, HEADS_OF_TAIL, CARD)])
    assert any("taken out. The numbering proves it" in text for text in found)


def cut_everywhere(connection: sqlite3.Connection) -> None:
    """As if the last commit had never been: entry, head, card."""
    connection.execute("DELETE FROM entry WHERE stream = 'a-3' AND seq = 4")
    connection.execute("DELETE FROM head WHERE n = (SELECT max(n) FROM head)")
    connection.execute("UPDATE card SET seq = 3 WHERE id = 'a-3'")


async def test_a_clean_cut_is_found_though_the_mark_is_deleted_with_it(folder: Path) -> None:
    (folder / "mark").unlink()
    assert check(folder, cut_everywhere) == [
        "The mark outside the database is missing: nothing shows that no tail was cut."
    ]


async def test_a_clean_cut_is_found_though_the_mark_is_made_anew_from_the_heads(folder: Path) -> None:
    with sqlite3.connect(folder / "tocsin.db") as connection:
        cut_everywhere(connection)
        n, stream, seq, mac, seal = connection.execute("SELECT * FROM head ORDER BY n DESC LIMIT 1").fetchone()
    connection.close()
    head = chain.Head(n=n, stream=stream, seq=seq, mac=mac, seal=seal)
    for sign in (b"", seal, chain.sign_mark(b"x" * 32, head).sign):
        write_mark(folder / "mark", chain.Mark(head=head, sign=sign))
        assert check(folder) == ["The mark outside the database was not written with this key."]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"n":1}', b"null"])
async def test_a_mark_that_cannot_be_read_is_corrupt_with_a_way_out(folder: Path, content: bytes) -> None:
    (folder / "mark").write_bytes(content)
    with pytest.raises(Corrupt, match="--new-mark"):
        check(folder)


async def test_a_new_mark_goes_on_from_what_there_is(folder: Path) -> None:
    (folder / "mark").unlink()
    renew_mark(folder / "tocsin.db", KEY, folder / "mark")
    assert check(folder) == []


@pytest.mark.parametrize("content", [b"garbage" * 2000, b""])
async def test_what_is_no_database_is_corrupt(folder: Path, content: bytes) -> None:
    for path in folder.glob("tocsin.db*"):
        path.unlink()
    (folder / "tocsin.db").write_bytes(content)
    with pytest.raises(Corrupt, match="backup"):
        check(folder)


async def test_a_damaged_page_is_corrupt(folder: Path) -> None:
    with sqlite3.connect(folder / "tocsin.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    raw = bytearray((folder / "tocsin.db").read_bytes())
    raw[size:] = b"\xa5" * (len(raw) - size)
    (folder / "tocsin.db").write_bytes(raw)
    with pytest.raises(Corrupt, match="backup"):
        check(folder)


async def test_a_recomputed_chain_under_another_key_is_found(folder: Path) -> None:
    flaws = verify(folder / "tocsin.db", b"x" * 32, folder / "mark").flaws
    assert len(flaws) >= 12


async def test_entries_put_in_are_found(folder: Path) -> None:
    row = "INSERT INTO entry (stream, seq, at, recorded_at, body, mac) VALUES (?, 5, ?, ?, ?, ?)"
    forged = ("a-1", "2026-03-02T03:00:00.000000Z", "2026-03-02T03:00:00.000000Z", b"{}", b"m" * 32)
    found = check(folder, lambda c: c.execute(row, forged))
    assert any("entry 5 was changed" in text or "put in from outside" in text for text in found)


async def keep(folder: Path, text: bytes) -> Path:
    """A post-mortem is kept as a blob, and a stream names it; the blob's file."""
    blobs = FileBlobs(folder / "blobs", pass_by)
    digest = await blobs.put(text)
    store = SqliteStore(folder / "tocsin.db", KEY, folder / "mark")
    entry = Entry(stream="b-1", seq=1, at=AT, recorded_at=AT, event=PostmortemSaved(text=digest, by="ana"))
    sealed = chain.seal_entry(KEY, chain.START, entry)
    append = Append(stream="b-1", expected_seq=0, entries=(sealed,), card=card("b-1"))
    await store.write(Write(appends=(append,), counters={"incident/b": 1}))
    store.close()
    return folder / "blobs" / digest[:2] / digest


async def test_every_blob_that_is_named_is_looked_at(folder: Path) -> None:
    path = await keep(folder, b"what happened")
    name = path.name[:12]

    def look() -> list[str]:
        report = verify(folder / "tocsin.db", KEY, folder / "mark", folder / "blobs")
        assert report.blobs == 1
        return [flaw.text for flaw in report.flaws]

    assert look() == []
    path.write_bytes(b"nothing happened")
    assert look() == [f"b-1: blob {name}, which entry 1 names, was changed after it was kept."]
    path.unlink()
    assert look() == [f"b-1: blob {name}, which entry 1 names, is missing."]


def test_no_event_names_a_blob_that_is_not_looked_at() -> None:
    """Whatever event has a field called after a digest's use must be known to the check."""
    digests = {"playbook", "model", "stdout", "stderr", "stdout_sealed", "stderr_sealed", "sealed", "log"}
    digest = "a" * 64
    for kind in EVENTS:
        fields = {field.name for field in msgspec.structs.fields(kind)} & digests
        if not fields:
            continue
        given = {
            field.name: digest if field.name in fields else values(field.type)
            for field in msgspec.structs.fields(kind)
            if field.name in fields or field.required
        }
        assert set(find_digests(kind(**given))) == {digest}, kind


def values(kind: object) -> object:
    """Some value of a field's type."""
    return {str: "x", int: 1, float: 1.0, "str | None": None}.get(kind)
