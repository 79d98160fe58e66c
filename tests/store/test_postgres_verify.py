"""Whoever touches the record on PostgreSQL is found out by name, whichever node wrote it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.engine.contracts import Append, Write
from tocsin.engine.failpoint import pass_by
from tocsin.errors import Corrupt, UserError
from tocsin.store.nodes import read_url
from tocsin.store.postgres import PostgresStore
from tocsin.store.postgres_blobs import PART, PostgresBlobs
from tocsin.store.postgres_verify import renew_mark, verify
from tocsin.timeline import chain
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import NoteAdded, PostmortemSaved

from .ground import KEY, open_node
from .test_contract import AT, card

pytestmark = pytest.mark.needs("postgres")


class Record:
    """Three streams of four entries, written by two nodes in turn."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.mark = read_url(url), folder / "one" / "mark"
        self.first = folder / "one"

    async def damage(self, *statements: str) -> None:
        """Do what somebody does who can write the database."""
        import asyncpg

        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        for each in statements:
            await connection.execute(each)
        await connection.close()

    async def check(self) -> list[str]:
        return [flaw.text for flaw in (await verify(self.url, KEY, self.mark)).flaws]


@pytest.fixture
async def record(database: str, tmp_path: Path) -> AsyncIterator[Record]:
    nodes = [await open_node(database, tmp_path / name, name) for name in ("one", "two")]
    seals: dict[str, bytes] = {}
    for seq in range(1, 5):
        for at in (1, 2, 3):
            stream = f"a-{at}"
            entry = Entry(stream=stream, seq=seq, at=AT, recorded_at=AT, event=NoteAdded(text=f"{seq}", by="ana"))
            sealed = chain.seal_entry(KEY, seals.get(stream, chain.START), entry)
            seals[stream] = sealed.mac
            append = Append(stream=stream, expected_seq=seq - 1, entries=(sealed,), card=replace(card(stream), seq=seq))
            node: PostgresStore = nodes[0] if (seq, at) == (4, 3) else nodes[(seq + at) % 2]
            await node.write(Write(appends=(append,), counters={"incident/a": at} if seq == 1 else {}))
    for node in nodes:
        await node.close()
    yield Record(database, tmp_path)


async def test_an_untouched_record_of_two_nodes_holds(record: Record) -> None:
    report = await verify(record.url, KEY, record.mark)
    assert (report.streams, report.entries, report.heads, report.flaws) == (3, 12, 12, ())


TAIL = "DELETE FROM entry WHERE stream = 'a-2' AND seq > 2"
STREAM = "DELETE FROM entry WHERE stream = 'a-2'"
HEADS = "DELETE FROM head WHERE stream = 'a-2'"
CARD = "DELETE FROM card WHERE id = 'a-2'"
NEWEST = (
    "DELETE FROM entry WHERE stream = 'a-3' AND seq = 4",
    "DELETE FROM head WHERE n = 12",
    "UPDATE card SET seq = 3 WHERE id = 'a-3'",
)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (["UPDATE entry SET body = 'x' WHERE stream = 'a-2' AND seq = 3"], "a-2: entry 3 was changed"),
        (["UPDATE entry SET recorded_at = '2020' WHERE stream = 'a-2' AND seq = 3"], "a-2: entry 3 was changed"),
        (["DELETE FROM entry WHERE stream = 'a-2' AND seq = 2"], "a-2: entries 2 to 2 are missing."),
        ([TAIL], "a-2: the tail was cut; entries 3 to 4 are missing."),
        ([STREAM], "a-2: the whole stream is missing"),
        ([STREAM, HEADS], "a-2: the whole stream is missing"),
        ([STREAM, HEADS, CARD], "a-2: the whole stream is missing"),
        ([*NEWEST], "a-3: the tail was cut; entry 4 is missing, and head 12. The mark outside the database proves it"),
        (["UPDATE counter SET value = 2"], "The counter of a was set back: it says 2, and a-3 is there."),
        (["UPDATE head SET seq = 9 WHERE n = 5"], "Head 5 (a-2) was changed after it was written."),
        ([CARD], "a-2: the lists do not name it any more."),
    ],
)
async def test_what_was_touched_is_named(record: Record, damage: list[str], said: str) -> None:
    await record.damage(*damage)
    assert any(text.startswith(said) for text in await record.check())


