"""What is leased to a node is nobody else's until the lease is over, by the database's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.contracts import Append, Errand, Write
from tocsin.errors import Stale
from tocsin.store.batch import LOCK, commit
from tocsin.store.leases import LEASE_S
from tocsin.store.postgres import PostgresStore

from .ground import open_node
from .test_contract import AT, claim, errands, note

pytestmark = pytest.mark.needs("postgres")

Nodes = tuple[PostgresStore, PostgresStore]


@pytest.fixture
async def nodes(database: str, tmp_path: Path) -> AsyncIterator[Nodes]:
    one, two = [await open_node(database, tmp_path / name, name) for name in ("one", "two")]
    yield one, two
    await one.close()
    await two.close()


async def pass_time(store: PostgresStore, table: str, seconds: float = LEASE_S + 1) -> None:
    """As if so much time had passed on the database's clock."""
    from sqlalchemy import text

    await store.in_transaction(lambda c: c.execute(text(f"UPDATE {table} SET lease = lease - interval '{seconds} s'")))


async def put(store: PostgresStore, *due: int) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(*due)),)))


async def take(store: PostgresStore) -> list[Errand]:
    return await store.claim(AT, 100, lambda to: 9, ())


async def test_two_nodes_never_have_the_same_errand(nodes: Nodes) -> None:
    await put(nodes[0], *[0] * 40)
    taken: list[int] = []
    while len(taken) < 40:
        found = await asyncio.gather(*(claim(node, places=3) for node in nodes for _ in range(3)))
        taken += [seq for each in found for seq in each]
    assert sorted(taken) == list(range(1, 41))


async def test_what_a_dead_node_had_comes_again_and_says_so_once_its_lease_is_over(nodes: Nodes) -> None:
    await put(nodes[0], 0)
    assert await claim(nodes[0]) == [1]
    await pass_time(nodes[0], "errand", LEASE_S - 1)
    assert await claim(nodes[1]) == []
    await pass_time(nodes[0], "errand", 2)
    assert [(errand.seq, errand.attempts) for errand in await take(nodes[1])] == [(1, 1)]
    assert await claim(nodes[0]) == []


async def test_a_node_that_lives_keeps_what_it_has(nodes: Nodes) -> None:
    await put(nodes[0], 0)
    (errand,) = await take(nodes[0])
    await pass_time(nodes[0], "errand", LEASE_S - 1)
    await nodes[0].renew()
    await pass_time(nodes[0], "errand", 2)
    assert await claim(nodes[1]) == []
    assert await nodes[0].holds(errand.id)


async def test_a_node_that_slept_past_its_lease_is_told_that_another_has_it(nodes: Nodes) -> None:
    await put(nodes[0], 0)
    (errand,) = await take(nodes[0])
    await pass_time(nodes[0], "errand")
    assert await claim(nodes[1]) == [1]
    assert not await nodes[0].holds(errand.id)
    await nodes[0].renew()
    assert not await nodes[0].holds(errand.id)
    await nodes[0].release(errand, AT)
    await nodes[1].renew()
    assert await nodes[1].holds(errand.id)


async def test_a_node_that_slept_and_lost_nothing_goes_on(nodes: Nodes) -> None:
    await put(nodes[0], 0)
    (errand,) = await take(nodes[0])
    await pass_time(nodes[0], "errand")
    assert await nodes[0].holds(errand.id)
    assert await claim(nodes[1]) == []


async def test_a_node_that_starts_again_takes_back_its_own_at_once_and_nobody_elses(
    nodes: Nodes, database: str, tmp_path: Path
) -> None:
    await put(nodes[0], 0, 0)
    assert await claim(nodes[0], places=1) == [1, 2]
    await nodes[1].write(Write(appends=(Append(stream="b-1", expected_seq=0, errands=(other(),)),)))
    assert await claim(nodes[1]) == [1]
    again = await open_node(database, tmp_path / "one")
    assert await again.release_claims() == 2
    assert [(each.stream, each.attempts) for each in await take(again)] == [("a-1", 1), ("a-1", 1)]
    await again.close()


