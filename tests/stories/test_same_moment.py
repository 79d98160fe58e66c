"""What several operators do at the same moment: a ready check, a countdown, and then all of them or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tocsin.errors import Conflict, Denied, IllegalMove, NotAuthorised, NotFound
from tocsin.incident.book import TargetPolicy, number_steps
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.run.barrier import CallBarrier, HoldBarrier, TellReady
from tocsin.run.commands import ApproveStep, find_task
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell

MEMBERS = tuple(f"virtengine/validator-{at}" for at in range(1, 4))
VALIDATORS = tuple(TargetPolicy(name=name, kind="ssh", called=(name.partition("/")[2],)) for name in MEMBERS)
GROUP = TargetPolicy(
    name="virtengine/validators",
    kind="group",
    called=("validators",),
    members=MEMBERS,
    operators=("ana", "bo"),
    countdown_s=10,
)

Casting = Callable[..., Cast]


def validators(cast: Casting, **changes: Any) -> Cast:
    group = {**{name: getattr(GROUP, name) for name in GROUP.__struct_fields__}, **changes}
    return cast("virtengine", targets=(*VALIDATORS, TargetPolicy(**group)))


async def find_restart(story: Story) -> str:
    """The step that restarts all at once."""
    incident, book = await story.look()
    scenario = book.scenario(incident)
    assert scenario is not None
    return next(
        step_id
        for step_id, step in number_steps(scenario)
        if step.statement is not None and "systemctl restart" in step.statement.text
    )


async def find_by_hand(story: Story) -> str:
    """The step that coordinates a restart at the same height, by hand."""
    incident, book = await story.look()
    scenario = book.scenario(incident)
    assert scenario is not None
    return next(step_id for step_id, step in number_steps(scenario) if "same height" in step.text)


async def began(story: Story) -> list[tuple[float, e.StepRequested]]:
    """Changes that were asked for, with the second of the story."""
    found = [(story.since(entry.at), entry.event) for entry in await story.events(e.StepRequested)]
    return [(at, event) for at, event in found if isinstance(event, e.StepRequested) and event.changes]


@pytest.mark.duty("VIR-17")
async def test_all_validators_restart_at_the_same_moment_once_everybody_is_ready(cast: Casting) -> None:
    async with Story(validators(cast)) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        step = await find_restart(story)
        await story.approve(step, "lea")
        await story.advance("5m")
        assert await began(story) == [], "approved, and nobody is ready yet"
        await story.do(TellReady(by="ana", step=step))
        await story.advance("1m")
        assert await began(story) == [], "one of the two is not ready"
        await story.do(TellReady(by="bo", step=step))
        await story.advance("9s")
        assert await began(story) == [], "the countdown runs"
        await story.advance("1s")
        ((at, asked),) = await began(story)
        assert (at, asked.text, asked.target) == (370, "sudo -n systemctl restart virtengine", "virtengine/validators")
        assert asked.fan is not None
        assert (asked.fan.members, asked.fan.together) == (MEMBERS, True)
        said = [
            tell(entry.event, str)
            for kind in (e.BarrierCalled, e.CountdownBegun, e.BarrierPassed)
            for entry in await story.events(kind)
        ]
        assert said == [
            f"lea asked who is ready for step {step}: ana, bo; then 10 s are counted down",
            f"All are ready for step {step}: it goes at 03:06:10 UTC",
            f"Step {step}: it goes on all targets now",
        ]


@pytest.mark.duty("VIR-17")
async def test_whoever_is_not_sure_holds_it_until_the_last_second(cast: Casting) -> None:
    async with Story(validators(cast)) as story:
        await story.alert("ChainHalted")
        step = await find_restart(story)
        await story.approve(step, "lea")
        await story.do(TellReady(by="ana", step=step))
        await story.do(TellReady(by="bo", step=step))
        await story.advance("9s")
        await story.do(HoldBarrier(by="ana", step=step, reason="my node is behind"))
        await story.advance("5m")
        assert await began(story) == []
        await story.do(TellReady(by="ana", step=step))
        await story.advance("1m")
        assert await began(story) == [], "everybody says it anew"
        await story.do(TellReady(by="bo", step=step))
        await story.advance("10s")
        assert len(await began(story)) == 1


@pytest.mark.duty("VIR-17")
async def test_nobody_goes_at_another_height_than_the_others(cast: Casting) -> None:
    """By hand: each operator restarts their own, and the room tells all of them when."""
    async with Story(validators(cast)) as story:
        await story.alert("ChainHalted")
        step = await find_by_hand(story)
        await story.do(CallBarrier(by="lea", step=step, operators=("ana", "bo", "max"), countdown_s=30))
        for who, height in (("ana", "812"), ("bo", "812"), ("max", "811")):
            await story.do(TellReady(by=who, step=step, where=height))
        await story.advance("5m")
        assert await story.events(e.CountdownBegun) == []
        await story.do(TellReady(by="max", step=step, where="812"))
        await story.advance("30s")
        (passed,) = await story.events(e.BarrierPassed)
        assert story.since(passed.at) == 330
        assert tell(passed.event, str) == f"Step {step}: everybody does it now"
        assert await began(story) == []


async def test_a_moment_that_passed_while_the_server_was_away_is_none(cast: Casting) -> None:
    async with Story(validators(cast)) as story:
        await story.alert("ChainHalted")
        step = await find_restart(story)
        await story.approve(step, "lea")
        await story.do(TellReady(by="ana", step=step))
        await story.do(TellReady(by="bo", step=step))
        story.clock.set(story.clock.now() + timedelta(seconds=60))
        await story.settle()
        assert await began(story) == []
        (held,) = await story.events(e.BarrierHeld)
        assert (
            tell(held.event, str) == f"Step {step} was held by tocsin: nobody counted, and the moment passed 50 s ago"
        )


async def test_who_may_say_what(cast: Casting) -> None:
    async with Story(validators(cast)) as story:
        await story.alert("ChainHalted")
        step = await find_restart(story)
        with pytest.raises(NotFound, match="Nobody was asked"):
            await story.do(TellReady(by="ana", step=step))
        await story.approve(step, "lea")
        with pytest.raises(NotAuthorised, match="ana, bo are asked"):
            await story.do(TellReady(by="max", step=step))
        with pytest.raises(NotFound, match="zoe: nobody who may act"):
            await story.do(CallBarrier(by="lea", step=step, operators=("ana", "zoe")))
        with pytest.raises(NotFound, match="no step"):
            await story.do(CallBarrier(by="lea", step="L1", operators=("ana",)))
        with pytest.raises(Denied, match="between 3 and 600"):
            await story.do(CallBarrier(by="lea", step=step, operators=("ana",), countdown_s=0))
        assert await story.do(TellReady(by="ana", step=step))
        assert await story.do(TellReady(by="ana", step=step)) == [], "said already"
        await story.do(TellReady(by="bo", step=step))
        with pytest.raises(Conflict, match="hold it first"):
            await story.do(CallBarrier(by="lea", step=step, operators=("ana",)))
        await story.advance("10s")
        with pytest.raises(IllegalMove, match="has gone at"):
            await story.do(HoldBarrier(by="ana", step=step))


async def test_without_anybody_named_it_is_not_approved_at_all(cast: Casting) -> None:
    async with Story(validators(cast, operators=())) as story:
        await story.alert("ChainHalted")
        step = await find_restart(story)
        with pytest.raises(Denied, match="tocsin barrier"):
            await story.approve(step, "lea")
        await story.do(CallBarrier(by="lea", step=step, operators=("max",), countdown_s=5))
        await story.do(TellReady(by="max", step=step))
        await story.advance("1m")
        assert await began(story) == [], "ready, and not approved"
        await story.approve(step, "lea")
        await story.advance("5s")
        assert len(await began(story)) == 1


async def test_it_runs_once_and_a_second_time_asks_everybody_again(cast: Casting) -> None:
    async with Story(validators(cast)) as story:
        await story.alert("ChainHalted")
        step = await find_restart(story)
        await story.approve(step, "lea")
        for who in ("ana", "bo"):
            await story.do(TellReady(by=who, step=step))
        await story.advance("1h")
        assert len(await began(story)) == 1
        incident, book = await story.look()
        digest = find_task(incident, book, step, {}).digest
        await story.do(ApproveStep(by="lea", step=step, digest=digest, again=True))
        await story.advance("1h")
        assert len(await began(story)) == 1
        assert len(await story.events(e.BarrierCalled)) == 2


async def test_what_is_over_is_not_counted_down(cast: Casting) -> None:
    async with Story(validators(cast)) as story:
        await story.alert("ChainHalted")
        step = await find_restart(story)
        await story.approve(step, "lea")
        for who in ("ana", "bo"):
            await story.do(TellReady(by=who, step=step))
        await story.do(Resolve(by="ana"))
        await story.advance("1m")
        assert await began(story) == []
