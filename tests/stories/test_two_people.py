"""What does not come back takes two people; what is approved begins soon or not at all; who is no person approves none.

Told with the playbooks of Monero Marketplace (5: data corruption, 6: security breach) and VirtEngine (PLAY-003).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.engine.change import NoOutgoing
from tocsin.errors import NotAuthorised
from tocsin.incident.commands import Acknowledge, LiftProhibition, Mitigate, Resolve, SetSeverity, TakeRole
from tocsin.oncall.settings import Person
from tocsin.playbook.effect import Catalogue, Entry
from tocsin.run.commands import ApproveStep, ProposeStep, find_task
from tocsin.run.guard import NeedsApproval, judge
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, Effect, StepState

from .conftest import PEOPLE

Casting = Callable[..., Cast]
PRUNE, PRUNED = "sudo docker system prune -af", "sudo -n docker system prune -af"
RESTORE_DATABASE, REVOKE_KEY = "L419", "L395"


def ran(story: Story) -> list[str]:
    """What ran, without the reads that went before something."""
    return [step.text for step in story.recorder.steps if ".before" not in step.step]


async def ask(story: Story, step: str, stream: str | None = None, **given: str) -> Any:
    """The verdict on a step, as everybody is shown it."""
    incident, book = await story.look(stream)
    return judge(find_task(incident, book, step, given), incident, book)


async def test_what_deletes_takes_two_different_people(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Data Corruption / Loss")
        await story.do(ProposeStep(by="ana", text=PRUNE))
        asked = await ask(story, "A1")
        assert isinstance(asked, NeedsApproval)
        assert asked.people == 2
        assert "two people" in asked.why
        with pytest.raises(NotAuthorised, match="two people"):
            await story.approve("A1", "ana")
        assert ran(story) == []
        await story.approve("A1", "bo")
        assert ran(story) == [PRUNED]


async def test_of_two_approvals_the_second_is_another_persons(cast: Casting) -> None:
    """A step of the playbook has nobody who typed it: the first approval is kept, and nothing runs."""
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        key = {"compromised_key": "ab12"}
        await story.approve(REVOKE_KEY, "sec", **key)
        assert ran(story) == []
        assert [each.by for each in (await story.incident()).steps[REVOKE_KEY].approvals] == ["sec"]
        with pytest.raises(NotAuthorised, match="somebody else"):
            await story.approve(REVOKE_KEY, "sec", **key)
        await story.approve(REVOKE_KEY, "ana", **key)
        assert len(ran(story)) == 1
        told = await story.events(e.ApprovalGiven), await story.events(e.StepApproved)
        assert [(entry.event.by, entry.event.digest) for kind in told for entry in kind] == [  # type: ignore[attr-defined]
            ("sec", told[0][0].event.digest),  # type: ignore[attr-defined]
            ("ana", told[0][0].event.digest),  # type: ignore[attr-defined]
        ]


async def test_one_of_the_two_is_whom_the_playbook_names(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        await story.approve(REVOKE_KEY, "ana", compromised_key="ab12")
        with pytest.raises(NotAuthorised, match="security team"):
            await story.approve(REVOKE_KEY, "bo", compromised_key="ab12")
        assert ran(story) == []
        await story.approve(REVOKE_KEY, "sec", compromised_key="ab12")
        assert len(ran(story)) == 1


async def test_two_approvals_of_different_values_are_none_of_either(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        await story.approve(REVOKE_KEY, "sec", compromised_key="ab12")
        await story.approve(REVOKE_KEY, "ana", compromised_key="cd34")
        assert ran(story) == []


@pytest.mark.parametrize(("minutes", "runs"), [(9, True), (11, False)])
async def test_the_first_approval_is_good_for_ten_minutes(cast: Casting, minutes: int, *, runs: bool) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        await story.approve(REVOKE_KEY, "sec", compromised_key="ab12")
        await story.advance(f"{minutes}m")
        await story.approve(REVOKE_KEY, "ana", compromised_key="ab12")
        assert bool(ran(story)) is runs


async def test_two_agree_anew_on_each_run(cast: Casting) -> None:
    """Both approved one run; a second one needs two again, of whom neither may be counted from before."""
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Data Corruption / Loss")
        await story.do(ProposeStep(by="ana", text=PRUNE))
        await story.approve("A1", "bo")
        incident, book = await story.look()
        digest = find_task(incident, book, "A1", {}).digest
        again = ApproveStep(by="ana", step="A1", digest=digest, again=True)
        with pytest.raises(NotAuthorised, match="two people"):
            await story.do(again)
        await story.do(msgspec.structs.replace(again, by="max"))
        assert ran(story) == [PRUNED, PRUNED]


async def test_what_was_approved_begins_soon_or_is_approved_anew(cast: Casting) -> None:
    """A queue that stood still for a quarter of an hour starts nothing that was right a quarter of an hour ago."""
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Data Corruption / Loss")
        incident, book = await story.look()
        digest = find_task(incident, book, "L410", {}).digest
        story.journal.outgoing = NoOutgoing()
        await story.engine.submit(story.stream, ApproveStep(by="ana", step="L410", digest=digest))
        story.clock.set(story.clock.now() + timedelta(minutes=11))
        await story.settle()
        record = (await story.incident()).steps["L410"]
        assert ran(story) == []
        assert (record.state, record.approved_by) == (StepState.WAITING, None)
        assert "good for 10 min" in record.why
        await story.approve("L410", "ana")
        assert ran(story) == ["sudo -n docker compose stop server"]


async def test_the_settings_say_how_long_an_approval_is_good_for(cast: Casting) -> None:
    async with Story(cast("virtengine", approval_good_for_s=60.0)) as story:
        await story.declare("Data Breach / Security Incident")
        await story.approve(REVOKE_KEY, "sec", compromised_key="ab12")
        await story.advance("61s")
        await story.approve(REVOKE_KEY, "ana", compromised_key="ab12")
        assert ran(story) == []


async def test_an_assistant_proposes_and_approves_nothing(cast: Casting) -> None:
    people = PEOPLE | {"copilot": Person(name="Copilot", assistant=True)}
    roles = {"Security Team": ("sec", "copilot"), "Incident Commander": ("lea", "copilot")}
    async with Story(cast("monero-marketplace", people=people, roles=roles)) as story:
        await story.declare("Data Corruption / Loss")
        await story.do(ProposeStep(by="copilot", text="df -h"))
        incident, book = await story.look()
        digest = find_task(incident, book, "A1", {}).digest
        refused: list[Any] = [
            ApproveStep(by="copilot", step="A1", digest=digest),
            Acknowledge(by="copilot"),
            Mitigate(by="copilot"),
            SetSeverity(by="copilot", severity="P4"),
            Resolve(by="copilot"),
            TakeRole(by="copilot", role="Security", responder="ana"),
            LiftProhibition(by="copilot", line=473, roles=("Security Team",)),
            PostUpdate(by="copilot", text="All is well.", audiences=(Audience.PUBLIC,)),
        ]
        for command in refused:
            with pytest.raises(NotAuthorised, match="assistant"):
                await story.do(command)
        assert ran(story) == []
        await story.do(SetSeverity(by="ana", severity="P3"))
        await story.do(SetSeverity(by="copilot", severity="P1"))
        assert (await story.incident()).severity == "P1", "to wake more people is for anybody to ask"
        await story.do(ProposeStep(by="copilot", text=PRUNE))
        await story.approve("A2", "ana")
        assert ran(story) == [], "an assistant is none of the two people"
        await story.approve("A2", "bo")
        assert ran(story) == [PRUNED]


async def test_a_script_that_the_team_has_found_to_destroy_takes_two(cast: Casting) -> None:
    """Nobody can see what the restore of playbook 5 does; once the catalogue says so, it is asked for by two."""
    entry = Entry(pattern="./scripts/restore-database.sh *", effect=Effect.DESTROY, who="ana", when="2026-01-31")
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Data Corruption / Loss")
        unknown = await ask(story, RESTORE_DATABASE)
        assert isinstance(unknown, NeedsApproval)
        assert unknown.people == 1
    async with Story(cast("monero-marketplace", catalogue=Catalogue((entry,)))) as story:
        await story.declare("Data Corruption / Loss")
        await story.approve(RESTORE_DATABASE, "ana")
        assert ran(story) == []
        await story.approve(RESTORE_DATABASE, "lea")
        assert ran(story) == ["./scripts/restore-database.sh /backups/database/latest.sql.gz.gpg"]