def other() -> Errand:
    return Errand(stream="b-1", seq=1, destination="channel:0", due_at=AT)


async def test_what_is_elsewhere_waits_for_its_node_and_is_found_by_all_once_that_is_dead(nodes: Nodes) -> None:
    nodes[1].elsewhere = lambda: ("channel:0",)
    await put(nodes[0], 0)
    assert await claim(nodes[1]) == []
    assert await claim(nodes[0]) == [1]
    await pass_time(nodes[0], "errand")
    assert await claim(nodes[1]) == [1]


async def test_a_full_destination_is_full_for_what_was_lost_too(nodes: Nodes) -> None:
    await put(nodes[0], 0)
    assert await claim(nodes[0]) == [1]
    await pass_time(nodes[0], "errand")
    assert await claim(nodes[1], full=("channel:0",)) == []


async def wake(store: PostgresStore, seconds: int | None, seq: int = 0) -> None:
    moment = None if seconds is None else AT + timedelta(seconds=seconds)
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=seq, wake=moment),)))


async def test_one_node_plans_a_stream_at_a_time(nodes: Nodes) -> None:
    await wake(nodes[0], 0)
    assert await nodes[0].due(AT, 10) == ["a-1"]
    assert await nodes[1].due(AT, 10) == []
    assert await nodes[0].due(AT, 10) == ["a-1"], "it may fail and try again"
    await pass_time(nodes[0], "wake")
    assert await nodes[1].due(AT, 10) == ["a-1"]


async def test_what_comes_next_is_taken_by_one_node(nodes: Nodes) -> None:
    await wake(nodes[0], 1)
    second = AT + timedelta(seconds=1)
    assert await nodes[1].coming(AT, second, 10, take=False) == [(second, "a-1")]
    assert await nodes[0].coming(AT, second, 10, take=True) == [(second, "a-1")]
    assert await nodes[1].coming(AT, second, 10, take=True) == []
    assert await nodes[1].due(second, 10) == [], "it is planned by the node that has it"
    await pass_time(nodes[0], "wake")
    assert await nodes[1].due(second, 10) == ["a-1"], "unless that does not live any more"


async def test_a_new_wake_is_anybodys(nodes: Nodes) -> None:
    await wake(nodes[0], 0)
    assert await nodes[0].due(AT, 10) == ["a-1"]
    await wake(nodes[0], 0)
    assert await nodes[1].due(AT, 10) == ["a-1"]


async def test_who_plans_on_what_has_moved_on_sets_no_wake(nodes: Nodes) -> None:
    """A plan that adds nothing must not put its old wake over the one that a newer entry has set."""
    await wake(nodes[0], 5)
    append = Append(stream="a-1", expected_seq=0, entries=(note("a-1", 1),), wake=AT)
    await nodes[1].write(Write(appends=(append,)))
    with pytest.raises(Stale):
        await wake(nodes[0], 60)
    assert await nodes[0].due(AT, 10) == ["a-1"]


async def test_each_node_hears_of_every_entry_once_and_in_the_order_of_the_commits(nodes: Nodes) -> None:
    async def fill(node: PostgresStore, stream: str) -> None:
        before = None
        for seq in range(1, 11):
            before = note(stream, seq, before.mac) if before else note(stream, seq)
            await node.write(Write(appends=(Append(stream=stream, expected_seq=seq - 1, entries=(before,)),)))

    work = asyncio.gather(*(fill(node, f"{name}-{i}") for i, node in enumerate(nodes) for name in ("a", "b", "c")))
    heard: list[list[tuple[str, int]]] = [[], []]
    while not work.done() or len(heard[0]) < 60 or len(heard[1]) < 60:
        for node, told in zip(nodes, heard, strict=True):
            told += [(sealed.stream, sealed.seq) for sealed in await node.follow()]
    await work
    assert heard[0] == heard[1]
    assert len(set(heard[0])) == 60
    for stream in {stream for stream, _ in heard[0]}:
        assert [seq for each, seq in heard[0] if each == stream] == list(range(1, 11))


