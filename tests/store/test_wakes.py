"""Two nodes plan one incident at once, and neither finds anything to write down: the earlier wake holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tocsin.engine.contracts import Append, Write
from tocsin.store.postgres import PostgresStore

from .ground import open_node
from .test_contract import AT, note

pytestmark = pytest.mark.needs("postgres")


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


async def plan(
    store: PostgresStore, wake: datetime | None, at: datetime | None = None, *, entries: bool = False
) -> None:
    """What the planning of a stream with one entry comes to, at a moment; or what a change of it does."""
    if entries:
        await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, entries=(note("a-1", 1),), wake=wake),)))
    else:
        await store.write(Write(appends=(Append(stream="a-1", expected_seq=1, wake=wake, planned_at=at),)))


@pytest.fixture
async def nodes(database: str, tmp_path: Path) -> AsyncIterator[list[PostgresStore]]:
    made = [await open_node(database, tmp_path / name, name) for name in ("one", "two")]
    await plan(made[0], AT, entries=True)
    yield made
    for each in made:
        await each.close()


@pytest.mark.parametrize("at", [None, AT])
@pytest.mark.parametrize("first", [5, 9])
async def test_the_earlier_of_two_wakes_holds_whichever_is_written_first(
    nodes: list[PostgresStore], first: int, at: datetime | None
) -> None:
    one, two = nodes
    assert await one.due(AT, 10) == ["a-1"]
    await plan(two, after(first), at)
    await plan(one, after(14 - first), at)
    assert await two.due(after(5), 10) == ["a-1"], "at the latest"


@pytest.mark.parametrize("at", [None, AT])
async def test_who_sees_no_reason_to_wake_takes_no_wake_away_from_who_sees_one(
    nodes: list[PostgresStore], at: datetime | None
) -> None:
    one, two = nodes
    assert await one.due(AT, 10) == ["a-1"]
    await plan(two, after(5), at)
    await plan(one, None, at)
    assert await two.due(after(5), 10) == ["a-1"]


@pytest.mark.parametrize("wake", [None, after(60)])
async def test_a_wake_that_is_taken_while_a_plan_waits_for_its_commit_is_not_lost(
    nodes: list[PostgresStore], wake: datetime | None
) -> None:
    one, two = nodes
    assert await one.due(AT, 10) == ["a-1"]
    await plan(two, after(1), AT)
    assert await one.due(after(1), 10) == ["a-1"], "it is at work there already, and is left out"
    await plan(one, wake, AT)
    assert await one.next_due() == after(1)
    assert await two.due(after(1), 10) == ["a-1"]
    await plan(two, wake, after(1))
    assert await one.next_due() == wake


async def test_a_wake_that_was_kept_while_another_plans_it_wakes_once_more(nodes: list[PostgresStore]) -> None:
    one, two = nodes
    assert await one.due(AT, 10) == ["a-1"]
    await plan(two, after(1), after(-1))
    await plan(one, after(60), AT)
    assert await two.due(AT, 10) == ["a-1"], "by what it knows, and the other one did not"
    await plan(two, after(1), AT)
    assert await one.next_due() == after(1)


@pytest.mark.parametrize("at", [None, after(2)])
@pytest.mark.parametrize("wake", [None, after(9)])
async def test_who_was_woken_alone_sets_the_next_wake(
    nodes: list[PostgresStore], wake: datetime | None, at: datetime | None
) -> None:
    one, two = nodes
    assert await one.due(AT, 10) == ["a-1"]
    await plan(two, after(1), at and AT)
    await plan(one, after(2), at and AT)
    for node in (two, one):  # who wakes in vain plans once more, and all are at rest
        for stream in await node.due(after(2), 10):
            assert stream == "a-1"
            await plan(node, wake, at)
    assert await one.due(after(8), 10) == []
    assert (await one.next_due()) == wake


async def test_what_has_happened_since_sets_the_wake_whatever_it_was(nodes: list[PostgresStore]) -> None:
    one, two = nodes
    assert await one.due(AT, 10) == ["a-1"]
    later = Append(stream="a-1", expected_seq=1, entries=(note("a-1", 2),), wake=after(20))
    await two.write(Write(appends=(later,)))
    assert await one.next_due() == after(20)
