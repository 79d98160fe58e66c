"""A wait for a state is the look beside it, repeated until that says so; where none can tell, a person does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.errors import Denied
from tocsin.incident.book import number_steps
from tocsin.incident.commands import Acknowledge
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.run.awaiting import BeginWait
from tocsin.run.stop import StopStep
from tocsin.run.until import find_until
from tocsin.run.wait import EndWait
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Mode, StepState

from .test_endings import Gate

PLAYBOOK = """# Shop Playbook

### PLAY-001: Database Down

**Alert**: `DatabaseDown`

#### Resolution Steps

1. Restart it:

   ```bash
   systemctl restart postgresql
   ```

2. Wait until the database answers

3. Look whether it does:

   ```bash
   pg_isready -h db
   ```

4. Let the shop in again:

   ```bash
   systemctl start shop
   ```
"""
TOLD = 600


def shop(text: str = PLAYBOOK, **changes: object) -> Cast:
    return Cast(playbook=text.encode(), **changes)  # type: ignore[arg-type]


async def find_wait(story: Story) -> str:
    """The step that waits."""
    incident, book = await story.look()
    return next(each for one in book.procedures(incident) for each, step in number_steps(one) if "Wait" in step.text)


async def take(story: Story) -> str:
    await story.alert("DatabaseDown")
    await story.do(Acknowledge(by="ana"))
    return await find_wait(story)


def says(exit_code: int) -> Callable[[str], Answer]:
    return lambda text: Answer(exit_code=exit_code if text.startswith("pg_isready") else 0)


def looks(story: Story) -> list[float]:
    """When it was asked."""
    return [story.since(each.at) for each in story.recorder.steps if each.text.startswith("pg_isready")]


async def test_the_look_is_repeated_until_it_says_so_and_the_wait_is_over() -> None:
    async with Story(shop()) as story:
        story.recorder.answer = says(2)
        step = await take(story)
        await story.advance("1m")
        assert looks(story) == [], "nobody has begun to wait"
        await story.do(BeginWait(by="ana", step=step))
        await story.advance("40s")
        assert looks(story) == [60, 75, 90]
        assert (await story.incident()).waits[step].is_open
        story.recorder.answer = says(0)
        await story.advance("2m")
        assert looks(story) == [60, 75, 90, 105]
        (over,) = [each.event for each in await story.events(e.WaitEnded)]
        assert isinstance(over, e.WaitEnded)
        assert (over.passed, over.reason) == (True, "line 20 says so: pg_isready -h db")
        assert (await story.incident()).steps[step].state is StepState.OK


async def test_it_ends_after_forty_looks_and_has_failed() -> None:
    async with Story(shop()) as story:
        story.recorder.answer = says(2)
        step = await take(story)
        await story.do(BeginWait(by="ana", step=step))
        await story.advance("1h")
        assert len(looks(story)) == 40
        (over,) = await story.events(e.WaitEnded)
        assert isinstance(over.event, e.WaitEnded)
        assert (story.since(over.at), over.event.passed) == (TOLD, False)
        assert (await story.incident()).steps[step].state is StepState.FAILED


@pytest.mark.parametrize("paces", [(20, 20), (20, 30), (30, 20)])
async def test_two_waits_by_the_same_look_ask_it_once_at_the_earlier_of_their_moments(paces: tuple[int, int]) -> None:
    async with Story(shop(PLAYBOOK.replace("4. Let", "4. Wait until the shop reads again\n\n5. Let"))) as story:
        story.recorder.answer = says(2)
        first = await take(story)
        incident, book = await story.look()
        steps = [each for one in book.procedures(incident) for each in number_steps(one)]
        second = next(each for each, step in steps if "the shop reads" in step.text)
        await story.do(BeginWait(by="ana", step=first, look="L20", every_s=paces[0]))
        await story.do(BeginWait(by="ana", step=second, look="L20", every_s=paces[1]))
        await story.advance("50s")
        assert looks(story) == [0, 20, 40]
        story.recorder.answer = says(0)
        await story.advance("1m")
        assert looks(story) == [0, 20, 40, 60]
        assert len(await story.events(e.WaitEnded)) == 2
        asked = {entry.seq for entry in await story.events(e.StepRequested)}
        closed = {each.event.answers for each in await story.events(e.StepFinished)}  # type: ignore[attr-defined]
        assert asked == closed, "none is left to run again"


async def test_a_look_that_somebody_has_stopped_is_not_asked_again() -> None:
    async with Story(shop()) as story:
        story.recorder.answer = says(124)
        step, gate = await take(story), Gate(story)
        story.engine.dispatch._performers[e.StepRequested] = gate
        await story.engine.submit(story.stream, BeginWait(by="ana", step=step))
        await story.engine.turn()
        await story.engine.submit(story.stream, StopStep(by="bo", step="L20", reason="it hangs"))
        gate.open.set()
        await story.engine.dispatch.drain()
        assert (await story.incident()).steps["L20"].state is StepState.FAILED
        await story.advance("5m")
        assert looks(story) == [0]
        assert (await story.incident()).waits[step].is_open
        await story.advance("6m")
        (over,) = [each.event for each in await story.events(e.WaitEnded)]
        assert isinstance(over, e.WaitEnded)
        assert not over.passed


async def test_what_it_said_before_the_wait_does_not_count_and_a_person_may_end_it() -> None:
    async with Story(shop()) as story:
        step = await take(story)
        await story.approve("L20", "ana")
        story.recorder.answer = says(2)
        await story.advance("1m")
        await story.do(BeginWait(by="ana", step=step))
        await story.advance("20s")
        assert (await story.incident()).waits[step].is_open
        await story.do(EndWait(by="ana", step=step, reason="it is enough"))
        asked = len(looks(story))
        await story.advance("5m")
        assert len(looks(story)) == asked


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("pg_isready -h db", "cat /etc/motd"), "No look beside it"),
        (("systemctl restart postgresql", "systemctl is-active postgresql"), "Lines 12 and 20 may both tell"),
        (("pg_isready -h db", "systemctl start db"), "No look beside it"),
        (("pg_isready -h db", "curl -s http://db/"), "No look beside it"),
    ],
)
async def test_where_no_single_look_tells_a_person_must(change: tuple[str, str], why: str) -> None:
    async with Story(shop(PLAYBOOK.replace(*change))) as story:
        step = await take(story)
        with pytest.raises(Denied, match=why):
            await story.do(BeginWait(by="ana", step=step))


async def test_a_team_that_lets_nothing_run_waits_by_hand() -> None:
    async with Story(shop(mode=Mode.INSTRUCT)) as story:
        with pytest.raises(Denied, match="by hand"):
            await story.do(BeginWait(by="ana", step=await take(story)))


@pytest.mark.parametrize(("seed", "line"), [("bitcell", 169), ("virtengine", 232), ("virtengine", 677)])
def test_waits_of_the_seeds_that_no_command_can_tell_stay_with_a_person(seeds: Path, seed: str, line: int) -> None:
    """What a provider, or other validators, have done is nothing that a command beside the line answers."""
    playbook = compile_playbook((seeds / f"{seed}.md").read_bytes(), f"{seed}.md", load_knowledge())
    found = [
        find_until(each, step_id)
        for each in playbook.scenarios
        for step_id, step in number_steps(each)
        if step.line == line
    ]
    assert len(found) == 1
    assert isinstance(found[0], str)
    assert "somebody must say" in found[0]
