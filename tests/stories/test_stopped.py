"""Somebody stops a step: at once where it has not begun, and what is repeated is repeated no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tocsin.engine.dispatch import Dispatch
from tocsin.errors import IllegalMove, NotFound
from tocsin.run.commands import ApproveStep, find_task
from tocsin.run.stop import StopStep
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import StepState

from .test_endings import RESTART, Gate, begin

Casting = Callable[..., Cast]


async def test_it_is_told_once_and_by_whom(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        gate = await begin(story, RESTART)
        for by in ("ana", "bo"):
            await story.engine.submit(story.stream, StopStep(by=by, step=RESTART, reason="wrong node"))
        (asked,) = await story.events(e.StepStopAsked)
        assert tell(asked.event, str) == "ana stopped step L250: wrong node"
        record = (await story.incident()).steps[RESTART]
        assert (record.state, record.stopped_by) == (StepState.RUNNING, "ana")
        gate.open.set()
        await story.engine.dispatch.drain()
        with pytest.raises(IllegalMove, match=r"Step L250 does not run; it is ok\."):
            await story.engine.submit(story.stream, StopStep(by="ana", step=RESTART))
        with pytest.raises(NotFound, match="No step 'L9' has run here"):
            await story.engine.submit(story.stream, StopStep(by="ana", step="L9"))


async def test_one_that_waits_for_a_place_never_begins(cast: Casting) -> None:
    """It is withdrawn, and whoever allows it anew runs it."""
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        gate = Gate(story)
        story.engine.dispatch._performers[e.StepRequested] = gate
        incident, book = await story.look()
        digest = find_task(incident, book, RESTART, {}).digest
        story.engine.dispatch.begin_to_end()  # nothing is handed out for now
        await story.engine.submit(story.stream, ApproveStep(by="ana", step=RESTART, digest=digest))
        await story.engine.submit(story.stream, StopStep(by="bo", step=RESTART))
        story.engine.dispatch._is_ending = False
        gate.open.set()
        await story.settle()
        (not_run,) = await story.events(e.StepNotRun)
        assert isinstance(not_run.event, e.StepNotRun)
        assert (not_run.event.step, not_run.event.why) == (RESTART, "bo had stopped it.")
        assert await story.events(e.StepStarted) == []
        record = (await story.incident()).steps[RESTART]
        assert (record.state, record.approved_by) == (StepState.WAITING, None)
        await story.approve(RESTART, "ana")
        assert (await story.incident()).steps[RESTART].state is StepState.OK


async def test_a_change_that_had_begun_when_its_node_died_is_in_doubt_though_it_was_stopped(cast: Casting) -> None:
    """Nobody knows that it did nothing: it is never run a second time by itself, nor for a mere approval."""
    async with Story(cast("virtengine")) as story:
        await begin(story, RESTART)
        async with asyncio.timeout(60):
            while not (await story.incident()).steps[RESTART].started:
                await asyncio.sleep(0)
        await story.engine.submit(story.stream, StopStep(by="bo", step=RESTART))
        await story.engine.dispatch.stop()  # the process is gone, and another finds what it had in hand
        await story.store.release_claims()
        story.engine.dispatch = Dispatch(story.journal, story.clock, (story.recorder, story.readers))
        await story.settle()
        assert (await story.incident()).steps[RESTART].state is StepState.IN_DOUBT
        assert await story.events(e.StepNotRun) == []


async def test_the_wish_is_about_one_run(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        gate = await begin(story, RESTART)
        await story.engine.submit(story.stream, StopStep(by="bo", step=RESTART))
        gate.open.set()
        await story.engine.dispatch.drain()
        incident, book = await story.look()
        digest = find_task(incident, book, RESTART, {}).digest
        await story.do(ApproveStep(by="ana", step=RESTART, digest=digest, again=True))
        record = (await story.incident()).steps[RESTART]
        assert (record.state, record.stopped_by, record.runs) == (StepState.OK, "", 1)
