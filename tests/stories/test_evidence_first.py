"""Before a step that may destroy evidence, what it may destroy is saved; where it cannot be, a person is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.errors import Conflict
from tocsin.run.commands import ApproveStep, ProposeStep, find_task
from tocsin.run.guard import NeedsApproval, judge
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import StepState

from .test_endings import Gate

Casting = Callable[..., Cast]
RESTART = "L322"
PS = "sudo -n docker compose ps -a database"
LOGS = "sudo -n docker compose logs --no-color --timestamps --tail=5000 database"
DO = "sudo -n docker compose restart database"


def texts(story: Story) -> list[str]:
    return [step.text for step in story.recorder.steps]


async def test_logs_and_state_are_saved_before_a_restart(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        await story.approve(RESTART, "ana")
        assert texts(story)[-3:] == [PS, LOGS, DO]
        steps = (await story.incident()).steps
        assert steps[f"{RESTART}.before2"].state is StepState.OK
        requested = [entry.event for entry in await story.events(e.StepRequested)]
        assert [(each.by, each.changes) for each in requested[-3:]] == [("ana", False), ("ana", False), ("ana", True)]  # type: ignore[attr-defined]


async def test_what_cannot_be_saved_is_lost_only_if_somebody_says_so(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        story.recorder.answer = lambda text: Answer(exit_code=1) if text == LOGS else Answer()
        await story.declare("Database Connection Failures")
        await story.approve(RESTART, "ana")
        record = (await story.incident()).steps[RESTART]
        assert DO not in texts(story)
        assert (record.state, record.approved_by, record.must_say_so) == (StepState.WAITING, None, True)
        assert "could not be saved" in record.why
        assert LOGS in record.why
        with pytest.raises(Conflict, match="--unsaved"):
            await story.approve(RESTART, "ana")
        incident, book = await story.look()
        digest = find_task(incident, book, RESTART, {}).digest
        await story.do(ApproveStep(by="ana", step=RESTART, digest=digest, unsaved=True))
        assert texts(story)[-1] == DO
        assert texts(story).count(LOGS) == 1


async def test_each_run_saves_anew(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        await story.approve(RESTART, "ana")
        incident, book = await story.look()
        await story.advance("5m")
        digest = find_task(incident, book, RESTART, {}).digest
        await story.do(ApproveStep(by="ana", step=RESTART, digest=digest, again=True))
        assert texts(story)[-6:] == [PS, LOGS, DO, PS, LOGS, DO]


async def test_a_breach_that_is_declared_while_evidence_is_saved_stops_the_restart(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        outage = await story.declare("Database Connection Failures")
        incident, book = await story.look(outage)
        digest = find_task(incident, book, RESTART, {}).digest
        gate = Gate(story)
        story.engine.dispatch._performers[e.StepRequested] = gate
        await story.engine.submit(outage, ApproveStep(by="ana", step=RESTART, digest=digest))
        await story.engine.intake.declare("monero-marketplace", "", "Security Breach", None, "somebody")
        gate.open.set()
        await story.settle()
        assert DO not in texts(story)
        assert (await story.incident(outage)).steps[RESTART].state is StepState.FORBIDDEN


async def test_what_another_machine_would_lose_is_said_before_it_is_approved(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        await story.do(ProposeStep(by="ana", text="ssh db-1 'sudo systemctl restart postgresql'"))
        incident, book = await story.look()
        asked = judge(find_task(incident, book, "A1", {}), incident, book)
        assert isinstance(asked, NeedsApproval)
        assert "not saved before" in asked.why