async def test_a_commit_is_announced(nodes: Nodes) -> None:
    ears = asyncio.create_task(nodes[1].listen())
    async with asyncio.timeout(60):
        for seq in range(1000):
            await nodes[0].write(
                Write(appends=(Append(stream=f"a-{seq}", expected_seq=0, entries=(note(f"a-{seq}", 1),)),))
            )
            if nodes[1].news.is_set():
                break
    ears.cancel()
    await asyncio.gather(ears, return_exceptions=True)
    assert nodes[1].news.is_set()


async def test_a_batch_whose_one_write_cannot_be_written_keeps_the_others(nodes: Nodes) -> None:
    good = Append(stream="a-1", expected_seq=0, entries=(note("a-1", 1),))
    bad = Append(stream="b-1", expected_seq=0, entries=(note("b-1", 2), note("b-1", 2)))
    late = Append(stream="c-1", expected_seq=4, entries=(note("c-1", 5),))
    writes = [nodes[0].write(Write(appends=(append,))) for append in (good, bad, late)]
    found = await asyncio.gather(*writes, return_exceptions=True)
    assert found[0] is None
    assert isinstance(found[1], Exception)
    assert isinstance(found[2], Stale)
    assert len(await nodes[1].load("a-1")) == 1
    assert await nodes[1].load("b-1") == []


