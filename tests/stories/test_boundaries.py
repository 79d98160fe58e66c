"""Who may act in whose incidents: the team's own people, whoever was asked in, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.alert.signal import Signal
from tocsin.comms.commands import PostUpdate
from tocsin.errors import NotAuthorised
from tocsin.incident import commands as c
from tocsin.incident.authority import OWNER
from tocsin.incident.escalating import Escalate
from tocsin.oncall.settings import Person, Schedule
from tocsin.run.commands import FinishStep, ProposeStep, SkipStep
from tocsin.run.doubt import SettleDoubt
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Status

from .conftest import PEOPLE

Casting = Callable[..., Cast]
EVERYBODY = {**PEOPLE, "mallory": Person(name="Mallory"), "eve": Person(name="Eve")}
OTHERS: dict[str, Any] = {
    "people": EVERYBODY,
    "schedules": {"primary": Schedule(people=("eve",))},
    "levels": (("primary",),),
    "roles": {},
    "last_resort": ("eve",),
}
ASKED: tuple[Callable[[str], c.Command], ...] = (
    lambda by: c.Acknowledge(by=by),
    lambda by: c.SetSeverity(by=by, severity="SEV-2"),
    lambda by: c.TakeRole(by=by, role="Incident Commander", responder=by),
    lambda by: c.IdentifyCause(by=by, text="x"),
    lambda by: c.Mitigate(by=by),
    lambda by: c.Resolve(by=by),
    lambda by: Escalate(by=by, line=288),
    lambda by: c.WaiveObligation(by=by, key="bridge", reason="x"),
    lambda by: c.ChooseScenario(by=by, team="virtengine", scenario="Chain Halted"),
    lambda by: PostUpdate(by=by, text="All is well."),
    lambda by: ProposeStep(by=by, text="uptime"),
    lambda by: SkipStep(by=by, step="L250"),
    lambda by: FinishStep(by=by, step="L250"),
    lambda by: SettleDoubt(by=by, step="L250", happened=True),
)


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("person", ["mallory", "eve"])
async def test_who_is_not_of_the_team_may_not_act_and_is_told_who_may(
    cast: Casting, ask: Callable[[str], c.Command], person: str
) -> None:
    async with Story(cast("virtengine", people=EVERYBODY), cast("bitcell", **OTHERS)) as story:
        await story.alert("ChainHalted")
        before = (await story.incident()).seq
        with pytest.raises(NotAuthorised, match=r"no responder of team virtengine.* ana, bo, max, lea, sec, boss may"):
            await story.do(ask(person))
        assert (await story.incident()).seq == before


@pytest.mark.parametrize("person", ["nobody", "", "tocsin", "alert", "Ana", "ana "])
async def test_a_name_that_only_looks_like_somebody_is_nobody(cast: Casting, person: str) -> None:
    async with Story(cast("virtengine", people=EVERYBODY)) as story:
        await story.alert("ChainHalted")
        with pytest.raises(NotAuthorised):
            await story.do(c.Acknowledge(by=person))


async def test_an_approval_needs_a_responder_though_the_playbook_names_nobody(cast: Casting) -> None:
    async with Story(cast("virtengine", people=EVERYBODY)) as story:
        await story.alert("ChainHalted")
        ran = len(story.recorder.steps)
        with pytest.raises(NotAuthorised, match="no responder"):
            await story.approve("L250", "mallory")
        assert len(story.recorder.steps) == ran
        await story.approve("L250", "ana")
        assert len(story.recorder.steps) == ran + 1


async def test_everybody_may_say_what_they_see(cast: Casting) -> None:
    async with Story(cast("virtengine", people=EVERYBODY)) as story:
        await story.alert("ChainHalted")
        await story.do(c.AddNote(by="mallory", text="our dashboard is red too"))


async def test_whoever_is_given_a_role_may_act_in_that_incident_only(cast: Casting) -> None:
    async with Story(cast("virtengine", people=EVERYBODY)) as story:
        first = await story.alert("ChainHalted")
        await story.do(c.TakeRole(by="ana", role="Scribe", responder="mallory"), first)
        await story.do(c.Acknowledge(by="mallory"), first)
        second = await story.declare("Chain Halted")
        with pytest.raises(NotAuthorised):
            await story.do(c.Acknowledge(by="mallory"), second)


async def test_whoever_was_called_may_take_it_though_the_settings_have_changed_since(cast: Casting) -> None:
    async with Story(cast("virtengine", people=EVERYBODY)) as story:
        await story.alert("ChainHalted")
        team = story.shelf.settings.teams["virtengine"]
        changed = replace(team, policy=replace(team.policy, responders=("boss",)))
        story.shelf.settings = replace(story.shelf.settings, teams={"virtengine": changed})
        assert "ana" in (await story.incident()).calls
        await story.do(c.Acknowledge(by="ana"))
        with pytest.raises(NotAuthorised, match="boss may do this"):
            await story.do(c.Mitigate(by="mallory"))


async def test_the_servers_own_credential_acts_everywhere(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.do(c.Acknowledge(by=OWNER))
        assert (await story.incident()).acknowledged_by == OWNER


async def in_triage(story: Story) -> str:
    """An alert that two of the three teams name, without a key: the id of its incident."""
    await story.engine.intake.receive(None, [Signal(labels={"alertname": "HighErrorRate"})])
    await story.settle()
    story.stream = (await story.store.cards())[0].id
    assert (await story.incident()).candidates == ("virtengine", "monero-marketplace")
    return story.stream


def three(cast: Casting) -> tuple[Cast, ...]:
    """Ana's team, Eve's and Mallory's; the first two name the alert."""
    mallorys = {**OTHERS, "schedules": {"primary": Schedule(people=("mallory",))}, "last_resort": ("mallory",)}
    return (
        cast("virtengine", people=EVERYBODY),
        cast("monero-marketplace", **OTHERS),
        cast("bitcell", **mallorys),
    )


async def test_in_triage_the_people_of_every_team_that_may_be_meant_may_act(cast: Casting) -> None:
    for person in ("ana", "eve"):
        async with Story(*three(cast)) as story:
            await in_triage(story)
            await story.do(c.Acknowledge(by=person))
    async with Story(*three(cast)) as story:
        await in_triage(story)
        with pytest.raises(NotAuthorised, match="mallory is no responder of team triage"):
            await story.do(c.Dismiss(by="mallory", reason="noise"))
        assert (await story.incident()).status is Status.TRIAGE


async def test_who_may_be_meant_may_say_that_another_team_is(cast: Casting) -> None:
    async with Story(*three(cast)) as story:
        await in_triage(story)
        await story.do(c.ChooseScenario(by="eve", team="virtengine", scenario="Chain Halted"))
        assert (await story.incident()).team == "virtengine"
        with pytest.raises(NotAuthorised):
            await story.do(c.Mitigate(by="mallory"))
        assert (await story.events(e.ScenarioChosen))[0].event.by == "eve"  # type: ignore[attr-defined]
