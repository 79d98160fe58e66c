"""Whoever said that they have it is not called about it again, also if somebody else was first to say so."""

from __future__ import annotations

import pytest

from tocsin.incident.commands import Acknowledge
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e

from .test_clocks import PLAYBOOK


def cast() -> Cast:
    return Cast(
        playbook=PLAYBOOK,
        people={"ana": Person(name="Ana"), "boss": Person(name="Boss")},
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",), ("boss",)),
        roles={"store manager": ("boss",)},
    )


@pytest.mark.parametrize("says_so", [True, False])
async def test_the_second_to_acknowledge_is_left_in_peace_by_the_unresolved_clock(says_so: bool) -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        await story.advance("6m")
        called = len(story.pages("boss"))
        assert called, "the second rung has been called"
        await story.do(Acknowledge(by="ana"))
        if says_so:
            await story.do(Acknowledge(by="boss"))
            await story.do(Acknowledge(by="boss"))
        await story.advance("70m")
        assert (len(story.pages("boss")) == called) is says_so
        assert len(await story.events(e.Acknowledged)) == (2 if says_so else 1)
