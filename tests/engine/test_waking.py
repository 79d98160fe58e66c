"""What is due is planned together and at its moment; what is in trouble stops only itself; nothing is decided twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from tocsin.engine import waking
from tocsin.engine.contracts import Write
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.incident.commands import Acknowledge
from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.codec import stamp

PLAYBOOK = b"""\
# Shop Playbook

## Severity Levels

- **P1 (Critical)**: response within 15 minutes
- **P2 (High)**: response within 1 hour

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

**Resolution:**
1. Turn it off and on.

**DO NOT:**
- Do NOT delete the till's logs
"""
COUNT = 7


def cast() -> Cast:
    ana = Person(name="Ana", channels=("mail",))
    return Cast(playbook=PLAYBOOK, name="shop", people={"ana": ana}, levels=(("ana",),), last_resort=("ana",))


@asynccontextmanager
async def crowd(count: int = COUNT) -> AsyncIterator[tuple[Story, list[str]]]:
    """So many open incidents whose next page is due at one moment, and their streams."""
    async with Story(cast()) as story:
        streams = [await story.engine.intake.declare("shop", f"Case {n}", None, "P1", "bo") for n in range(count)]
        await story.settle()
        story.recorder.pages.clear()
        yield story, streams


def paged(story: Story) -> list[str]:
    return sorted(page.key.split(":")[0] for page in story.pages())


async def find_due(story: Story) -> datetime:
    due = await story.store.next_due()
    assert due is not None
    return due


def count_commits(story: Story) -> list[Write]:
    """The writes that plan something, from now on."""
    real, found = story.store.write, list[Write]()

    async def write(write: Write) -> None:
        if any(append.errands for append in write.appends):
            found.append(write)
        await real(write)

    story.store.write = write  # type: ignore[method-assign]
    return found


async def test_what_is_due_at_once_is_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "AT_ONCE", 4)
    async with crowd() as (story, streams):
        commits = count_commits(story)
        story.clock.set(await find_due(story))
        await story.settle()
        assert [len(each.appends) for each in commits] == [4, 3]
        assert paged(story) == sorted(streams)


async def test_a_server_that_remembers_nothing_plans_them_together_all_the_same() -> None:
    async with crowd() as (story, streams):
        cold = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        engine = Engine(cold, story.clock, (story.recorder,))
        story.clock.set(await find_due(story))
        while await engine.turn():
            await engine.dispatch.drain()
        assert paged(story) == sorted(streams)


@pytest.mark.parametrize("after", [False, True], ids=["refused", "committed, then error"])
async def test_a_commit_that_fails_loses_no_page_and_repeats_none(after: bool) -> None:
    async with crowd() as (story, streams):
        real, failed = story.store.write, list[int]()

        async def write(write: Write) -> None:
            if len(write.appends) < COUNT or failed:
                await real(write)
                return
            failed.append(1)
            if after:
                await real(write)
            raise sqlite3.OperationalError("database or disk is full")

        story.store.write = write  # type: ignore[method-assign]
        story.clock.set(await find_due(story))
        await story.settle()
        assert failed
        assert paged(story) == sorted(streams)
        for stream in streams:
            assert len(await story.events(e.PageRequested, stream)) == 2


async def test_a_stream_in_trouble_stops_only_itself() -> None:
    async with crowd() as (story, streams):
        with sqlite3.connect(story.store.path) as file:
            file.execute(
                "UPDATE entry SET body = replace(body, 'Case', 'Face') WHERE stream = ? AND seq = 1", (streams[2],)
            )
        cold = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        engine = Engine(cold, story.clock, (story.recorder,))
        story.clock.set(await find_due(story))
        while await engine.turn():
            await engine.dispatch.drain()
        assert paged(story) == sorted({*streams} - {streams[2]})


async def test_who_is_answered_meanwhile_is_not_paged() -> None:
    async with crowd() as (story, streams):
        await story.engine.submit(streams[0], Acknowledge(by="ana"))
        story.clock.set(await find_due(story))
        await story.settle()
        assert paged(story) == sorted(streams[1:])


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits half a second for the next look."""
    monkeypatch.setattr(waking, "LOOK_EVERY_S", 0.001)


async def until(holds: Any) -> None:
    """Wait, on the real clock since what is tested rests by it, until something holds."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.002)


@pytest.mark.usefixtures("hurried")
async def test_what_comes_is_planned_at_its_moment_without_the_loop() -> None:
    async with crowd() as (story, streams):
        due_at = await find_due(story)
        looked = asyncio.create_task(story.engine.waking.run())
        story.clock.set(due_at - timedelta(seconds=1))
        await until(lambda: len(story.engine.waking._coming) == COUNT)
        await story.engine.submit(streams[0], Acknowledge(by="ana"))
        assert not paged(story)
        story.clock.set(due_at)
        await until(lambda: len(story.engine.waking._coming) == 0)
        await until(lambda: paged(story) == sorted(streams[1:]))
        looked.cancel()
        await asyncio.gather(looked, return_exceptions=True)
        await story.settle()
        assert paged(story) == sorted(streams[1:]), "the loop finds nothing more"


@pytest.mark.usefixtures("hurried")
async def test_what_comes_next_does_not_wait_for_the_commit_of_what_came_before() -> None:
    async with crowd(2) as (story, streams):
        first = await find_due(story)
        later = first + timedelta(seconds=0.5)
        with sqlite3.connect(story.store.path) as file:
            file.execute("UPDATE wake SET due_at = ? WHERE stream = ?", (stamp(later), streams[1]))
        handed, gate, real = list[str](), asyncio.Event(), story.store.write

        async def write(write: Write) -> None:
            handed.extend(append.stream for append in write.appends if append.errands)
            await gate.wait()
            await real(write)

        story.store.write = write  # type: ignore[method-assign]
        looked = asyncio.create_task(story.engine.waking.run())
        story.clock.set(first - timedelta(seconds=0.5))
        await until(lambda: len(story.engine.waking._coming) == 2)
        for moment, count in ((first, 1), (later, 2)):
            story.clock.set(moment)
            await until(lambda count=count: len(handed) == count)
        gate.set()
        await until(lambda: paged(story) == sorted(streams))
        looked.cancel()
        await asyncio.gather(looked, return_exceptions=True)
        await story.settle()
        assert handed == streams
        assert paged(story) == sorted(streams)


@pytest.mark.usefixtures("hurried")
async def test_what_comes_soon_is_in_memory_before_it_is_due() -> None:
    async with crowd() as (story, streams):
        cold = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        engine = Engine(cold, story.clock, (story.recorder,))
        story.clock.set(await find_due(story) - timedelta(seconds=30))
        looked = asyncio.create_task(engine.waking.run())
        await until(lambda: all(cold.peek(stream) is not None for stream in streams))
        looked.cancel()
        await asyncio.gather(looked, return_exceptions=True)
        assert not paged(story)


async def test_what_was_read_forbids_only_what_it_forbids() -> None:
    async with crowd() as (story, streams):
        stuck = await story.alert("TillStuck")
        cold = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        await cold.index("shop")
        for stream in [*streams, stuck]:
            await cold.incident(stream)
        assert [*(await cold.index("shop")).forbidding.find()] == [stuck]
