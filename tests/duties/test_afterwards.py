"""What the playbook wants done once it is over: checklists with a deadline; the timeline answers what it can."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import Acknowledge, Mitigate, Resolve, SavePostmortem
from tocsin.run.commands import FinishStep
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, ObligationState, Status, StepState

from .scenes import look_in, record, tick

Casting = Callable[..., Cast]
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE
EVERYBODY = (Audience.PUBLIC, Audience.STAKEHOLDERS, Audience.USERS)


async def finish(story: Story, scenario: str) -> None:
    """It is declared, and over after ten minutes."""
    await story.declare(scenario)
    await story.do(Acknowledge(by="ana"))
    await story.advance("10m")
    await story.do(Mitigate(by="ana"))
    await story.do(Resolve(by="ana"))


async def list_after(story: Story, line: int) -> dict[int, tuple[str, str, bool]]:
    """The lines of a checklist: what each says, in which state it is, and whether somebody may tick it."""
    room = await look_in(story)
    found = next((each for each in room.procedures if each.is_after and each.line == line), None)
    ids = [step for section in found.sections for step in section.steps] if found is not None else []
    return {each.line: (each.text, each.state, "done" in each.acts) for each in room.steps if each.id in ids}


@pytest.mark.duty("VIR-30")
async def test_within_two_hours_it_is_seen_to_be_stable_said_to_everybody_and_written_down(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Chain Halted")
        assert await list_after(story, 800) == {}
        await story.do(Acknowledge(by="ana"))
        await story.advance("10m")
        await story.do(Resolve(by="ana"))
        await story.expect_obligation("review:800", PENDING, due="130m")
        assert await list_after(story, 800) == {
            802: ("Confirm all systems stable", "planned", True),
            803: ('Update status page to "Resolved"', "planned", True),
            804: ("Send summary to stakeholders", "planned", True),
            805: ("Create post-mortem document", "planned", True),
        }
        await story.do(PostUpdate(by="ana", text="It is over.", audiences=(Audience.PUBLIC, Audience.STAKEHOLDERS)))
        await story.do(SavePostmortem(by="ana", text="0" * 64))
        assert [state for _, state, _ in (await list_after(story, 800)).values()] == ["planned", "ok", "ok", "ok"]
        await story.expect_obligation("review:800", PENDING)
        await record(story, {802: "blocks since 03:20, all validators sign"})
        await story.expect_obligation("review:800", MET)
    async with Story(cast("virtengine")) as story:
        await finish(story, "Chain Halted")
        await tick(story, 802, 803, 804)
        await story.advance("2h")
        await story.expect_obligation("review:800", LATE)
        await story.do(SavePostmortem(by="ana", text="0" * 64))
        assert (await story.incident()).obligations["review:800"].met_at is not None


@pytest.mark.duty("MYC-22")
async def test_for_a_day_after_it_recurrence_objectives_and_error_rates_are_looked_at(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await finish(story, "Redemption System Failure")
        assert {line: words for line, words in (await list_after(story, 339)).items() if line >= 351} == {
            351: ("Watch for recurrence", "planned", True),
            352: ("Monitor SLOs", "planned", True),
            353: ("Check error rates", "planned", True),
        }
        waits = (await story.incident()).waits
        assert {key: story.since(waits[key].until) for key in ("L351", "L352")} == {"L351": 87000, "L352": 87000}
        await story.do(PostUpdate(by="ana", text="It is over.", audiences=EVERYBODY))
        await tick(story, 342, 343, 353)
        await story.expect_obligation("review:339", PENDING, due="24h10m")
        await story.advance("24h")
        met = await story.expect_obligation("review:339", MET)
        assert met.line == 339


@pytest.mark.duty("MYC-22")
async def test_error_rates_that_are_not_well_again_reopen_it_and_are_looked_at_anew(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await finish(story, "Redemption System Failure")
        await tick(story, 343)
        await story.do(FinishStep(by="bo", step="L353", note="4 % of redemptions fail", passed=False))
        assert (await story.incident()).status is Status.ACTIVE
        (reopened,) = await story.events(e.Reopened)
        assert getattr(reopened.event, "reason", "") == "line 353 does not hold: Check error rates"
        assert await list_after(story, 339) == {}
        await story.advance("5m")
        await story.do(Resolve(by="ana"))
        assert (await list_after(story, 339))[353] == ("Check error rates", "planned", True)
        await tick(story, 353)
        assert (await story.incident()).steps["L353"].state is StepState.OK


async def test_a_lesson_that_nobody_noted_reopens_nothing_and_nothing_follows_a_false_alarm(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await finish(story, "Redemption System Failure")
        await story.do(FinishStep(by="bo", step="L343", note="none", passed=False))
        assert (await story.incident()).status is Status.RESOLVED
    async with Story(cast("mycelia")) as story:
        await story.declare("Redemption System Failure")
        await story.do(Resolve(by="ana", false_positive=True, note="a test"))
        assert await list_after(story, 339) == {}
