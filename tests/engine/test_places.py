"""How many pages may be on their way to a channel, and that one which has not taken any lately is asked carefully."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.alert.signal import Signal
from tocsin.engine import loop
from tocsin.engine.breaker import Breakers
from tocsin.engine.change import NoOutgoing
from tocsin.engine.contracts import Key
from tocsin.engine.gates import APART, SHOWN_FOR, Gates
from tocsin.engine.places import Places
from tocsin.errors import Unavailable
from tocsin.incident.commands import Acknowledge
from tocsin.testing.clock import FakeClock
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.words import Mode

from .test_survival import cast

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
TO = "channel:hook"
BURST = 40


def fill(places: Places, to: str) -> int:
    """Take what is left; how much that was."""
    count = 0
    while places.count_left(to) > 0:
        places.take(to)
        count += 1
    return count


def test_each_destination_has_places_of_its_own() -> None:
    places = Places()
    places.most = {TO: 32}
    assert [fill(places, to) for to in ("target:web", "other", "channel:mail", TO)] == [2, 4, 8, 32]
    assert places.find_full() == ["target:web", "other", "channel:mail", TO]
    places.give_back(TO)
    assert places.count_left(TO) == 1


async def come(gates: Gates, to: str, passed: list[str]) -> None:
    while await gates.hold_back(to):
        pass
    passed.append(to)


async def rest() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_channel_that_says_nothing_is_asked_twice_a_second_and_one_that_answers_by_all() -> None:
    clock, passed = FakeClock(NOW), list[str]()
    gates = Gates(clock, Breakers())
    coming = [asyncio.ensure_future(come(gates, TO, passed)) for _ in range(6)]
    counts = []
    for half in range(4):
        clock.set(NOW + half * APART)
        await rest()
        counts.append(len(passed))
    assert counts == [1, 2, 3, 4]
    gates.show(TO)
    await asyncio.gather(*coming)
    clock.set(NOW + 3 * APART + SHOWN_FOR - timedelta(seconds=1))
    assert not await gates.hold_back(TO), "it has answered lately"


async def test_whoever_waits_goes_on_at_once_when_the_channel_is_found_out_of_order() -> None:
    clock, breakers, passed = FakeClock(NOW), Breakers(), list[str]()
    gates = Gates(clock, breakers)
    gates.show(TO)
    gates.doubt(TO)
    coming = [asyncio.ensure_future(come(gates, TO, passed)) for _ in range(3)]
    await rest()
    assert len(passed) == 1
    breakers.fail(TO, NOW, NOW)
    gates.doubt(TO)
    await asyncio.gather(*coming)


async def test_each_channel_has_a_gate_of_its_own_and_steps_have_none() -> None:
    gates = Gates(FakeClock(NOW), Breakers())
    assert [await gates.hold_back(to) for to in (TO, "channel:mail", "target:web", "target:web")] == [False] * 4


async def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    clock = FakeClock(NOW)
    gates = Gates(clock, Breakers())
    assert not await gates.hold_back(TO)
    clock._now = NOW - timedelta(hours=1)
    assert not await gates.hold_back(TO)


# ── the engine with it ─────────────────────────────────────────────────────────────────────────────────────────────


class Gate:
    """A channel that says nothing until it is told what to say."""

    def __init__(self, story: Story) -> None:
        self.tried: Counter[str] = Counter()
        self.works: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._real = story.recorder.perform
        story.recorder.perform = self.perform  # type: ignore[method-assign]

    async def perform(self, key: Key, intent: e.Intent) -> e.Outcome:
        assert isinstance(intent, e.PageRequested)
        self.tried[intent.channel] += 1
        if not await asyncio.shield(self.works):
            raise Unavailable("It does not answer.")
        return await self._real(key, intent)


async def burst(story: Story, count: int = BURST) -> None:
    """So many incidents in one commit."""
    await story.engine.intake.receive("shop", [Signal(labels={"alertname": f"Strange{n}"}) for n in range(count)])


async def test_a_burst_at_a_channel_that_has_broken_down_costs_one_attempt() -> None:
    async with Story(cast()) as story:
        gate = Gate(story)
        await burst(story)
        while await story.engine.turn():
            assert gate.tried == {"mail": 1}
        gate.works.set_result(False)
        await story.settle()
        assert gate.tried == {"mail": 1, "phone": 1}
        assert not story.pages()


async def test_what_is_not_sent_after_all_asks_nobody_and_holds_nobody_up() -> None:
    """Pages of a team in shadow mode, before a page of another one on the same channel that is slow to answer."""
    async with Story(replace(cast(), mode=Mode.SHADOW), cast("bank")) as story:
        gate = Gate(story)
        await burst(story)
        await story.engine.intake.receive("bank", [Signal(labels={"alertname": "Strange"})])
        async with asyncio.timeout(30):
            while not gate.tried:
                await story.engine.turn()
        assert story.clock.now() == story.start
        gate.works.set_result(True)
        await story.engine.dispatch.drain()
        assert {page.responder for page in story.pages()} == {"bank-ana"}


async def test_one_page_that_hangs_holds_the_next_up_for_half_a_second() -> None:
    async with Story(cast()) as story:
        gate = Gate(story)
        await burst(story, 3)
        tried = []
        for half in range(3):
            story.clock.set(story.start + half * APART)
            await rest()
            tried.append(gate.tried["mail"])
        assert tried == [1, 2, 3]
        gate.works.set_result(True)
        await story.engine.dispatch.drain()


async def test_a_burst_at_a_healthy_channel_goes_out_without_a_turn() -> None:
    async with Story(cast()) as story:
        gate = Gate(story)
        gate.works.set_result(True)
        await burst(story)
        await story.engine.dispatch.drain()
        assert len({page.key for page in story.pages()}) == len(story.pages()) == BURST


class Rounds:
    """A channel that answers everybody who has asked, at one moment."""

    def __init__(self, story: Story) -> None:
        self.asking = 0
        self._end = asyncio.Event()
        self._real = story.recorder.perform
        story.recorder.perform = self.perform  # type: ignore[method-assign]

    async def perform(self, key: Key, intent: e.Intent) -> e.Outcome:
        self.asking += 1
        await self._end.wait()
        return await self._real(key, intent)

    def answer(self) -> None:
        self.asking = 0
        self._end.set()
        self._end = asyncio.Event()


async def test_places_that_fall_free_together_are_all_taken_again() -> None:
    async with Story(cast()) as story:
        channel = Rounds(story)
        await burst(story)
        async with asyncio.timeout(30):
            for expected in (1, 8, 8, 8, 8, 7):
                while channel.asking < expected:
                    await asyncio.sleep(0)
                assert channel.asking == expected
                channel.answer()
        await story.engine.dispatch.drain()
        assert len({page.key for page in story.pages()}) == len(story.pages()) == BURST


async def test_what_is_found_on_disk_goes_out_as_fast_as_places_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restart; a loop that waited for its next tick would hand out eight in an hour."""
    monkeypatch.setattr(loop, "TICK_S", 3600.0)
    async with Story(cast()) as story:
        outgoing, story.journal.outgoing = story.journal.outgoing, NoOutgoing()
        await burst(story)
        story.journal.outgoing = outgoing
        running = asyncio.create_task(story.engine.run())
        async with asyncio.timeout(30):
            while len(story.pages()) < BURST:
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert len({page.key for page in story.pages()}) == len(story.pages())


async def test_that_a_page_went_out_is_written_with_patience_unless_somebody_waits_for_its_incident() -> None:
    async with Story(cast()) as story:
        story.store._writer._patience_s = 3600
        await burst(story, 1)
        async with asyncio.timeout(30):
            while not story.pages():
                await asyncio.sleep(0)
            await story.engine.submit("shop-1", Acknowledge(by="shop-ana"))
            await story.engine.dispatch.drain()
        kinds = [type(entry.event) for entry in await story.journal.entries("shop-1")]
        assert kinds.index(e.PageDelivered) < kinds.index(e.Acknowledged)
