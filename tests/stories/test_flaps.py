"""An alert that keeps clearing and firing again pages nobody anew for it; when it stays, it does."""

from __future__ import annotations

import pytest

from tocsin.incident.commands import Acknowledge, Mitigate
from tocsin.testing.story import Story
from tocsin.timeline.events import AlertFlaps, AlertSteadied, Reopened
from tocsin.timeline.tell import tell
from tocsin.words import Status

from .mill import cast

pytestmark = pytest.mark.anyio


async def toggle(story: Story, times: int, every: str = "30s") -> None:
    for _ in range(times):
        await story.alert("WheelStuck", resolved=True)
        await story.advance(every)
        await story.alert("WheelStuck")
        await story.advance(every)


async def watch(story: Story) -> None:
    """Somebody has taken it, and the fix is in."""
    await story.do(Acknowledge(by="ana"))
    await story.do(Mitigate(by="ana"))


async def test_one_that_flaps_joins_its_incident_says_so_and_pages_nobody_anew() -> None:
    async with Story(cast(flap_times=3)) as story:
        await story.alert("WheelStuck")
        await toggle(story, 4)
        (entry,) = await story.events(AlertFlaps)
        assert "fired again 4 times within 10 min" in tell(entry.event, str)
        await watch(story)
        before = len(story.pages())
        await toggle(story, 5)
        assert (await story.events(Reopened), len(story.pages())) == ([], before)
        assert len(await story.store.cards()) == 1
        assert len(await story.events(AlertFlaps)) == 1, "it is said once"


async def test_when_it_stays_on_the_fix_did_not_hold_and_people_are_paged() -> None:
    async with Story(cast(flap_times=3)) as story:
        await story.alert("WheelStuck")
        await toggle(story, 4)
        await watch(story)
        before = len(story.pages())
        await toggle(story, 1)
        await story.advance("9m")
        assert len(story.pages()) == before
        await story.advance("1m")
        (entry,) = await story.events(Reopened)
        assert "without a pause" in tell(entry.event, str)
        await story.advance("5s")
        assert [page.responder for page in story.pages()[before:]] == ["ana"]


async def test_when_it_stays_off_nothing_is_reopened_and_the_next_time_counts_again() -> None:
    async with Story(cast(flap_times=3)) as story:
        await story.alert("WheelStuck")
        await toggle(story, 4)
        await watch(story)
        await story.alert("WheelStuck", resolved=True)
        await story.advance("11m")
        (entry,) = await story.events(AlertSteadied)
        assert tell(entry.event, str).endswith("it stays clear")
        assert (await story.incident()).status is Status.MONITORING
        await story.alert("WheelStuck")
        assert await story.events(Reopened)


@pytest.mark.parametrize(("times", "every", "setting"), [(3, "30s", 3), (6, "4m", 3), (20, "5s", 0)])
async def test_what_toggles_no_more_often_than_that_reopens_as_ever(times: int, every: str, setting: int) -> None:
    async with Story(cast(flap_times=setting)) as story:
        await story.alert("WheelStuck")
        await toggle(story, times - 1, every)
        await watch(story)
        await toggle(story, 1, every)
        assert await story.events(Reopened)
        assert await story.events(AlertFlaps) == []


async def test_another_alert_of_the_incident_reopens_it_all_the_same() -> None:
    async with Story(cast(flap_times=3)) as story:
        await story.alert("WheelStuck", wheel="2")
        await story.alert("WheelStuck")
        await toggle(story, 4)
        await watch(story)
        await story.alert("WheelStuck", wheel="2", resolved=True)
        await story.alert("WheelStuck", wheel="2")
        assert await story.events(Reopened)
