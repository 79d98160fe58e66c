"""The store in memory keeps what every store keeps: the same tests, word for word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.engine.contracts import Append, Errand, Write
from tocsin.errors import NotFound, Stale
from tocsin.testing.memory import MemoryBlobs, MemoryStore

from .test_contract import *  # noqa: F403 the contract is one list of tests for all stores
from .test_contract import AT, errands, note


@pytest.fixture(name="store")
def memory_store() -> MemoryStore:
    """It takes the place of the contract's own."""
    return MemoryStore()


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
    await store.release(claimed.id, AT + timedelta(seconds=2))
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
