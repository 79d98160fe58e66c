"""Monero Marketplace has somebody in the house: what its playbook forbids is forbidden, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.errors import NotAuthorised, Prohibited
from tocsin.incident.commands import LiftProhibition, Resolve
from tocsin.run.commands import ApproveStep, ProposeStep, find_task
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, ObligationState, StepState

from .test_endings import Gate

Casting = Callable[..., Cast]
PUBLIC = (Audience.RESPONDERS, Audience.PUBLIC)

NO_RESTARTS, NO_PUBLIC_WORD, RESTART_OF_PLAYBOOK_2 = 471, 473, "L322"


@pytest.mark.duty("MON-30")
async def test_a_restart_that_somebody_types_is_refused_and_the_attempt_is_kept(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        with pytest.raises(Prohibited, match=r"Line 471 .*Restart services") as refusal:
            await story.do(ProposeStep(by="ana", text="sudo docker compose restart server"))
        assert refusal.value.line == NO_RESTARTS
        kept = (await story.events(e.StepForbidden))[-1].event
        assert isinstance(kept, e.StepForbidden)
        assert (kept.line, kept.text, kept.by) == (NO_RESTARTS, "sudo -n docker compose restart server", "ana")
        assert story.recorder.steps == []


@pytest.mark.duty("MON-30")
async def test_the_restart_of_another_playbook_on_the_same_target_is_refused(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        breach = await story.declare("Security Breach")
        outage = await story.alert("DatabaseUnavailable")
        with pytest.raises(Prohibited, match=f"while {breach}") as refusal:
            await story.approve(RESTART_OF_PLAYBOOK_2, "ana", outage)
        assert refusal.value.line == NO_RESTARTS
        assert (await story.incident(outage)).steps[RESTART_OF_PLAYBOOK_2].state is StepState.FORBIDDEN


async def test_it_is_possible_again_when_the_breach_is_over(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        breach = await story.declare("Security Breach")
        outage = await story.alert("DatabaseUnavailable")
        await story.do(Resolve(by="sec"), breach)
        await story.approve(RESTART_OF_PLAYBOOK_2, "ana", outage)
        assert [step.text for step in story.recorder.steps][-1] == "sudo -n docker compose restart database"


async def test_a_restart_approved_before_the_breach_was_known_does_not_start(cast: Casting) -> None:
    """The guard looks again at the last moment: between an approval and its start a breach may be declared."""
    async with Story(cast("monero-marketplace")) as story:
        outage = await story.alert("DatabaseUnavailable")
        incident, book = await story.look(outage)
        task = find_task(incident, book, RESTART_OF_PLAYBOOK_2, {})
        gate = Gate(story)
        story.engine.dispatch._performers[e.StepRequested] = gate
        await story.engine.submit(outage, ApproveStep(by="ana", step=RESTART_OF_PLAYBOOK_2, digest=task.digest))
        await story.engine.intake.declare("monero-marketplace", "", "Security Breach", None, "somebody")
        gate.open.set()
        await story.settle()
        assert not any("restart" in step.text for step in story.recorder.steps)
        assert (await story.incident(outage)).steps[RESTART_OF_PLAYBOOK_2].state is StepState.FORBIDDEN


@pytest.mark.duty("MON-30", "MON-31")
async def test_no_public_word_before_security_has_approved(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        word = PostUpdate(by="ana", text="We are investigating.", audiences=PUBLIC)
        with pytest.raises(Prohibited, match="Line 473") as refusal:
            await story.do(word)
        assert refusal.value.line == NO_PUBLIC_WORD
        assert (await story.incident()).public_updates == ()
        assert "status_page" not in (await story.incident()).obligations, "nobody owes a word that is forbidden"
        with pytest.raises(NotAuthorised, match="Security"):
            await story.do(LiftProhibition(by="ana", line=NO_PUBLIC_WORD, roles=("primary",)))
        await story.do(LiftProhibition(by="sec", line=NO_PUBLIC_WORD, roles=("Security Team",)))
        await story.do(word)
        await story.expect_obligation("status_page", ObligationState.MET)


@pytest.mark.parametrize(
    "text",
    [
        "sudo docker compose logs server > evidence/server.log",
        "sudo docker inspect server > evidence/server.json",
        "sudo docker compose logs nginx | grep POST > evidence/access.log",
        "sudo docker compose stop server",
    ],
)
async def test_saving_evidence_and_isolating_are_not_forbidden(cast: Casting, text: str) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        await story.do(ProposeStep(by="ana", text=text))
        await story.approve("A1", "ana")
        assert [step.text for step in story.recorder.steps] == [text.replace("sudo ", "sudo -n ")]


@pytest.mark.duty("MON-30")
@pytest.mark.parametrize(
    "text",
    [
        "sudo systemctl restart docker",
        "docker restart server",
        "sudo reboot",
        "kubectl rollout restart deployment/server",
        "docker rm -f server",
        "sed -i s/x/y/ /var/log/server.log",
        "truncate -s 0 /var/log/server.log",
        "rm -rf /var/log/marketplace",
        "docker system prune -af",
    ],
)
async def test_other_ways_to_the_same_harm_are_forbidden_too(cast: Casting, text: str) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        with pytest.raises(Prohibited):
            await story.do(ProposeStep(by="ana", text=text))
