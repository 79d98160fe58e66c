"""A team says in its settings what an output means: it picks the way, repeats a look, and watches the fix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from tocsin.errors import Denied
from tocsin.incident.commands import Acknowledge, Mitigate
from tocsin.incident.predicate import Check, Example, Predicate
from tocsin.run.turns import TakeWay
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Status

Casting = Callable[..., Cast]

FULL = Predicate(
    reads="df -h /data/bitcell",
    takes="If disk space low",
    matches=r"(\d+)%",
    above=90,
    examples=(Example(holds=True, output="/dev/sda 95% /"), Example(holds=False, output="/dev/sda 40% /")),
)
CORRUPT = Predicate(
    reads="df -h",
    takes="If corruption",
    matches="Input/output error",
    examples=(Example(holds=True, output="df: Input/output error"), Example(holds=False, output="fine")),
)
ROOM = Predicate(
    reads="df -h /data/bitcell",
    matches=r"(\d+)%",
    below=80,
    examples=(Example(holds=True, output="79%"), Example(holds=False, output="80%")),
)
PRUNE, RESTORE = "L391", "L401"


def use(percent: Callable[[], int]) -> Callable[[str], Answer]:
    return lambda text: Answer(stdout=f"/dev/sda1 50G {percent()}% /data\n" if text.startswith("df") else "")


async def test_a_predicate_takes_the_way_that_an_output_speaks_for(cast: Casting) -> None:
    async with Story(cast("bitcell", predicates={"full": FULL, "corrupt": CORRUPT})) as story:
        story.recorder.answer = use(lambda: 97)
        await story.declare("Database Issues")
        await story.advance("5s")
        (entry,) = await story.events(e.WayTaken)
        assert isinstance(entry.event, e.WayTaken)
        assert (entry.event.line, entry.event.by, entry.event.step) == (388, "tocsin", "L377")
        assert "predicate full" in entry.event.reason
        with pytest.raises(Denied, match="tocsin took line 388"):
            await story.approve(RESTORE, "ana")
        assert not await story.events(e.StepStarted), "what it opens still waits for a person"
        await story.do(TakeWay(by="ana", line=398, reason="it is corrupt too"))
        await story.approve(RESTORE, "ana")


@pytest.mark.parametrize("percent", [90, 12])
async def test_where_it_does_not_hold_nothing_is_taken(cast: Casting, percent: int) -> None:
    async with Story(cast("bitcell", predicates={"full": FULL})) as story:
        story.recorder.answer = use(lambda: percent)
        await story.declare("Database Issues")
        await story.advance("1m")
        assert await story.events(e.WayTaken) == []


async def test_a_person_who_has_chosen_is_not_overruled(cast: Casting) -> None:
    async with Story(cast("bitcell", predicates={"full": FULL})) as story:
        percent = [10]
        story.recorder.answer = use(lambda: percent[0])
        await story.declare("Database Issues")
        await story.do(TakeWay(by="ana", line=398))
        percent[0] = 99
        await story.approve("L377", "ana")
        await story.advance("1m")
        assert len(await story.events(e.WayTaken)) == 1


async def test_a_check_repeats_a_look_until_it_holds(cast: Casting) -> None:
    checks = {"room": Check(until="room", every_s=10, attempts=10)}
    async with Story(cast("bitcell", predicates={"room": ROOM}, checks=checks)) as story:
        looks = iter([95, 92, 85, 60, 60, 60])
        story.recorder.answer = use(lambda: next(looks))
        await story.declare("Database Issues")
        await story.advance("5m")
        times = [step.at for step in story.recorder.steps if step.text.startswith("df")]
        assert [after - before for before, after in pairwise(times)] == [timedelta(seconds=10)] * 3
        (entry,) = await story.events(e.CheckEnded)
        assert isinstance(entry.event, e.CheckEnded)
        assert (entry.event.check, entry.event.passed, entry.event.attempts) == ("room", True, 4)


async def test_a_check_gives_up_after_its_attempts_and_begins_anew_for_a_person(cast: Casting) -> None:
    checks = {"room": Check(until="room", every_s=10, attempts=3)}
    async with Story(cast("bitcell", predicates={"room": ROOM}, checks=checks)) as story:
        story.recorder.answer = use(lambda: 95)
        await story.declare("Database Issues")
        await story.advance("10m")
        assert len([step for step in story.recorder.steps if step.text.startswith("df")]) == 3
        (entry,) = await story.events(e.CheckEnded)
        assert isinstance(entry.event, e.CheckEnded) and not entry.event.passed
        await story.approve("L377", "ana")
        await story.advance("10m")
        assert len([step for step in story.recorder.steps if step.text.startswith("df")]) == 6


async def test_a_watch_after_the_fix_reopens_when_it_comes_back(cast: Casting) -> None:
    checks = {"room": Check(until="room", every_s=30, watch_s=1800)}
    async with Story(cast("bitcell", predicates={"room": ROOM}, checks=checks)) as story:
        percent = [50]
        story.recorder.answer = use(lambda: percent[0])
        await story.declare("Database Issues")
        await story.do(Acknowledge(by="ana"))
        await story.do(Mitigate(by="ana"))
        await story.advance("5m")
        assert (await story.incident()).status is Status.MONITORING
        percent[0] = 93
        await story.advance("1m")
        incident = await story.incident()
        assert incident.status is Status.ACTIVE
        (entry,) = await story.events(e.Reopened)
        assert isinstance(entry.event, e.Reopened) and "check room does not hold any more" in entry.event.reason


async def test_the_watch_ends_with_its_time(cast: Casting) -> None:
    checks = {"room": Check(until="room", every_s=60, watch_s=300)}
    async with Story(cast("bitcell", predicates={"room": ROOM}, checks=checks)) as story:
        percent = [50]
        story.recorder.answer = use(lambda: percent[0])
        await story.declare("Database Issues")
        await story.do(Acknowledge(by="ana"))
        await story.do(Mitigate(by="ana"))
        await story.advance("10m")
        percent[0] = 93
        await story.advance("30m")
        assert (await story.incident()).status is Status.MONITORING
