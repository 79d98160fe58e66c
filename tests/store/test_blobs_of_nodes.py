"""Blobs that several nodes keep and take away at once: what was reported kept is there a day later, at least."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, text

from tocsin.engine.failpoint import pass_by
from tocsin.store import loose, postgres_blobs, schema
from tocsin.store.loose import GRACE, Loose
from tocsin.store.postgres_blobs import PostgresBlobs

from .ground import open_node
from .test_contract import AT

pytestmark = pytest.mark.needs("postgres")


async def test_what_another_node_takes_away_between_two_looks_is_kept_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await open_node(database, tmp_path)
    blobs = PostgresBlobs(node, pass_by)
    digest = await blobs.put(b"evidence")
    await Loose(node, blobs).sweep(AT)

    def look_and_lose(real: str) -> None:
        """Each statement of a look is a transaction of its own: the other node commits right behind this one."""
        look = getattr(postgres_blobs, real)

        def work(connection: Connection, name: str) -> object:
            found = look(connection, name)
            monkeypatch.setattr(postgres_blobs, real, look)
            loose._take_off(connection, [name], 0, AT)
            return found

        monkeypatch.setattr(postgres_blobs, real, work)

    for real in ("find_fault", "_is_loose"):
        look_and_lose(real)
        assert await blobs.put(b"evidence") == digest
        assert await blobs.get(digest) == b"evidence", real
        await Loose(node, blobs).sweep(AT)
    await node.close()


async def test_a_late_note_of_what_is_gone_takes_no_day_from_what_is_kept_again(database: str, tmp_path: Path) -> None:
    node = await open_node(database, tmp_path)
    blobs = PostgresBlobs(node, pass_by)
    sweep = Loose(node, blobs)
    digest = await blobs.put(b"evidence")
    await sweep.sweep(AT)
    assert await sweep.sweep(AT + GRACE) == 1
    await node.in_transaction(lambda c: loose._note(c, [digest], {digest}, AT + GRACE))  # of a node that looked before
    assert not await node.read(lambda c: postgres_blobs._is_loose(c, digest))
    await blobs.put(b"evidence")
    assert await sweep.sweep(AT + 3 * GRACE) == 0
    assert await blobs.get(digest) == b"evidence"
    assert await sweep.sweep(AT + 4 * GRACE) == 1, "a day later"
    await node.close()


async def test_whoever_keeps_a_blob_takes_it_off_the_list_of_what_is_loose(database: str, tmp_path: Path) -> None:
    node = await open_node(database, tmp_path)
    blobs = PostgresBlobs(node, pass_by)
    digest = await blobs.put(b"evidence")
    await Loose(node, blobs).sweep(AT)
    await node.in_transaction(lambda c: c.execute(delete(schema.blob)))  # as a node of before might have left it
    await blobs.put(b"evidence")
    assert await Loose(node, blobs).sweep(AT + GRACE) == 0
    assert await blobs.get(digest) == b"evidence"
    await node.close()


async def test_two_nodes_note_the_same_at_once(database: str, tmp_path: Path) -> None:
    one, two = [await open_node(database, tmp_path / name, name) for name in ("one", "two")]
    digest = await PostgresBlobs(one, pass_by).put(b"evidence")

    def note(connection: Connection) -> None:
        loose._note(connection, [digest], {digest}, AT)

    async with one._engine.begin() as connection:
        await connection.run_sync(note)
        other = asyncio.create_task(two.in_transaction(note))
        waiting = text("SELECT 1 FROM pg_locks WHERE NOT granted")
        while not other.done() and not await one.read(lambda c: c.execute(waiting).all()):
            await asyncio.sleep(0)
    await other
    assert await one.read(lambda c: postgres_blobs._is_loose(c, digest))
    for node in (one, two):
        await node.close()
