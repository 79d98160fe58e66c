"""What is heard again in a hurry is held in memory; silences, silent sources and heartbeats see it there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tocsin.alert.heartbeat import Heartbeat, State
from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.alert.sources.posted import read_posts
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.incident.commands import Resolve
from tocsin.store.beats import Beats
from tocsin.testing.story import Story
from tocsin.timeline.events import AlertWentSilent
from tocsin.timeline.matcher import read_matchers

from .test_intake import cast, spy
from .test_survival import refuse


async def post(story: Story, minutes: float = 4, name: str = "TillStuck", begun: datetime | None = None) -> None:
    """As the short way in does it, from a source that says until when."""
    ends_at = story.clock.now() + timedelta(minutes=minutes)
    body = {"labels": {"alertname": name}, "startsAt": begun or story.start, "endsAt": ends_at}
    await story.engine.intake.receive_posts("shop", read_posts(msgspec.json.encode([body])))


async def walk(story: Story, minutes: float, every: str = "15s") -> None:
    """As the loop turns: the engine looks by itself, not only when a timer is due."""
    for _ in range(int(4 * minutes)):
        await story.advance(every)


async def silence(story: Story, minutes: int) -> None:
    now = story.clock.now()
    await story.engine.silencing.put(
        "shop",
        "",
        matchers=read_matchers(['alertname="TillStuck"']),
        starts_at=now,
        ends_at=now + timedelta(minutes=minutes),
        by="ana",
        comment="the till is mended",
    )
    await story.settle()


async def restart(story: Story) -> None:
    """Another server on the same data, which was not told that the first one would end."""
    await story.engine.dispatch.stop()
    journal = Journal(story.store, story.shelf, story.clock, b"k" * 32)
    story.journal = journal
    story.engine = Engine(journal, story.clock, (story.recorder,), beats=Beats(story.store))
    await story.engine.start()


async def test_a_silenced_alert_that_repeats_costs_no_disk_and_pages_once_when_the_silence_ends() -> None:
    async with Story(cast()) as story:
        await silence(story, 10)
        await post(story)
        writes = spy(story)
        for _ in range(3):
            await walk(story, 1)
            writes.clear()
            await post(story)
            assert writes == []
        assert await story.store.cards() == []
        await walk(story, 7.5)
        assert [card.id for card in await story.store.cards()] == ["shop-1"]
        assert len(story.recorder.pages) >= 1
        (row,) = await story.store.alerts("shop", firing=True)
        assert row.incident == "shop-1"
        writes.clear()
        await post(story)
        assert [write.alerts for write in writes if write.alerts] == []


async def test_a_silence_that_ends_after_a_restart_lets_through_what_is_held() -> None:
    async with Story(cast()) as story:
        await silence(story, 3)
        await post(story, minutes=30)
        await restart(story)
        assert await story.store.cards() == []
        await walk(story, 3.5)
        assert [card.id for card in await story.store.cards()] == ["shop-1"]


async def test_what_is_resolved_under_a_silence_opens_nothing_when_it_ends() -> None:
    async with Story(cast()) as story:
        await silence(story, 3)
        await post(story)
        await walk(story, 1)
        await post(story, minutes=0)
        await walk(story, 4)
        assert await story.store.cards() == []


async def test_an_alert_that_went_silent_and_fires_anew_after_its_incident_was_resolved_pages_again() -> None:
    async with Story(cast()) as story:
        await post(story)
        story.stream = "shop-1"
        await story.do(Resolve(by="shop-ana"))
        await walk(story, 10)
        await post(story)
        assert len(await story.store.cards()) == 1, "it goes on since before somebody called it over"
        await walk(story, 10)
        before = len(story.recorder.pages)
        await post(story, begun=story.clock.now())
        await walk(story, 1)
        assert [card.id for card in await story.store.cards(open_only=True)] == ["shop-2"]
        assert len(story.recorder.pages) > before
        await walk(story, 10)
        await post(story, begun=story.clock.now())
        assert [card.id for card in await story.store.cards(open_only=True)] == ["shop-2"], "somebody has it"


async def went_silent(story: Story) -> list[Any]:
    return [entry.event for entry in await story.events(AlertWentSilent)]


async def test_a_source_whose_repeats_are_only_held_is_not_silent_and_is_once_they_end() -> None:
    async with Story(cast()) as story:
        await post(story)
        story.stream = "shop-1"
        for _ in range(10):
            await walk(story, 1)
            await post(story)
        assert await went_silent(story) == []
        (stored,) = await story.store.alerts("shop")
        assert stored.ends_at == story.start + timedelta(minutes=4)
        ends_at = story.clock.now() + timedelta(minutes=4)
        await walk(story, 10)
        assert [event.until for event in await went_silent(story)] == [ends_at]


async def test_after_a_restart_a_source_is_not_silent_by_an_end_that_was_not_written_down() -> None:
    async with Story(cast()) as story:
        await post(story, minutes=1)
        story.stream = "shop-1"
        await story.advance("55s")
        await post(story)
        await restart(story)
        story.clock.set(story.clock.now() + timedelta(seconds=8))
        await story.engine.turn()
        await post(story)
        await walk(story, 3)
        assert await went_silent(story) == []
        await walk(story, 3)
        assert len(await went_silent(story)) == 1


async def test_a_silence_that_was_noted_later_for_a_restart_is_not_noted_again_after_the_next() -> None:
    async with Story(cast()) as story:
        await post(story, minutes=2)
        story.stream = "shop-1"
        await story.advance("1m58s")
        await restart(story)
        await walk(story, 3)
        assert len(await went_silent(story)) == 1
        await restart(story)
        await walk(story, 3)
        assert len(await went_silent(story)) == 1


@pytest.mark.parametrize("after", [False, True])
async def test_a_source_whose_repeat_came_with_what_the_disk_refused_is_not_silent(after: bool) -> None:
    async with Story(cast()) as story:
        await post(story)
        story.stream = "shop-1"
        await walk(story, 3)
        refuse(story, "write", 1, after=after)
        ends_at = story.clock.now() + timedelta(minutes=4)
        names = ("TillStuck", "DoorJammed")
        said = [Signal(labels={"alertname": name}, starts_at=story.start, ends_at=ends_at) for name in names]
        await story.engine.intake.receive("shop", said)
        await walk(story, 3)
        assert await went_silent(story) == []
        await walk(story, 3)
        assert [event.until for event in await went_silent(story)] == [ends_at]


async def test_a_watchdog_whose_repeats_are_only_held_is_heard() -> None:
    shop = msgspec.structs.replace(cast(), heartbeats={"prometheus": Heartbeat(every_s=60, grace_s=30)})
    async with Story(shop) as story:
        route = Route(match={"alertname": "Watchdog"}, team="shop", heartbeat="prometheus")
        story.shelf.settings = msgspec.structs.replace(story.shelf.settings, routes=(route,))
        for _ in range(10):
            await post(story, name="Watchdog")
            await walk(story, 1)
        (beat,) = await story.engine.beats.list_all()
        assert beat.state is State.UP
        await walk(story, 4)
        (beat,) = await story.engine.beats.list_all()
        assert beat.state is State.LATE
