"""The store in memory keeps what every store keeps: the same tests, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.engine.contracts import Append, Errand, Heard, Joining, Write
from tocsin.errors import NotFound, Stale
from tocsin.store.sqlite import SqliteStore
from tocsin.testing.memory import MemoryBlobs, MemoryStore

from .test_contract import *  # noqa: F403 the contract is one list of tests for all stores
from .test_contract import AT, KEY, alert, errands, note

for _name in (
    "test_texts_with_a_nul_are_kept_without_it_and_looked_up_in_vain",
    "test_secrets_stand_for_a_person_for_a_while_and_once_if_they_are_spent",
    "test_a_row_that_is_put_again_replaces_its_like_and_no_other",
):
    del globals()[_name]  # these are about the tables of a database


@pytest.fixture(name="store")
def memory_store() -> MemoryStore:
    """It takes the place of the contract's own."""
    return MemoryStore()


@pytest.fixture(name="sole", params=["memory", "sqlite"])
def sole_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryStore | SqliteStore]:
    """A store that one process owns; each must keep what the other keeps."""
    if request.param == "memory":
        yield MemoryStore()
        return
    file = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    yield file
    file.close()


Sole = MemoryStore | SqliteStore


async def test_what_is_handed_out_by_the_commit_that_makes_it_is_found_by_no_claim(sole: Sole) -> None:
    first, second = errands(0, 0)
    made = Append(
        stream="a-1", expected_seq=0, entries=(note("a-1", 1),), errands=(replace(first, claimed=True), second)
    )
    await sole.write(Write(appends=(made,)))
    assert sole.is_sole
    assert [each.seq for each in await sole.claim(AT, 9, lambda to: 9, ())] == [second.seq]
    assert await sole.release_claims({("a-1", second.seq)}) == 1
    (again,) = await sole.claim(AT, 9, lambda to: 9, ())
    assert (again.seq, again.attempts) == (first.seq, 1)


async def test_what_is_handed_out_by_another_write_is_found_by_no_claim(sole: Sole) -> None:
    first, second = errands(0, 0)
    await sole.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=(first, second)),)))
    await sole.write(Write(claims=(first, replace(first, seq=77))))
    assert [each.seq for each in await sole.claim(AT, 9, lambda to: 9, ())] == [second.seq]
    await sole.release(replace(first, seq=77), AT)
    await sole.release(first, AT + timedelta(seconds=1))
    assert await sole.next_due() == AT + timedelta(seconds=1)


async def test_what_was_heard_is_kept_until_it_is_written_as_a_whole(sole: Sole) -> None:
    await sole.write(Write(alerts=(alert("f"), alert("g", firing=False))))
    for body in (b"1", b"2"):
        await sole.write(Write(heard=(Heard(body=body),)))
    rows, heard = await sole.held()
    assert sorted((row.fingerprint, row.firing, row.incident, row.said) for row in rows) == [
        ("f", True, "a-1", 0),
        ("g", False, "a-1", 0),
    ]
    assert heard == [b"1", b"2"]
    await sole.write(Write(heard=(Heard(body=b"all", whole=True), Heard(body=b"3"))))
    assert (await sole.held())[1] == [b"all", b"3"]


async def test_marks_are_kept_in_their_order_until_they_are_taken_away(sole: Sole) -> None:
    for n in (2, 1, 3):
        await sole.write(Write(joining=(Joining(n=n, body=b"%d" % n),)))
    assert [each.n for each in await sole.joining()] == [1, 2, 3]
    await sole.write(Write(joined=2))
    assert await sole.joining() == [Joining(n=3, body=b"3")]


async def test_two_changes_of_one_stream_in_one_transaction_follow_each_other(store: MemoryStore) -> None:
    first = note("a-1", 1)
    appends = (
        Append(stream="a-1", expected_seq=0, entries=(first,)),
        Append(stream="a-1", expected_seq=1, entries=(note("a-1", 2, first.mac),)),
    )
    await store.write(Write(appends=appends))
    with pytest.raises(Stale):
        await store.write(Write(appends=appends))
    assert [each.seq for each in await store.load("a-1")] == [1, 2]


async def test_what_is_given_back_comes_again_at_its_new_time(store: MemoryStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(0)),)))
    (claimed,) = await store.claim(AT, 9, lambda to: 9, ())
    await store.release(claimed, AT + timedelta(seconds=2))
    assert await store.next_due() == AT + timedelta(seconds=2)
    (again,) = await store.claim(AT + timedelta(seconds=2), 9, lambda to: 9, ())
    assert isinstance(again, Errand)
    assert again.attempts == 1


async def test_blobs_are_found_by_their_content() -> None:
    blobs = MemoryBlobs()
    digest = await blobs.put(b"evidence")
    assert await MemoryBlobs(blobs.kept).get(digest) == b"evidence"
    with pytest.raises(NotFound):
        await blobs.get("0" * 64)
