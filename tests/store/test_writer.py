"""What waits together is committed together, and yet each of it holds or fails by itself."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from tocsin.engine.contracts import Append, Write
from tocsin.errors import Conflict, Stale, Unavailable
from tocsin.store import writer
from tocsin.store.sqlite import SqliteStore
from tocsin.store.verify import verify

from .test_contract import KEY, alert, card, note


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    yield opened
    opened.close()


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One element for each commit."""
    seen: list[None] = []
    real = writer.commit

    def count(connection: Connection) -> None:
        seen.append(None)
        real(connection)

    monkeypatch.setattr(writer, "commit", count)
    return seen


def opening(stream: str) -> Write:
    append = Append(stream=stream, expected_seq=0, entries=(note(stream, 1),), card=card(stream))
    return Write(appends=(append,))


async def stall(store: SqliteStore) -> threading.Event:
    """Keep the writer busy until the event is set, so that what comes now waits together."""
    begun, free = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        begun.set()
        free.wait(120)

    store._writer.submit(work)
    await asyncio.to_thread(begun.wait, 120)
    return free


async def ask_all(store: SqliteStore, *asked: Awaitable[Any]) -> list[Any]:
    """What came of each, asked for while the writer is busy."""
    free = await stall(store)
    waiting = asyncio.gather(*asked, return_exceptions=True)
    await asyncio.sleep(0)
    free.set()
    return await waiting


async def write_all(store: SqliteStore, *writes: Write) -> list[Any]:
    """What came of each write."""
    return await ask_all(store, *map(store.write, writes))


async def test_what_waits_together_is_one_commit(store: SqliteStore, commits: list[None]) -> None:
    assert await write_all(store, *(opening(f"a-{n}") for n in range(50))) == [None] * 50
    assert len(commits) == 2, "the one that stalled, and all others"
    assert len(await store.cards()) == 50


async def test_one_that_came_too_late_fails_alone(store: SqliteStore, tmp_path: Path) -> None:
    await store.write(opening("a-1"))
    late = opening("a-1")
    answers = await write_all(store, opening("a-2"), late, opening("a-3"))
    assert [type(each) for each in answers] == [type(None), Stale, type(None)]
    assert {each.id for each in await store.cards()} == {"a-1", "a-2", "a-3"}
    store.close()
    assert not [
        each for each in verify(tmp_path / "tocsin.db", KEY, tmp_path / "mark").flaws if each.fault != "counter"
    ]


async def test_one_that_the_database_cannot_take_fails_alone_and_leaves_nothing(store: SqliteStore) -> None:
    half = replace(alert("f"), generator_url=None)
    poisoned = Write(appends=opening("b-1").appends, alerts=(alert("e"), half))
    answers = await write_all(store, opening("a-1"), poisoned, Write(alerts=(alert("g"),)))
    assert answers[0] is None
    assert isinstance(answers[1], Exception)
    assert answers[2] is None
    assert await store.load("b-1") == []
    assert [row.fingerprint for row in await store.alerts()] == ["g"]
    await store.write(opening("b-1"))


