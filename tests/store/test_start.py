"""A server goes on only from a record that fits its key and its mark; what is wrong is one sentence with a way out."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.contracts import Append, Write
from tocsin.errors import Corrupt, UserError
from tocsin.store import start
from tocsin.store.heads import read_mark
from tocsin.store.sqlite import SqliteStore
from tocsin.timeline import chain

from .test_contract import KEY, card, note
from .test_verify import cut_everywhere


def open_store(folder: Path, key: bytes = KEY) -> None:
    SqliteStore(folder / "tocsin.db", key, folder / "mark").close()


def damage(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "tocsin.db") as connection:
        for each in statements:
            connection.execute(each)
    connection.close()


def refusal(folder: Path, key: bytes = KEY) -> str:
    with pytest.raises(Corrupt) as error:
        open_store(folder, key)
    assert "backup" in str(error.value)
    return str(error.value)


async def test_a_sound_record_is_taken_up_again_and_again(folder: Path) -> None:
    for _ in range(3):
        open_store(folder)


async def test_another_key_is_refused_and_nothing_is_written(folder: Path) -> None:
    mark = (folder / "mark").read_bytes()
    assert "sealed with another key" in refusal(folder, b"x" * 32)
    assert (folder / "mark").read_bytes() == mark
    open_store(folder)


async def test_a_database_that_is_gone_is_not_begun_anew_beside_its_mark(folder: Path) -> None:
    for path in folder.glob("tocsin.db*"):
        path.unlink()
    assert "the tail was cut" in refusal(folder)


async def test_an_older_copy_of_the_database_is_refused(folder: Path) -> None:
    with sqlite3.connect(folder / "tocsin.db") as connection:
        cut_everywhere(connection)
    connection.close()
    assert "--new-mark" in refusal(folder)


async def test_a_missing_mark_is_refused(folder: Path) -> None:
    (folder / "mark").unlink()
    assert "mark outside the database is missing" in refusal(folder)


async def test_a_mark_that_cannot_be_read_is_refused(folder: Path) -> None:
    (folder / "mark").write_bytes(b"")
    with pytest.raises(Corrupt, match="--new-mark"):
        open_store(folder)


DAMAGES = pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE entry SET body = replace(body, 'ana', 'eve') WHERE stream = 'a-2' AND seq = 4", "a-2: entry 4"),
        ("UPDATE entry SET recorded_at = '2020' WHERE stream = 'a-1' AND seq = 4", "a-1: entry 4"),
        ("DELETE FROM entry WHERE stream = 'a-2' AND seq > 2", "a-2: the tail was cut"),
        ("DELETE FROM entry WHERE stream = 'a-2'", "a-2: the whole stream is missing"),
        ("DELETE FROM head WHERE stream = 'a-2'", "Head 2 is missing"),
        ("UPDATE head SET seq = 3 WHERE n = 12", "Head 12"),
        ("UPDATE head SET seal = 'x' WHERE n = 12", "Head 12"),
        ("INSERT INTO card SELECT 'a-9', number, team, title, scenario, severity, status, opened_at, acknowledged_at, "
         "resolved_at, seq, public, grouping, forbids, private FROM card WHERE id = 'a-1'", "a-9: the list"),
    ],
)  # fmt: skip


@DAMAGES
async def test_what_is_going_on_must_end_as_its_head_says(folder: Path, statement: str, said: str) -> None:
    damage(folder, statement)
    assert said in refusal(folder)


@DAMAGES
async def test_of_very_much_nobody_reads_a_stream_before_its_end_is_checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, statement: str, said: str
) -> None:
    monkeypatch.setattr(start, "MOST_AT_START", 2)
    damage(folder, statement)
    if said.startswith("Head"):
        assert said in refusal(folder)
        return
    store = SqliteStore(folder / "tocsin.db", KEY, folder / "mark")
    try:
        assert await store.load("team/a") == [], "what every server needs at once is checked at once"
        assert store.ends is not None
        stream = said.partition(":")[0]
        for read in (store.load(stream), store.load_all([stream]), store.ends.settle()):
            with pytest.raises(Corrupt, match="backup") as error:
                await read
            assert said in str(error.value)
        assert not store.ends.is_done
    finally:
        store.close()


async def test_of_very_much_a_sound_record_is_read_once_it_is_checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "MOST_AT_START", 2)
    store = SqliteStore(folder / "tocsin.db", KEY, folder / "mark")
    ends = store.ends
    assert ends is not None
    assert len(await store.load("a-3")) == 4
    states = [ends.is_done]
    await ends.settle()
    assert [*states, ends.is_done] == [False, True], "nobody waits for the others"
    store.close()


async def test_of_very_much_what_has_gone_on_before_its_turn_is_no_damage(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "MOST_AT_START", 2)
    store = SqliteStore(folder / "tocsin.db", KEY, folder / "mark")
    assert store.ends is not None
    sealed = (await store.load("a-3"))[-1]
    fresh = note("a-2", 5, (await store.load("a-2"))[-1].mac)
    await store.write(Write(appends=(Append(stream="a-2", expected_seq=4, entries=(fresh,)),)))
    assert sealed.seq == 4
    await store.ends.settle()
    store.close()


async def test_of_very_much_what_was_put_in_behind_a_head_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "MOST_AT_START", 2)
    damage(folder, "INSERT INTO entry (stream, seq, at, recorded_at, body, mac) SELECT stream, 5, at, recorded_at, "
           "body, mac FROM entry WHERE stream = 'a-2' AND seq = 4")  # fmt: skip
    store = SqliteStore(folder / "tocsin.db", KEY, folder / "mark")
    assert store.ends is not None
    with pytest.raises(Corrupt, match="put in from outside"):
        await store.load("a-2")
    assert len(await store.load("a-1")) == 4
    store.close()


async def test_an_end_that_cannot_be_read_now_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "MOST_AT_START", 2)
    store = SqliteStore(folder / "tocsin.db", KEY, folder / "mark")
    assert store.ends is not None
    real, failed = store.ends._look, list[int]()

    async def look(work: Any) -> Any:
        if not failed:
            failed.append(1)
            raise sqlite3.OperationalError("disk I/O error")
        return await real(work)

    store.ends._look = look
    with pytest.raises(sqlite3.OperationalError):
        await store.load("a-3")
    assert len(await store.load("a-3")) == 4
    store.close()


async def test_only_the_end_of_what_is_going_on_is_looked_at(folder: Path) -> None:
    """It is quick: an old edit is found by `verify`, and does not keep anybody from being paged."""
    damage(folder, "UPDATE entry SET body = 'x' WHERE stream = 'a-2' AND seq = 1")
    damage(folder, "UPDATE card SET status = 'closed' WHERE id = 'a-1'", "DELETE FROM entry WHERE stream = 'a-1'")
    open_store(folder)


async def test_a_long_chain_of_heads_is_followed_from_near_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "MOST_HEADS", 3)
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    before = chain.START
    for seq in range(1, 8):
        sealed = note("a-1", seq, before)
        before = sealed.mac
        await store.write(Write(appends=(Append(stream="a-1", expected_seq=seq - 1, entries=(sealed,)),)))
    store.close()
    open_store(tmp_path)
    damage(tmp_path, "UPDATE head SET seal = x'00' WHERE n = 2")
    open_store(tmp_path)
    damage(tmp_path, "UPDATE head SET seal = x'00' WHERE n = 6")
    assert "Head 6" in refusal(tmp_path) or "Head 7" in refusal(tmp_path)


async def test_a_new_database_has_its_mark_before_its_first_commit(tmp_path: Path) -> None:
    open_store(tmp_path)
    mark = read_mark(tmp_path / "mark")
    assert mark is not None
    assert mark.head.n == 0
    assert chain.is_signed(KEY, mark)


async def test_the_mark_follows_the_last_commit(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    for stream in ("a-1", "a-2", "a-3"):
        append = Append(stream=stream, expected_seq=0, entries=(note(stream, 1),), card=card(stream))
        await store.write(Write(appends=(append,)))
    store.close()
    mark = read_mark(tmp_path / "mark")
    assert mark is not None
    assert (mark.head.n, mark.head.stream) == (3, "a-3")


@pytest.mark.parametrize("content", [b"garbage" * 2000, b"SQLite format 3\x00" + b"\xff" * 9000])
def test_what_is_no_database_is_corrupt(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tocsin.db").write_bytes(content)
    assert "damaged" in refusal(tmp_path)


def test_what_cannot_be_opened_now_is_for_the_caller_to_mend(tmp_path: Path) -> None:
    (tmp_path / "tocsin.db").mkdir()
    with pytest.raises(UserError, match="cannot be used now"):
        open_store(tmp_path)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    odd = tmp_path / "what? 100% #1 & ü"
    odd.mkdir()
    open_store(odd)
    assert (odd / "tocsin.db").is_file()
