"""What is owed once it is over: kept by what was done after the end alone, and owed anew after each end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from tocsin.engine.relearn import relearn
from tocsin.engine.shelf import EMPTY
from tocsin.incident.afterwards import list_afterwards, must_hold
from tocsin.incident.commands import (
    Acknowledge,
    IdentifyCause,
    Reopen,
    Resolve,
    SavePostmortem,
    WaiveObligation,
)
from tocsin.playbook.model import Procedure, Remark, Review
from tocsin.run.commands import FinishStep, SkipStep
from tocsin.testing.story import Cast, Story
from tocsin.words import ObligationState, Status

from ..duties.scenes import look_in, tick  # noqa: TID252

Casting = Callable[..., Cast]
PENDING, MET = ObligationState.PENDING, ObligationState.MET
LINES = (802, 803, 804, 805)


async def end(story: Story) -> None:
    """It is declared, and over after ten minutes."""
    await story.declare("Chain Halted")
    await story.do(Acknowledge(by="ana"))
    await story.advance("10m")
    await story.do(Resolve(by="ana"))


async def end_again(story: Story) -> None:
    """It was not over, and is ten minutes later."""
    await story.advance("10m")
    await story.do(Reopen(by="ana", reason="it is back"))
    await story.advance("10m")
    await story.do(Resolve(by="ana"))


async def see(story: Story, line: int) -> tuple[str, tuple[str, ...]]:
    """In which state the room shows a line, and what can be asked of it."""
    return next((each.state, each.acts) for each in (await look_in(story)).steps if each.line == line)


async def test_what_was_kept_is_owed_again_after_another_end_with_a_time_of_its_own(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await end(story)
        await tick(story, *LINES)
        await story.expect_obligation("review:800", MET)
        await end_again(story)
        assert await see(story, 802) == ("planned", ("done", "skip"))
        await story.expect_obligation("review:800:2", PENDING, due="150m")
        await tick(story, *LINES)
        await story.expect_obligation("review:800:2", MET)
        await end_again(story)
        await story.expect_obligation("review:800:3", PENDING, due="170m")


async def test_a_duty_that_counts_from_the_alert_is_owed_again_from_the_reopening(cast: Casting) -> None:
    text = cast("virtengine").playbook.replace(b"(Within 2 hours)", b"(Within 2 hours of the alert)")
    async with Story(cast("virtengine", playbook=text)) as story:
        await end(story)
        await story.expect_obligation("review:800", PENDING, due="120m")
        await tick(story, *LINES)
        await story.expect_obligation("review:800", MET)
        await end_again(story)
        await story.expect_obligation("review:800:2", PENDING, due="140m")


async def test_lines_that_are_ticked_among_the_steps_of_a_procedure_stay_so_after_another_end(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.do(IdentifyCause(by="ana", text="a bad deploy"))
        await story.advance("10m")
        await story.do(Resolve(by="ana"))
        await tick(story, 223, 226, 227, 228)
        await story.expect_obligation("review:220", MET)
        await end_again(story)
        assert [key for key, each in (await story.incident()).obligations.items() if each.line == 220] == ["review:220"]


async def test_who_ticks_that_stakeholders_were_told_owes_them_no_word_and_who_waives_it_no_tick(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await end(story)
        await story.expect_obligation("tell:804", PENDING)
        await tick(story, 804)
        await story.expect_obligation("tell:804", MET)
    async with Story(cast("virtengine")) as story:
        await end(story)
        await tick(story, 802, 803, 805)
        await story.do(WaiveObligation(by="ana", key="tell:804", reason="they sat beside us"))
        assert (await see(story, 804))[0] == "skipped"
        await story.expect_obligation("review:800", MET)


HARMLESS = (
    "Acknowledge the volunteers who helped",
    "Complete action items from post-mortem",
    "Create tickets for post-mortem actions",
    "Prepare for the post-mortem meeting",
    "Draft blameless post-mortem and send to legal",
    "Set severity label of the follow-up tickets",
    "Check whether customers' error reports were answered",
    "Confirm the metrics slide is in the deck",
    "Check that error budgets are updated in the SLO sheet",
    "Root cause confirmed with the vendor",
    "Tell whoever was paged",
)


async def test_no_line_is_answered_by_what_says_nothing_of_it(cast: Casting) -> None:
    usual = cast("virtengine").playbook
    before = b"1. Confirm all systems stable"
    lines = "\n".join(f"{at}. {text}" for at, text in enumerate(HARMLESS, start=1)).encode()
    async with Story(cast("virtengine", playbook=usual.replace(before, lines))) as story:
        await story.declare("Chain Halted", severity="SEV-1")
        await story.do(Acknowledge(by="ana"))
        await story.do(IdentifyCause(by="ana", text="a bad deploy"))
        await story.do(Resolve(by="ana"))
        await story.do(SavePostmortem(by="ana", text="0" * 64))
        shown = {each.text: each for each in (await look_in(story)).steps}
        assert {text: (shown[text].state, shown[text].acts) for text in HARMLESS} == dict.fromkeys(
            HARMLESS, ("planned", ("done", "skip"))
        )
        for text in HARMLESS:
            await story.do(FinishStep(by="bo", step=shown[text].id, passed=False))
        assert (await story.incident()).status is Status.RESOLVED


async def test_whoever_knows_better_says_that_a_line_is_not_done_that_the_timeline_has_answered(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await end(story)
        await story.do(SavePostmortem(by="ana", text="0" * 64))
        assert await see(story, 805) == ("ok", ("undone",))
        await story.do(FinishStep(by="bo", step="L805", note="a draft of two words", passed=False))
        assert await see(story, 805) == ("failed", ("done",))
        assert [(each.done, each.total) for each in (await look_in(story)).procedures if each.line == 800] == [(0, 4)]
        await tick(story, 802, 803, 804)
        await story.expect_obligation("review:800", PENDING)


async def test_a_line_that_was_left_out_is_left_out_anew_after_another_end(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await end(story)
        await story.do(SkipStep(by="ana", step="L802", reason="the chain is gone"))
        await end_again(story)
        assert (await see(story, 802))[0] == "planned"
        await story.do(SkipStep(by="ana", step="L802", reason="still gone"))
        assert (await story.incident()).steps["L802"].why == "still gone"
        assert (await see(story, 802))[0] == "skipped"


@pytest.mark.parametrize(
    "text",
    [
        "Watch for recurrence",
        "Monitor SLOs",
        "Check error rates",
        "Confirm all systems stable",
        "Monitor payment API error rates for 24 hours",
        "Verify latency is back to normal",
        "Ensure that the database remains healthy",
    ],
)
def test_what_asks_how_the_system_does_may_be_found_not_to_hold(text: str) -> None:
    review = Review(what="After", after_s=7200, line=1, items=(Remark(line=2, text=text),))
    assert [must_hold(step) for each in _list(review) for step in each.steps] == [True]


def _list(*reviews: Review) -> Iterator[Procedure]:
    return list_afterwards(replace(EMPTY, reviews=reviews), None, frozenset())


def test_titles_are_no_lines_to_tick_for_a_playbook_that_was_pinned_before_there_were_titles() -> None:
    items = (Remark(line=2, text="0-24 hours:"), Remark(line=3, text="Look on"), Remark(line=4, text="Talk"),
             Remark(line=5, text="Thank people"))  # fmt: skip
    review = Review(what="After", after_s=7200, line=1, items=items)
    assert [step.line for each in _list(review) for step in each.steps] == [3, 4, 5]
    pinned, now = replace(EMPTY, reviews=(review,)), replace(review, titles=(items[0], items[2]))
    learned = relearn(pinned, replace(EMPTY, reviews=(now,)))
    assert learned.reviews == (now,)
    assert relearn(learned, learned) is learned