async def test_a_commit_that_the_driver_cancels_keeps_nobody_waiting_and_the_next_one_goes_through(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [2]

    async def give_up(*given: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise asyncio.CancelledError
        return await commit(*given)

    monkeypatch.setattr("tocsin.store.postgres.commit", give_up)
    async with asyncio.timeout(60):
        with pytest.raises(TimeoutError, match="given up"):
            await put(nodes[0], 0)
        left[0] = 1
        await asyncio.gather(*(put(nodes[0], 0), put(nodes[0], 0)), return_exceptions=True)
    assert await claim(nodes[0]) == [1]


async def test_what_the_driver_never_answers_is_given_up_and_the_next_one_goes_through(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [2]

    async def hang(*given: Any) -> Any:
        if left[0]:
            left[0] -= 1
            await asyncio.Event().wait()
        return await commit(*given)

    monkeypatch.setattr("tocsin.store.postgres.commit", hang)
    monkeypatch.setattr("tocsin.store.postgres.LONGEST_S", 0.05)
    with pytest.raises(TimeoutError):
        await put(nodes[0], 0)
    left[0] = 0
    monkeypatch.setattr("tocsin.store.postgres.LONGEST_S", 10.0)
    await put(nodes[0], 0)
    assert await claim(nodes[0]) == [1]


async def test_a_connection_that_breaks_in_mid_commit_leaves_nothing_behind_and_the_next_write_has_another(
    nodes: Nodes, database: str
) -> None:
    await put(nodes[0], 0)
    link = nodes[0]._link.driver_connection
    link.terminate()
    await nodes[0].write(Write(counters={"c": 1}))
    real = nodes[0]._link.driver_connection
    await real.execute("SET lock_timeout = '1ms'")
    async with nodes[1]._engine.begin() as held:
        await held.execute(LOCK)
        with pytest.raises(Exception, match="lock timeout"):
            await nodes[0].write(Write(counters={"c": 2}))
    await nodes[0].write(Write(counters={"c": 2}))
    assert nodes[0]._link.driver_connection is not real
    assert await nodes[1].count("c") == 2


ANSWERS = [OSError("reset by peer"), TimeoutError(), asyncio.CancelledError()]


def beside(*streams: str) -> list[Write]:
    """Writes that share a transaction."""
    appends = [Append(stream=stream, expected_seq=0, entries=(note(stream, 1),)) for stream in streams]
    return [Write(appends=(append,), counters={f"incident/{append.stream}": 1}) for append in appends]


class Cut:
    """A connection whose answer to one statement is lost; the statement arrives, or does not."""

    def __init__(self, driver: Any, before: str, lost: list[BaseException], *, arrives: bool) -> None:
        self._driver, self._before, self._lost, self._arrives = driver, before, lost, arrives

    async def execute(self, statement: str) -> Any:
        is_it = self._lost and statement.startswith(self._before)
        if not is_it or self._arrives:
            await self._driver.execute(statement)
        if is_it:
            raise self._lost.pop()

    async def fetch(self, *given: Any) -> Any:
        return await self._driver.fetch(*given)


def lose(monkeypatch: pytest.MonkeyPatch, before: str, error: BaseException, *, arrives: bool) -> None:
    """The first statement that begins like this is not answered."""
    lost = [error]

    async def cut(driver: Any, *given: Any) -> Any:
        return await commit(Cut(driver, before, lost, arrives=arrives), *given)

    monkeypatch.setattr("tocsin.store.postgres.commit", cut)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("error", ANSWERS, ids=repr)
async def test_of_a_commit_that_is_not_answered_nobody_is_told_that_somebody_else_was_first(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, error: BaseException, arrives: bool
) -> None:
    lose(monkeypatch, "COMMIT", error, arrives=arrives)
    found = await asyncio.gather(*map(nodes[0].write, beside("a-1", "b-1")), return_exceptions=True)
    expected = TimeoutError if isinstance(error, asyncio.CancelledError) else type(error)
    assert [type(each) for each in found] == [expected, expected]
    assert [len(await nodes[1].load(stream)) for stream in ("a-1", "b-1")] == [arrives, arrives]
    await asyncio.gather(*map(nodes[0].write, beside("c-1", "d-1")))


@pytest.mark.parametrize("error", ANSWERS, ids=repr)
async def test_what_failed_before_its_commit_was_sent_is_written_one_by_one(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    lose(monkeypatch, "BEGIN", error, arrives=True)
    await asyncio.gather(*map(nodes[0].write, beside("a-1", "b-1")))
    assert [len(await nodes[1].load(stream)) for stream in ("a-1", "b-1")] == [1, 1]


async def test_a_commit_that_is_waited_for_too_long_is_not_sent_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [True]

    async def wait(*given: Any) -> Any:
        answer = await commit(*given)
        if late:
            late.clear()
            await asyncio.Event().wait()
        return answer

    monkeypatch.setattr("tocsin.store.postgres.commit", wait)
    monkeypatch.setattr("tocsin.store.postgres.LONGEST_S", 1.0)
    found = await asyncio.gather(*map(nodes[0].write, beside("a-1", "b-1")), return_exceptions=True)
    assert [type(each) for each in found] == [TimeoutError, TimeoutError]
    assert await nodes[1].count("incident/a-1") == 1


async def test_what_a_living_node_does_not_carry_comes_to_another_once_its_lease_is_over(nodes: Nodes) -> None:
    await put(nodes[0], 0, 0)
    taken = await take(nodes[0])
    nodes[0].carried = lambda: [(taken[0].stream, taken[0].seq)]
    await pass_time(nodes[0], "errand", LEASE_S - 1)
    await nodes[0].renew()
    await pass_time(nodes[0], "errand", 2)
    assert [errand.seq for errand in await take(nodes[1])] == [taken[1].seq]
    assert await nodes[0].holds(taken[0].id)
    assert not await nodes[0].holds(taken[1].id)
    nodes[0].carried = list
    await nodes[0].renew()
    await pass_time(nodes[0], "errand")
    assert taken[0].seq in [errand.seq for errand in await take(nodes[1])]


async def test_a_node_does_not_take_again_what_it_has_let_go_of_and_not_ended(nodes: Nodes) -> None:
    stuck, other = nodes
    await put(stuck, 0, 0)
    first, second = await take(stuck)
    stuck.carried, stuck.begun = list, lambda: {(first.stream, first.seq)}
    await stuck.renew()
    await pass_time(stuck, "errand")
    assert [errand.seq for errand in await take(stuck)] == [second.seq], "what it has no hold of at all is as any other"
    assert [(errand.seq, errand.attempts) for errand in await take(other)] == [(first.seq, 1)]
    assert not await stuck.holds(first.id)
    await pass_time(other, "errand")
    assert first.seq not in [errand.seq for errand in await take(stuck)], "not from another one that is dead either"
    stuck.begun = set
    assert [errand.seq for errand in await take(stuck)] == [first.seq]
