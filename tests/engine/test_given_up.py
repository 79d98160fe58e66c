"""What is cancelled from below, fails once, or dies half-way loses no page and stops nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tocsin.alert.signal import Signal
from tocsin.engine.contracts import Write
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.timeline.matcher import read_matchers

from .nodes import play
from .test_orderly_end import cast, leave_to_the_turn
from .test_waking import crowd

FIRES = [Signal(labels={"alertname": "TillStuck"})]


async def test_a_read_that_the_driver_cancels_loses_no_page() -> None:
    async with Story(cast()) as story:
        leave_to_the_turn(story)
        await story.engine.intake.receive("shop", FIRES)
        real, carriers = story.store.load, story.engine.dispatch._tasks
        cancelled: list[str] = []

        async def load(stream: str, after_seq: int = 0) -> Any:
            if not cancelled and asyncio.current_task() in carriers:
                cancelled.append(stream)
                raise asyncio.CancelledError
            return await real(stream, after_seq)

        story.store.load = load  # type: ignore[method-assign]
        for _ in range(10):
            story.clock.set(story.clock.now() + timedelta(seconds=3))
            await story.engine.turn()
            await story.engine.dispatch.drain()
        events = [entry.event for entry in await story.journal.entries("shop-1")]
        requested = sum(isinstance(event, e.PageRequested) for event in events)
        assert cancelled
        assert requested == sum(isinstance(event, e.PageDelivered) for event in events)


async def test_what_was_disturbed_and_could_not_be_planned_is_planned_soon() -> None:
    async with crowd(2) as (story, streams):
        journal, left = story.journal, [2]
        planned: list[str] = []
        real = journal.store.write

        async def put(write: Write) -> None:
            if left[0] and write.appends and write.appends[0].stream in streams:
                left[0] -= 1
                raise OSError("disk")
            planned.extend(append.stream for append in write.appends)
            await real(write)

        journal.store.write = put  # type: ignore[method-assign]
        story.store.is_sole = False  # with others, what says nothing new is written all the same
        journal._disturbed[streams[0]] = None
        steady = [0.0]
        story.engine._steady = lambda: steady[0]
        for _ in range(5):
            steady[0] += 5
            await story.engine.turn()
        assert streams[0] in planned


async def test_one_incident_that_cannot_be_planned_stops_no_other_after_a_teams_change() -> None:
    async with crowd(3) as (story, streams):
        real, asked = story.journal.replan, []

        async def replan(stream: str) -> Any:
            asked.append(stream)
            if stream == streams[0]:
                raise RuntimeError("planner")
            return await real(stream)

        story.journal.replan = replan  # type: ignore[method-assign]
        await story.journal.change_team("shop", e.FreezeSet(by="bo", on=True))
        assert set(asked) == set(streams)


async def test_a_silence_that_ended_just_before_a_crash_has_ended_for_open_incidents() -> None:
    async with Story(cast()) as story:
        await story.engine.intake.receive("shop", FIRES)
        await story.settle()
        now, matchers = story.clock.now(), tuple(read_matchers(['alertname="TillStuck"']))
        until = now + timedelta(hours=8)
        silence = await story.engine.silencing.put(
            "shop", "", matchers=matchers, starts_at=now, ends_at=until, by="ana", comment="x"
        )
        await story.settle()
        await story.journal.teams.append("shop", e.SilenceExpired(silence=silence), lambda standing: True)
        story.clock.set(now + timedelta(seconds=30))
        await story.settle()
        assert any(isinstance(entry.event, e.AlertUnsilenced) for entry in await story.journal.entries("shop-1"))


@pytest.mark.needs("postgres")
async def test_what_a_node_has_leased_ahead_is_free_once_it_has_ended(database: str, tmp_path: Any) -> None:
    async with play(database, tmp_path, cast(), count=2) as nodes:
        await nodes[0].engine.intake.receive("shop", FIRES)
        await nodes.settle()
        due = await nodes[0].shared.next_due()
        assert due is not None
        assert await nodes[0].shared.coming(due - timedelta(seconds=1), due, 99, take=True)
        await nodes[0].engine.dispatch.finish(1)
        assert await nodes[1].shared.due(due, 99)


@pytest.mark.needs("postgres")
async def test_what_stands_for_a_team_is_read_again_if_another_node_changed_it_meanwhile(
    database: str, tmp_path: Any
) -> None:
    async with play(database, tmp_path, cast(), count=2) as nodes:
        one, two = nodes[0], nodes[1]
        one.journal.forget_standing("shop")
        real, gate, read = one.shared.load, asyncio.Event(), asyncio.Event()

        async def load(stream: str, after_seq: int = 0) -> Any:
            found = await real(stream, after_seq)
            read.set()
            await gate.wait()
            return found

        one.journal.store.load = load  # type: ignore[method-assign]
        slow = asyncio.create_task(one.journal.standing("shop"))
        await read.wait()
        await two.journal.change_team("shop", e.FreezeSet(by="bo", on=True))
        await one.follower.turn()
        gate.set()
        await slow
        assert (await one.journal.standing("shop")).frozen
