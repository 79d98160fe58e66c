"""Orders that nobody thought of: ticked off while it runs, left out while it is in doubt, between two approvals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tocsin.errors import IllegalMove
from tocsin.incident.commands import Command, Resolve
from tocsin.run.commands import ApproveStep, FinishStep, ProposeStep, SkipStep, find_task
from tocsin.run.stop import StopStep
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import StepRequested
from tocsin.words import Mode, StepState

from .test_doubt_checked import doubt
from .test_endings import RESTART, Gate, begin
from .test_two_people import REVOKE_KEY, ran

Casting = Callable[..., Cast]


@pytest.mark.parametrize("passed", [True, False])
async def test_a_change_that_runs_is_not_ticked_off(cast: Casting, *, passed: bool) -> None:
    """Else it could be allowed once more while it runs, and nobody could stop it any more."""
    async with Story(cast("virtengine")) as story:
        gate = await begin(story, RESTART)
        with pytest.raises(IllegalMove, match="is running; wait until it has ended, or stop it"):
            await story.engine.submit(story.stream, FinishStep(by="bo", step=RESTART, passed=passed))
        await story.engine.submit(story.stream, StopStep(by="ana", step=RESTART))
        assert (await story.incident()).steps[RESTART].state is StepState.RUNNING
        gate.open.set()
        await story.engine.dispatch.drain()


@pytest.mark.parametrize("command", [FinishStep(by="bo", step="L322"), SkipStep(by="bo", step="L322")])
async def test_what_is_in_doubt_stays_so_until_somebody_says_what_became_of_it(cast: Casting, command: Command) -> None:
    """Left out or ticked off, it would run anew without a word, though it may have happened."""
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        await doubt(story, "L322")
        with pytest.raises(IllegalMove, match="say first whether it happened"):
            await story.do(command)
        assert (await story.incident()).steps["L322"].state is StepState.IN_DOUBT


@pytest.mark.parametrize("between", [SkipStep(by="max", step=REVOKE_KEY), FinishStep(by="max", step=REVOKE_KEY)])
async def test_an_approval_from_before_it_was_left_out_or_done_is_none_of_the_two(
    cast: Casting, between: Command
) -> None:
    key = {"compromised_key": "ab12"}
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        await story.approve(REVOKE_KEY, "sec", **key)
        await story.do(between)
        record = (await story.incident()).steps[REVOKE_KEY]
        assert record.approvals == ()
        if record.state is StepState.SKIPPED:
            await story.approve(REVOKE_KEY, "ana", **key)
            assert ran(story) == []
            await story.approve(REVOKE_KEY, "sec", **key)
            assert len(ran(story)) == 1


async def save_first(story: Story) -> Gate:
    """Approve a change whose evidence is still being saved when this returns."""
    await story.declare("Data Corruption / Loss")
    gate = Gate(story)
    story.engine.dispatch._performers[StepRequested] = gate
    await story.engine.submit(story.stream, ProposeStep(by="ana", text="docker restart server"))
    incident, book = await story.look()
    digest = find_task(incident, book, "A1", {}).digest
    await story.engine.submit(story.stream, ApproveStep(by="ana", step="A1", digest=digest))
    await story.engine.turn()
    assert (await story.incident()).steps["A1.before1"].state is StepState.RUNNING
    return gate


async def test_what_still_waits_when_it_is_over_does_not_begin(cast: Casting) -> None:
    """The change was allowed for what is over now."""
    async with Story(cast("monero-marketplace")) as story:
        gate = await save_first(story)
        await story.engine.submit(story.stream, Resolve(by="lea"))
        gate.open.set()
        await story.settle()
        assert ran(story) == []
        record = (await story.incident()).steps["A1"]
        assert (record.state, record.approved_by) == (StepState.WAITING, None)
        assert record.why == "The incident was resolved before it began."


async def test_what_is_left_out_while_its_evidence_is_saved_does_not_begin(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        gate = await save_first(story)
        await story.engine.submit(story.stream, SkipStep(by="bo", step="A1"))
        gate.open.set()
        await story.settle()
        assert ran(story) == []


async def test_a_team_that_lets_nothing_run_any_more_lets_nothing_begin(cast: Casting) -> None:
    """Somebody sets the team to instruct mode while a change still waits: the settings are the emergency brake."""
    async with Story(cast("monero-marketplace")) as story:
        gate = await save_first(story)
        settings = story.shelf.settings
        team = settings.teams["monero-marketplace"]
        braked = replace(team, policy=replace(team.policy, mode=Mode.INSTRUCT))
        story.shelf.settings = replace(settings, teams={"monero-marketplace": braked})
        gate.open.set()
        await story.settle()
        assert ran(story) == []
