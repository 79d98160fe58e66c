"""USDX/Wexel's general procedure: what contains is guarded by its condition, and of the ways to fix one is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tocsin.errors import Denied
from tocsin.incident.standing import Standing
from tocsin.run.commands import find_task
from tocsin.run.guard import NeedsApproval, judge
from tocsin.run.turns import TakeWay
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.web.views.scene import Scene
from tocsin.web.views.steps import ProcedureView, StepView, show_procedures

Casting = Callable[..., Cast]
PAUSE_CONTRACTS, STOP_INDEXER, MAINTENANCE = "L84", "L87", "L96"
RESTART, ROLLBACK, HOTFIX, SCALE = "L143", "L148", "L163", "L169"
OPTIONS = {RESTART: 141, ROLLBACK: 146, HOTFIX: 151, SCALE: 166}


async def show(story: Story) -> tuple[ProcedureView, dict[str, StepView]]:
    """The procedure for a P0 as a room shows it, and all steps by their ids."""
    incident, book = await story.look()
    rota, now = story.shelf.rota(incident), story.clock.now()
    scene = Scene(incident=incident, book=book, rota=rota, standing=Standing(), people={}, now=now, source=())
    shown = show_procedures(scene)
    process = next(view for view, _ in shown if view.title == "Critical Incident Response")
    return process, {step.id: step for _, steps in shown for step in steps}


async def give(story: Story, step: str) -> dict[str, str]:
    """Values for the blanks of a step."""
    incident, book = await story.look()
    return dict.fromkeys(find_task(incident, book, step, {}).bound.missing, "v1.4.2")


def ran(story: Story) -> list[str]:
    """What ran of the steps that change something."""
    return [
        step.step
        for step in story.recorder.steps
        if step.step in {PAUSE_CONTRACTS, STOP_INDEXER, MAINTENANCE, *OPTIONS}
    ]


# ── WEX-08: at T+10 it is contained, on one of two branches ─────────────────────────────────────────────────────────


@pytest.mark.duty("WEX-08")
async def test_containing_begins_ten_minutes_in_and_each_branch_says_when_it_is_meant(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        process, steps = await show(story)
        part = next(each for each in process.sections if PAUSE_CONTRACTS in each.steps)
        assert part.starts_at is not None
        assert story.since(part.starts_at) == 10 * 60
        assert [each.text for each in steps[PAUSE_CONTRACTS].conditions] == ["If data at risk"]
        assert [each.text for each in steps[STOP_INDEXER].conditions] == ["If data at risk"]
        assert steps[MAINTENANCE].conditions[0].text == "If service unavailable"


@pytest.mark.duty("WEX-08")
async def test_pausing_contracts_and_maintenance_mode_wait_for_a_person(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.advance("1h")
        assert ran(story) == [], "nothing under a condition runs by itself"
        for step in (PAUSE_CONTRACTS, STOP_INDEXER, MAINTENANCE):
            incident, book = await story.look()
            assert isinstance(judge(find_task(incident, book, step, {}), incident, book), NeedsApproval)
        await story.approve(PAUSE_CONTRACTS, "lea")
        await story.approve(STOP_INDEXER, "lea")
        assert ran(story) == [PAUSE_CONTRACTS, STOP_INDEXER]


@pytest.mark.duty("WEX-08")
async def test_the_other_branch_is_taken_by_somebody_with_a_reason_or_not_at_all(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.approve(PAUSE_CONTRACTS, "lea")
        with pytest.raises(Denied, match=r"lea took line 81 .*If data at risk"):
            await story.approve(MAINTENANCE, "ana")
        assert ran(story) == [PAUSE_CONTRACTS]


# ── WEX-11: restart, rollback, hotfix or scale: one is chosen, and by whom is kept ──────────────────────────────────


@pytest.mark.duty("WEX-11")
@pytest.mark.parametrize("step", OPTIONS)
async def test_whoever_lets_a_fix_run_has_chosen_it(cast: Casting, step: str) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.approve(step, "lea", **await give(story, step))
        assert ran(story) == [step]
        chosen = [entry.event for entry in await story.events(e.WayTaken)]
        assert (OPTIONS[step], "lea", step) in [
            (each.line, each.by, each.step) for each in chosen if isinstance(each, e.WayTaken)
        ]
        others = [other for other in OPTIONS if other != step]
        for other in others:
            with pytest.raises(Denied, match=f"lea took line {OPTIONS[step]} "):
                await story.approve(other, "ana", **await give(story, other))
        assert ran(story) == [step]


@pytest.mark.duty("WEX-11")
async def test_the_choice_is_changed_by_somebody_who_says_why(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.do(TakeWay(by="lea", line=OPTIONS[RESTART]))
        with pytest.raises(Denied, match="--reason"):
            await story.do(TakeWay(by="bo", line=OPTIONS[ROLLBACK]))
        await story.do(TakeWay(by="bo", line=OPTIONS[ROLLBACK], reason="it came back up broken"))
        await story.approve(ROLLBACK, "bo", **await give(story, ROLLBACK))
        assert ran(story) == [ROLLBACK]
        told: list[Any] = [tell(entry.event, str.title) for entry in await story.events(e.WayTaken)]
        assert "Option A: Restart services" in told[0]
        assert told[0].startswith("Lea")
        assert told[1].startswith("Bo")
        assert "it came back up broken" in told[1]


async def test_half_an_approval_chooses_nothing(cast: Casting) -> None:
    """Of two people who must agree one has: the other ways are still open."""
    async with Story(cast("bitcell")) as story:
        await story.declare("Database Issues")
        await story.approve("L407", "ana")
        assert await story.events(e.ApprovalGiven)
        assert await story.events(e.WayTaken) == []
