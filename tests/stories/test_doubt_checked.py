"""A change that nobody saw end: it happened, it did not, or it is looked at now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.errors import IllegalMove
from tocsin.run.commands import ProposeStep
from tocsin.run.doubt import CheckDoubt, SettleDoubt
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import StepInDoubt
from tocsin.words import StepState

Casting = Callable[..., Cast]


async def doubt(story: Story, step: str) -> None:
    """Bring a step into doubt as a crash does: it was approved and had started, and nobody saw it end."""
    await story.approve(step, "ana")
    intent = (await story.incident()).steps[step].intent or 0
    in_doubt = StepInDoubt(answers=intent, step=step, why="The server stopped.")
    await story.journal.change(story.stream, lambda incident, book: (in_doubt,), cause="test")
    assert (await story.incident()).steps[step].state is StepState.IN_DOUBT


async def test_the_playbooks_own_read_about_the_same_thing_is_looked_at(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        await doubt(story, "L322")
        before = len(story.recorder.steps)
        await story.do(CheckDoubt(by="ana", step="L322"))
        ran = [step.text for step in story.recorder.steps[before:]]
        assert len(ran) == 1
        assert "database" in ran[0]
        assert (await story.incident()).steps["L322"].state is StepState.IN_DOUBT, "a person says what they saw"
        await story.do(SettleDoubt(by="ana", step="L322", happened=True))
        assert (await story.incident()).steps["L322"].state is StepState.OK


async def test_where_the_playbook_has_no_such_read_the_state_is_looked_at(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        await story.do(ProposeStep(by="ana", text="sudo systemctl restart tor-relay"))
        await doubt(story, "A1")
        await story.do(CheckDoubt(by="ana", step="A1"))
        assert story.recorder.steps[-1].text == "sudo -n systemctl show tor-relay --no-pager"
        assert (await story.incident()).steps["A1.check"].state is StepState.OK


async def test_only_what_is_in_doubt_is_checked(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        with pytest.raises(IllegalMove, match="not in doubt"):
            await story.do(CheckDoubt(by="ana", step="L322"))
