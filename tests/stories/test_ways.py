"""Where a playbook has several ways, one of them is gone; where it leads into another playbook, that one holds too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.errors import Denied, Prohibited
from tocsin.run.commands import ProposeStep
from tocsin.run.jump import find_jumps
from tocsin.run.turns import PursueScenario, TakeWay
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e

Casting = Callable[..., Cast]

TRAPS = {
    "BitCell 124": ("bitcell", "Node Down", {"id": "7", "region": "us-east-1"}, "L126", "L129"),
    "BitCell 399, restore and resync": ("bitcell", "Database Issues", {}, "L404", "L407"),
    "BitCell 399, resync and restore": ("bitcell", "Database Issues", {}, "L407", "L404"),
    "BitCell 399, prune and restore": ("bitcell", "Database Issues", {}, "L391", "L404"),
    "BitCell 264": ("bitcell", "High Proof Generation Time", {}, "L266", "L269"),
    "VirtEngine 676, sync and snapshot": ("virtengine", "Node Out of Sync", {}, "L680", "L687"),
    "VirtEngine 676, snapshot and sync": ("virtengine", "Node Out of Sync", {}, "L685", "L680"),
    "VirtEngine, offline and corrupt": ("virtengine", "Chain Halted", {}, "L250", "L269"),
    "VirtEngine, settings and split": ("virtengine", "Complete Network Partition", {}, "L336", "L345"),
}


@pytest.mark.parametrize(("team", "scenario", "blanks", "first", "other"), TRAPS.values(), ids=TRAPS)
async def test_of_two_ways_only_the_one_that_was_taken_runs(
    cast: Casting, team: str, scenario: str, blanks: dict[str, str], first: str, other: str
) -> None:
    async with Story(cast(team)) as story:
        await story.declare(scenario)
        needed = await _blanks(story, first, blanks)
        await story.approve(first, "ana", **needed)
        if not await story.events(e.WayTaken):
            await story.approve(first, "bo", **needed)
        with pytest.raises(Denied, match=r"(ana|bo) took line"):
            await story.approve(other, "lea", **await _blanks(story, other, blanks))
        changes = await _changes(story)
        assert changes == [first]
        (taken, *_) = [entry.event for entry in await story.events(e.WayTaken)]
        assert isinstance(taken, e.WayTaken) and taken.by in ("ana", "bo")


async def _changes(story: Story) -> list[str]:
    """The changing steps that were run, in order."""
    asked = {entry.event.step for entry in await story.events(e.StepStarted) if isinstance(entry.event, e.StepStarted)}
    return [step.step for step in story.recorder.steps if step.step in asked]


async def _blanks(story: Story, step: str, known: dict[str, str]) -> dict[str, str]:
    incident, book = await story.look()
    statement = next(
        each.statement for each in book.procedures(incident)[0].steps if each.statement and f"L{each.line}" == step
    )
    return {blank.name: known[blank.name] for blank in statement.placeholders}


CONDITIONS = {
    "Monero 275": ("monero-marketplace", "Complete Service Outage", ("L278", "L283")),
    "Monero 309": ("monero-marketplace", "Database Connection Failures", ("L325",)),
    "Monero 338": ("monero-marketplace", "Monero RPC Unreachable", ("L357",)),
    "Monero 370": ("monero-marketplace", "High Error Rate", ("L393",)),
    "Monero 408": ("monero-marketplace", "Data Corruption", ("L419",)),
    "Monero 449": ("monero-marketplace", "Security Breach", ("L451",)),
    "VirtEngine 393": ("virtengine", "Data Breach", ("L410",)),
    "VirtEngine 717": ("virtengine", "Database Connection Issues", ("L723",)),
}


@pytest.mark.parametrize(("team", "scenario", "steps"), CONDITIONS.values(), ids=CONDITIONS)
async def test_what_stands_under_a_condition_never_runs_by_itself(
    cast: Casting, team: str, scenario: str, steps: tuple[str, ...]
) -> None:
    async with Story(cast(team)) as story:
        await story.declare(scenario)
        await story.advance("30m")
        assert not {step.step for step in story.recorder.steps} & set(steps)
        assert await _changes(story) == []


async def test_the_other_way_runs_once_somebody_says_why(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await story.declare("Database Issues")
        await story.approve("L404", "ana")
        with pytest.raises(Denied, match="--reason why"):
            await story.do(TakeWay(by="lea", line=406))
        await story.do(TakeWay(by="lea", line=406, reason="the backup does not start"))
        await story.approve("L407", "ana")
        await story.approve("L407", "bo")
        assert await _changes(story) == ["L404", "L407"]


@pytest.mark.parametrize("way", ["L404", "L407"])
async def test_what_was_stopped_for_all_ways_is_started_again_after_any(cast: Casting, way: str) -> None:
    """Else whoever restores the backup can only start the node by opening the way that deletes it."""
    async with Story(cast("bitcell")) as story:
        await story.declare("Database Issues")
        for step in ("L401", way, "L408"):
            await story.approve(step, "ana")
            if step == "L407":
                await story.approve(step, "bo")
        assert await _changes(story) == ["L401", way, "L408"]
        closed = "L407" if way == "L404" else "L404"
        with pytest.raises(Denied, match="took line"):
            await story.approve(closed, "lea")


@pytest.mark.duty("MON-26")
async def test_an_outage_that_goes_on_leads_to_the_playbook_for_corruption(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage")
        incident, book = await story.look()
        (scenario,) = book.scenarios(incident)
        (jump,) = find_jumps(book.playbook.scenarios, scenario)
        assert (jump.line, jump.title, jump.condition) == (297, "Data Corruption / Loss", "If still failing")
        await story.do(PursueScenario(by="ana", scenario=str(jump.to), reason="still failing"))
        (entry,) = await story.events(e.ScenarioPursued)
        assert isinstance(entry.event, e.ScenarioPursued)
        assert (entry.event.line, entry.event.scenario_line, entry.event.by) == (297, jump.to, "ana")
        incident, book = await story.look()
        assert [each.title for each in book.scenarios(incident)] == [
            "Complete Service Outage",
            "Data Corruption / Loss",
        ]
        await story.approve("L410", "ana")
        assert story.recorder.steps[-1].step == "L410"


async def test_what_the_further_playbook_forbids_holds_from_then(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage")
        other = await story.declare("Database Connection Failures")
        outage = other.rpartition("-")[0] + "-1"
        await story.approve("L288", "ana", outage)
        await story.do(PursueScenario(by="ana", scenario="Security Breach"), outage)
        with pytest.raises(Prohibited, match="Line 471"):
            await story.do(ProposeStep(by="ana", text="sudo docker compose restart server"), outage)
        with pytest.raises(Prohibited, match="Line 471"):
            await story.approve("L322", "ana", other)


async def test_going_where_one_is_already_changes_nothing(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage")
        assert await story.do(PursueScenario(by="ana", scenario="Complete Service Outage")) == []
        await story.do(PursueScenario(by="ana", scenario="Playbook 5"))
        assert await story.do(PursueScenario(by="bo", scenario="Playbook 5")) == []