async def test_work_that_fails_takes_no_write_with_it(store: SqliteStore) -> None:
    def work(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM card")
        raise ZeroDivisionError

    wrote, failed = await ask_all(store, store.write(opening("a-1")), store.in_transaction(work))
    assert wrote is None
    assert isinstance(failed, ZeroDivisionError)
    assert [each.id for each in await store.cards()] == ["a-1"]


async def test_counters_of_one_commit_count_on(store: SqliteStore) -> None:
    writes = [Write(counters={"c": n}) for n in range(1, 6)]
    assert await write_all(store, *writes, Write(counters={"c": 15}, spans={"c": 10})) == [None] * 6
    assert await store.count("c") == 15
    with pytest.raises(Conflict):
        await store.write(Write(counters={"c": 20}, spans={"c": 4}))


async def test_a_commit_that_fails_fails_for_all_and_is_not_tried_again(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it reached the disk is not known: who asked must look, and nothing may be put there twice."""
    tried: list[None] = []
    real = writer.commit

    def refuse(connection: Connection) -> None:
        tried.append(None)
        if len(tried) == 2:
            raise sqlite3.OperationalError("disk I/O error")
        real(connection)

    monkeypatch.setattr(writer, "commit", refuse)
    answers = await write_all(store, opening("a-1"), opening("a-2"))
    assert [type(each) for each in answers] == [sqlite3.OperationalError] * 2
    assert len(tried) == 2
    assert await store.cards() == []
    assert await write_all(store, opening("a-1")) == [None]


async def test_more_than_can_wait_is_told_to_come_again(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 3)
    answers = await write_all(store, *(opening(f"a-{n}") for n in range(10)))
    refused = [each for each in answers if isinstance(each, Unavailable)]
    assert 0 < len(refused) < 10
    assert len(await store.cards()) == 10 - len(refused)


async def test_everything_that_waits_is_written_before_the_store_closes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    free = await stall(store)
    waiting = [asyncio.ensure_future(store.write(opening(f"a-{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    free.set()
    store.close()
    await asyncio.gather(*waiting)
    again = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    assert len(await again.cards()) == 20
    again.close()


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store in which what is patient waits for company, and without it for ever."""
    opened = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark", patience_s=3600)
    yield opened
    opened.close()


def waiting(stream: str) -> Write:
    return replace(opening(stream), patient=True)


async def test_what_is_patient_goes_with_the_next_that_is_not(patient: SqliteStore, commits: list[None]) -> None:
    first, second = (asyncio.ensure_future(patient.write(waiting(name))) for name in ("a-1", "a-2"))
    await asyncio.sleep(0)
    await patient.cards()
    assert not commits
    await patient.write(opening("a-3"))
    await asyncio.gather(first, second)
    assert len(commits) == 1
    assert {each.id for each in await patient.cards()} == {"a-1", "a-2", "a-3"}


async def test_whoever_is_waited_for_is_hurried(patient: SqliteStore) -> None:
    asked = asyncio.ensure_future(patient.write(waiting("a-1")))
    await asyncio.sleep(0)
    patient.hurry()
    patient.hurry()
    await asked
    assert [each.id for each in await patient.cards()] == ["a-1"]


async def test_what_is_patient_waits_no_longer_than_its_patience(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark", patience_s=0.001)
    await store.write(waiting("a-1"))
    await store.write(waiting("a-2"))
    assert len(await store.cards()) == 2
    store.close()


async def test_what_is_patient_is_written_before_the_store_closes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark", patience_s=3600)
    asked = asyncio.ensure_future(store.write(waiting("a-1")))
    await asyncio.sleep(0)
    store.close()
    await asked


async def test_company_that_fails_takes_nothing_patient_with_it(patient: SqliteStore) -> None:
    await patient.write(opening("a-1"))
    asked = asyncio.ensure_future(patient.write(waiting("a-2")))
    await asyncio.sleep(0)
    with pytest.raises(Stale):
        await patient.write(opening("a-1"))
    await asked


async def test_work_on_the_connection_and_writes_beside_it_are_one_commit(
    store: SqliteStore, commits: list[None]
) -> None:
    """Work may use the connection in its own way: what it changes is committed with the others, once."""

    def work(connection: Connection) -> int:
        connection.exec_driver_sql("DELETE FROM card WHERE id = 'a-1'")
        return int(connection.exec_driver_sql("SELECT count(*) FROM card").scalar_one())

    answers = await ask_all(store, store.write(opening("a-1")), store.in_transaction(work), store.write(opening("a-2")))
    assert answers == [None, 0, None]
    assert len(commits) == 2, "the one that stalled, and all others"
    assert [each.id for each in await store.cards()] == ["a-2"]
    assert await store.in_transaction(work) == 1
    assert len(commits) == 3
