"""Each line of a checklist counts: a phase is over with the last of its lines, whoever ticks them, and not before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.testing.story import Cast, Story
from tocsin.words import ObligationState, StepState

from .scenes import tick

Casting = Callable[..., Cast]
PENDING, MET = ObligationState.PENDING, ObligationState.MET


async def tick_all(story: Story, phases: dict[int, tuple[int, ...]]) -> None:
    """Of each phase (by its line) these lines are ticked by hand, and none before the last ends it."""
    for phase, lines in phases.items():
        for line in lines:
            await story.expect_obligation(f"phase:{phase}", PENDING)
            await tick(story, line, by="bo")
            step = (await story.incident()).steps[f"L{line}"]
            assert (step.state, step.approved_by) == (StepState.OK, "bo")
        await story.expect_obligation(f"phase:{phase}", MET)


@pytest.mark.duty("WEX-04", "WEX-09", "WEX-10", "WEX-12", "WEX-14")
async def test_a_p0_goes_from_checklist_to_checklist(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await tick_all(
            story,
            {
                33: (44, 45, 46, 47, 48),
                79: (100, 101, 102),
                104: (136, 137),
                139: (178, 179, 180),
                204: (218, 215, 216, 217),
            },
        )


@pytest.mark.duty("WEX-17")
async def test_a_p1_goes_from_checklist_to_checklist(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P1")
        await tick_all(story, {234: (236, 237, 238), 240: (242, 243, 244), 246: (248, 249, 250), 252: (254, 255, 256)})


@pytest.mark.duty("MON-05")
async def test_the_room_is_set_up_with_the_last_of_its_lines(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        await tick_all(story, {65: (68, 69, 66, 67)})


@pytest.mark.duty("MON-11")
async def test_a_p2_is_resolved_with_the_last_of_its_lines(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P2")
        await tick_all(story, {157: (158, 159, 160)})
