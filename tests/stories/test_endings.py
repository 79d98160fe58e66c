"""The end of an incident: nothing runs behind it, and whoever would go on says so first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tocsin.alert.signal import Signal
from tocsin.errors import IllegalMove
from tocsin.incident.commands import Acknowledge, Close, Reopen, Resolve, WaiveObligation
from tocsin.run.commands import ApproveStep, ProposeStep, find_task
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import Intent, Outcome, StepRequested
from tocsin.words import Status, StepState

Casting = Callable[..., Cast]
RESTART = "L250"


class Gate:
    """A target on which every step waits until it is let go."""

    handles = (StepRequested,)

    def __init__(self, story: Story) -> None:
        self._story = story
        self.open = asyncio.Event()

    async def perform(self, key: object, intent: Intent) -> Outcome:
        await self.open.wait()
        return await self._story.recorder.perform(key, intent)  # type: ignore[arg-type]


async def begin(story: Story, step: str) -> Gate:
    """Approve a step that does not end until the gate is opened."""
    gate = Gate(story)
    await story.alert("ChainHalted")
    story.engine.dispatch._performers[StepRequested] = gate
    incident, book = await story.look()
    digest = find_task(incident, book, step, {}).digest
    await story.engine.submit(story.stream, ApproveStep(by="ana", step=step, digest=digest))
    await story.engine.turn()
    assert (await story.incident()).steps[step].state is StepState.RUNNING
    return gate


async def test_it_is_not_over_while_a_change_is_running(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        gate = await begin(story, RESTART)
        with pytest.raises(IllegalMove, match=r"Step L250 is still running, approved by ana; it .* within 60 seconds"):
            await story.engine.submit(story.stream, Resolve(by="ana"))
        gate.open.set()
        await story.engine.dispatch.drain()
        await story.do(Resolve(by="ana"))
        assert (await story.incident()).status is Status.RESOLVED


async def test_a_look_that_runs_by_itself_holds_up_nothing(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        gate = Gate(story)
        story.engine.dispatch._performers[StepRequested] = gate
        await story.engine.intake.receive("virtengine", [Signal(labels={"alertname": "ChainHalted"})])
        story.stream = "virtengine-1"
        await story.engine.turn()
        assert StepState.RUNNING in {record.state for record in (await story.incident()).steps.values()}
        await story.engine.submit(story.stream, Resolve(by="ana"))
        gate.open.set()
        await story.engine.dispatch.drain()


@pytest.mark.parametrize("closed", [False, True])
async def test_nothing_runs_for_what_is_over_until_it_is_reopened(cast: Casting, closed: bool) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        if closed:
            for key, owed in (await story.incident()).obligations.items():
                if owed.is_open:
                    await story.do(WaiveObligation(by="ana", key=key, reason="a story"))
            await story.do(Close(by="ana"))
        ran = len(story.recorder.steps)
        with pytest.raises(IllegalMove, match="closed" if closed else "resolved since 03:00 UTC.* reopen it first"):
            await story.approve(RESTART, "ana")
        with pytest.raises(IllegalMove):
            await story.do(ProposeStep(by="ana", text="uptime"))
        assert len(story.recorder.steps) == ran
        if not closed:
            await story.do(Reopen(by="ana", reason="it halted again"))
            await story.approve(RESTART, "ana")
            assert len(story.recorder.steps) > ran
