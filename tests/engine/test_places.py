"""How many pages may be on their way to a channel: one until it has shown that it is in order, then all its places."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.alert.signal import Signal
from tocsin.engine import loop
from tocsin.engine.breaker import Breakers
from tocsin.engine.change import NoOutgoing
from tocsin.engine.contracts import Key
from tocsin.engine.places import TRUSTED_FOR, Places
from tocsin.errors import Unavailable
from tocsin.incident.commands import Acknowledge
from tocsin.testing.story import Story
from tocsin.timeline import events as e

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


def empty(places: Places, to: str, count: int) -> None:
    for _ in range(count):
        places.give_back(to)


@pytest.fixture
def places() -> Places:
    opened = Places(Breakers())
    opened.most = {TO: 32}
    return opened


def test_a_channel_is_at_full_width_after_three_answers_in_a_row(places: Places) -> None:
    widths = []
    for _ in range(4):
        widths.append(taken := fill(places, TO))
        for _ in range(taken):
            places.trust(TO, NOW)
        empty(places, TO, taken)
    assert widths == [1, 2, 8, 32]


def test_one_failure_is_enough_and_what_is_known_to_be_out_of_order_holds_nothing_up() -> None:
    breakers = Breakers()
    places = Places(breakers)
    for _ in range(5):
        places.trust(TO, NOW)
    assert places.count_left(TO) == 8
    places.distrust(TO)
    assert places.count_left(TO) == 1
    breakers.fail(TO, NOW, NOW)
    assert places.count_left(TO) == 8, "nothing is sent there: what comes goes on to another channel, or waits"
    breakers.mend(TO, NOW)
    places.trust(TO, NOW)
    assert places.count_left(TO) == 2


def test_what_was_idle_is_asked_with_one_page_and_what_is_busy_keeps_its_width(places: Places) -> None:
    for _ in range(6):
        places.trust(TO, NOW)
    places.age(NOW + TRUSTED_FOR)
    assert places.count_left(TO) == 32
    places.take(TO)
    places.age(NOW + timedelta(minutes=5))
    assert places.count_left(TO) == 31, "one that is slow is not narrowed for that"
    places.give_back(TO)
    places.age(NOW + timedelta(minutes=5))
    assert places.count_left(TO) == 1


def test_only_channels_are_asked_first(places: Places) -> None:
    assert fill(places, "target:web") == 2
    assert fill(places, "other") == 4
    assert places.find_full() == ["target:web", "other"]
    assert fill(places, "channel:mail") == 1, "each for itself"


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
            for expected in (1, 2, 8, 8, 8, 8, 5):
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
