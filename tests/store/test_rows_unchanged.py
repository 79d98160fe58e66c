"""Wakes and cards that stand in their tables as they should are not written again; whatever else happened, they are."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, delete, select

from tocsin.engine.contracts import Append, Write
from tocsin.store import schema, tables, writer
from tocsin.store.sqlite import SqliteStore
from tocsin.words import Status

from .test_contract import AT, KEY, card, note

WAKE = AT + timedelta(hours=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    yield opened
    opened.close()


def entry(seq: int, *, stream: str = "shop-1", wake: datetime | None = WAKE, status: str = Status.ACTIVE) -> Append:
    """One more entry of a stream, with its card."""
    shown = replace(card(stream), seq=seq, status=status)
    return Append(
        stream=stream, expected_seq=seq - 1, entries=(note(stream, seq),), wake=wake, planned_at=AT, card=shown
    )


async def put(store: SqliteStore, *appends: Append) -> None:
    await store.write(Write(appends=appends))


async def tell(store: SqliteStore) -> list[tuple[str, int, str]]:
    return [(each.id, each.seq, each.status) for each in await store.cards()]


async def tell_due(store: SqliteStore) -> list[str]:
    return await store.due(WAKE, 9)


async def test_a_card_of_which_only_the_number_changes_keeps_everything_else(store: SqliteStore) -> None:
    for seq in (1, 2, 3):
        await put(store, entry(seq))
    found = await store.cards()
    assert found == [replace(card("shop-1"), seq=3, status=Status.ACTIVE)]
    await put(store, entry(4, status=Status.CLOSED, wake=None))
    await put(store, entry(5, status=Status.CLOSED, wake=None))
    assert await tell(store) == [("shop-1", 5, Status.CLOSED)]
    assert await tell_due(store) == []
    await put(store, entry(6))
    assert (await tell(store), await tell_due(store)) == ([("shop-1", 6, Status.ACTIVE)], ["shop-1"])


async def test_of_two_in_one_commit_the_later_counts(store: SqliteStore) -> None:
    await put(store, entry(1))
    await put(store, entry(2), entry(3, status=Status.CLOSED, wake=None))
    assert (await tell(store), await tell_due(store)) == ([("shop-1", 3, Status.CLOSED)], [])
    await put(store, entry(4), entry(5))
    assert (await tell(store), await tell_due(store)) == ([("shop-1", 5, Status.ACTIVE)], ["shop-1"])


async def test_what_came_to_nothing_is_not_taken_for_written(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, entry(1, wake=None))
    with monkeypatch.context() as patch:
        patch.setattr(writer, "commit", refuse)
        with pytest.raises(sqlite3.OperationalError):
            await put(store, entry(2, status=Status.CLOSED))
    assert (await tell(store), await tell_due(store)) == ([("shop-1", 1, Status.ACTIVE)], [])
    await put(store, entry(2, status=Status.CLOSED))
    assert (await tell(store), await tell_due(store)) == ([("shop-1", 2, Status.CLOSED)], ["shop-1"])


def refuse(connection: Connection) -> None:
    raise sqlite3.OperationalError("disk I/O error")


async def test_what_was_taken_away_is_written_anew(store: SqliteStore) -> None:
    await put(store, entry(1))

    def take_away(connection: Connection) -> None:
        for table, column in ((schema.entry, "stream"), (schema.card, "id"), (schema.wake, "stream")):
            connection.execute(delete(table).where(table.c[column] == "shop-1"))
        store.forget_ends(["shop-1"])

    await store.in_transaction(take_away)
    await put(store, entry(1))
    assert (await tell(store), await tell_due(store)) == ([("shop-1", 1, Status.ACTIVE)], ["shop-1"])


async def test_a_card_that_somebody_took_away_by_hand_comes_back_with_the_next_entry(store: SqliteStore) -> None:
    for name in ("shop-1", "shop-2"):
        await put(store, entry(1, stream=name))
    await store.in_transaction(lambda connection: connection.execute(delete(schema.card)))
    await put(store, entry(2, stream="shop-1"), entry(2, stream="shop-2"))
    assert sorted(await tell(store)) == [("shop-1", 2, Status.ACTIVE), ("shop-2", 2, Status.ACTIVE)]


async def test_no_more_are_remembered_than_there_is_room_for(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 4)
    for at in range(12):
        await put(store, entry(1, stream=f"shop-{at}"))
    known = store._tables._known
    assert max(len(known._wakes), len(known._cards)) <= 4
    for at in range(12):
        await put(store, entry(2, stream=f"shop-{at}"))
    assert {seq for _, seq, _ in await tell(store)} == {2}
    wakes = await store.read(lambda connection: connection.execute(select(schema.wake.c.stream)).scalars().all())
    assert len(wakes) == 12