async def test_a_node_does_not_go_on_behind_a_cut_tail(record: Record) -> None:
    await record.damage(*NEWEST)
    with pytest.raises(Corrupt, match="the tail was cut"):
        await open_node(str(record.url.render_as_string(hide_password=False)), record.first)
    await renew_mark(record.url, KEY, record.mark)
    assert await record.check() == []


async def test_a_new_node_joins_and_one_that_has_lost_its_mark_does_not(record: Record, tmp_path: Path) -> None:
    url = record.url.render_as_string(hide_password=False)
    third = await open_node(url, tmp_path / "three", "three")
    await third.close()
    assert (tmp_path / "three" / "mark").exists()
    (tmp_path / "three" / "mark").unlink()
    with pytest.raises(Corrupt, match="mark outside the database is missing"):
        await open_node(url, tmp_path / "three", "three")


async def test_a_node_with_another_key_is_refused(record: Record, tmp_path: Path) -> None:
    url = record.url.render_as_string(hide_password=False)
    with pytest.raises(Corrupt, match=r"another key than the one in secrets/chain\.key"):
        await open_node(url, tmp_path / "three", "three", b"x" * 32)


async def test_a_database_without_a_record_is_said_to_have_none(cluster: object, database: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to verify"):
        await verify(read_url(database), KEY, tmp_path / "mark")


async def test_every_blob_that_is_named_is_looked_at(record: Record) -> None:
    node = await open_node(record.url.render_as_string(hide_password=False), record.first)
    text = b"what happened " * (PART // 7)
    digest = await PostgresBlobs(node, pass_by).put(text)
    assert await PostgresBlobs(node, pass_by).get(digest) == text
    entry = Entry(stream="b-1", seq=1, at=AT, recorded_at=AT, event=PostmortemSaved(text=digest, by="ana"))
    append = Append(
        stream="b-1", expected_seq=0, entries=(chain.seal_entry(KEY, chain.START, entry),), card=card("b-1")
    )
    await node.write(Write(appends=(append,), counters={"incident/b": 1}))
    assert await record.check() == []
    await record.damage("UPDATE blob SET content = 'nothing happened' WHERE part = 1")
    assert await record.check() == [f"b-1: blob {digest[:12]}, which entry 1 names, was changed after it was kept."]
    with pytest.raises(Corrupt, match="not what was kept"):
        await PostgresBlobs(node, pass_by).get(digest)
    assert await PostgresBlobs(node, pass_by).put(text) == digest
    assert await record.check() == []
    await record.damage("DELETE FROM blob")
    assert await record.check() == [f"b-1: blob {digest[:12]}, which entry 1 names, is missing."]
    await node.close()


async def test_nodes_that_write_at_once_make_one_chain(database: str, tmp_path: Path) -> None:
    nodes = [await open_node(database, tmp_path / name, name) for name in ("one", "two", "three")]

    async def fill(node: PostgresStore, team: str) -> None:
        for n in range(1, 9):
            event = NoteAdded(text="x", by="ana")
            entry = Entry(stream=f"{team}-{n}", seq=1, at=AT, recorded_at=AT, event=event)
            append = Append(
                stream=entry.stream,
                expected_seq=0,
                entries=(chain.seal_entry(KEY, chain.START, entry),),
                card=card(entry.stream),
            )
            await node.write(Write(appends=(append,), counters={f"incident/{team}": n}))

    await asyncio.gather(*(fill(node, f"{team}{i}") for i, node in enumerate(nodes) for team in "ab"))
    for node in nodes:
        await node.close()
        report = await verify(read_url(database), KEY, tmp_path / node.node.name / "mark")
        assert (report.entries, report.heads, report.flaws) == (48, 48, ())
