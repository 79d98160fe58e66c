"""A step is handed out by the commit that asks for it: on disk before it runs, and found by no turn of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tocsin.engine import loop
from tocsin.engine.contracts import Key, Write
from tocsin.errors import Unavailable
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.words import Effect, StepState

from .test_survival import cast

PLACES = 2


def ask(*names: str, changes: bool = False) -> Any:
    """What is decided: so many steps on one target."""
    asked = tuple(
        e.StepRequested(
            step=name, text="true", target="shop/till", effect=Effect.MUTATE if changes else Effect.READ, digest="",
            timeout_s=9, by="ana", changes=changes,
        )
        for name in names
    )  # fmt: skip
    return lambda incident, book: asked


class Slow:
    """Runs steps, each until it is told to end, and looks at what is on disk when one begins."""

    def __init__(self, story: Story) -> None:
        self.story, self.begun, self.known = story, list[str](), list[Sequence[e.Event]]()
        self.ended, self._other = asyncio.Event(), story.recorder.perform
        story.recorder.perform = self.perform  # type: ignore[method-assign]

    async def perform(self, key: Key, intent: e.Intent) -> e.Outcome:
        if not isinstance(intent, e.StepRequested):
            return await self._other(key, intent)
        self.begun.append(intent.step)
        self.known.append([entry.event for entry in await self.story.journal.entries(key.stream)])
        await self.ended.wait()
        return e.StepFinished(answers=key.seq, step=intent.step, exit_code=0, duration_s=0.0)


async def until(shown: Any) -> None:
    async with asyncio.timeout(30):
        while not shown():
            await asyncio.sleep(0)


async def test_a_step_begins_once_it_is_on_disk_and_waits_for_no_turn() -> None:
    async with Story(cast()) as story:
        await story.declare("")
        slow = Slow(story)
        await story.journal.change(story.stream, ask("A1"), cause="test")
        await until(lambda: slow.known)
        assert any(isinstance(event, e.StepRequested) for event in slow.known[0])
        assert not await story.store.has_errands(story.clock.now(), []), "it is marked as handed out"
        slow.ended.set()
        await story.engine.dispatch.drain()
        assert (await story.incident()).steps["A1"].state is StepState.OK


async def test_a_target_takes_as_many_as_it_has_places_for_and_the_others_follow() -> None:
    async with Story(cast()) as story:
        await story.declare("")
        slow = Slow(story)
        await story.journal.change(story.stream, ask("A1", "A2", "A3", "A4", "A5"), cause="test")
        await until(lambda: len(slow.known) == PLACES)
        assert slow.begun == ["A1", "A2"]
        slow.ended.set()
        await until(lambda: len(slow.begun) == 5)
        await story.engine.dispatch.drain()
        assert sorted(slow.begun) == ["A1", "A2", "A3", "A4", "A5"]


async def test_a_place_that_falls_free_while_a_step_is_being_written_down_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It found none when it was decided, and who had one has gone before it could follow."""
    monkeypatch.setattr(loop, "TICK_S", 3600.0)
    async with Story(cast()) as story:
        first, other = await story.declare(""), await story.declare("")
        slow, gate, real = Slow(story), asyncio.Event(), story.store.write
        await story.journal.change(first, ask("A1", "A2"), cause="test")
        await until(lambda: len(slow.known) == PLACES)
        running = asyncio.create_task(story.engine.run())

        async def write(each: Write) -> None:
            if any(append.stream == other for append in each.appends):
                await gate.wait()
            await real(each)

        monkeypatch.setattr(story.store, "write", write)
        asked = asyncio.create_task(story.journal.change(other, ask("B1"), cause="test"))
        slow.ended.set()
        await story.engine.dispatch.drain()
        gate.set()
        await asked
        await until(lambda: "B1" in slow.begun)
        story.engine.end()
        await running


async def test_a_change_that_the_disk_refused_has_run_nowhere_and_is_tried_again_if_it_is_there() -> None:
    async with Story(cast()) as story:
        await story.declare("")
        slow, real = Slow(story), story.store.write
        slow.ended.set()

        async def fail(each: Write) -> None:
            await real(each)
            raise Unavailable("The disk says nothing.")

        story.store.write = fail  # type: ignore[method-assign, assignment]
        with pytest.raises(Unavailable):
            await story.journal.change(story.stream, ask("A1", changes=True), cause="test")
        await story.engine.dispatch.drain()
        assert slow.begun == []
        story.store.write = real  # type: ignore[method-assign]
        await story.settle()
        events = [entry.event for entry in await story.journal.entries(story.stream)]
        assert slow.begun == ["A1"]
        assert [type(each) for each in events if isinstance(each, e.StepStarted | e.StepFinished)] == [
            e.StepStarted,
            e.StepFinished,
        ]
