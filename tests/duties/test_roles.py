"""Roles: who may play them, what only they decide, which must be filled by when, and who takes the command over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.errors import IllegalMove, NotAuthorised
from tocsin.incident.commands import Acknowledge, Close, Mitigate, Resolve, TakeRole, WaiveObligation
from tocsin.incident.office_commands import ConfirmFix, TickDuty
from tocsin.run.turns import TakeWay
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import ObligationState, Status

from .scenes import look_in

Casting = Callable[..., Cast]
IC = "Incident Commander"
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE


@pytest.mark.duty("MON-14")
async def test_only_who_qualifies_commands_and_the_playbook_says_why(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", eligible={IC: ("lea", "max")})) as story:
        await story.declare("Complete Service Outage", severity="P1")
        with pytest.raises(NotAuthorised, match="Senior engineer or EM") as refusal:
            await story.do(TakeRole(by="ana", role="IC", responder="ana"))
        assert refusal.value.line == 175
        with pytest.raises(NotAuthorised, match="may not play Commander"):
            await story.do(TakeRole(by="ana", role="Commander", responder="ana"))
        await story.do(TakeRole(by="ana", role="IC", responder="lea"))
        assert (await story.incident()).roles == {IC: "lea"}, "the abbreviation is the role"
        room = await look_in(story)
        shown = next(role for role in room.roles if role.title == IC)
        assert [each.id for each in shown.eligible] == ["lea", "max"]
        assert shown.demands == ("Senior engineer or EM", "Familiar with all systems", "Clear communication skills")


@pytest.mark.duty("MON-16")
async def test_only_the_commander_declares_it_over(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(Acknowledge(by="ana"))
        with pytest.raises(NotAuthorised, match="nobody commands yet") as refusal:
            await story.do(Resolve(by="ana"))
        assert refusal.value.line == 185
        await story.do(TakeRole(by="ana", role=IC, responder="lea"))
        with pytest.raises(NotAuthorised, match="lea commands"):
            await story.do(Resolve(by="ana"))
        assert (await story.incident()).status is Status.ACKNOWLEDGED
        await story.do(Resolve(by="lea"))
        assert (await story.incident()).status is Status.RESOLVED


@pytest.mark.duty("MON-16")
async def test_only_the_commander_decides_to_roll_back_or_to_restore(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(TakeRole(by="lea", role=IC, responder="lea"))
        roles = {role.title: role for role in (await look_in(story)).roles}
        assert "Decision authority" in roles[IC].duties
        with pytest.raises(NotAuthorised, match="Whether to rollback the incident commander decides") as refusal:
            await story.do(TakeWay(by="ana", line=95))
        assert refusal.value.line == 184
        await story.do(TakeWay(by="ana", line=104))
        assert 104 in (await story.incident()).taken, "a restart is nobody's alone"
        await story.do(TakeWay(by="lea", line=95, reason="the restart did not help"))
        assert (await story.incident()).taken[95].by == "lea"
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Data Corruption / Loss", severity="P1")
        await story.do(TakeRole(by="lea", role=IC, responder="lea"))
        restore = next(step.id for step in (await look_in(story)).steps if step.line == 419)
        with pytest.raises(NotAuthorised, match="Whether to restore"):
            await story.approve(restore, "ana")
        await story.approve(restore, "lea")
        assert (await story.incident()).steps[restore].approved_by == "lea"


async def test_while_nobody_commands_whoever_is_there_rolls_back(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(TakeWay(by="ana", line=95))
        assert (await story.incident()).taken[95].by == "ana"


async def test_where_nobody_commands_a_lower_severity_is_ended_by_anybody(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P2")
        await story.do(Resolve(by="ana"))
        assert (await story.incident()).status is Status.RESOLVED


async def test_duties_of_roles_are_ticked_and_what_everybody_sees_is_ticked_by_itself(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(TickDuty(by="ana", line=201))
        roles = {role.title: role for role in (await look_in(story)).roles}
        done = {each.line: each.by.id if each.by else "" for each in roles["Operations Lead"].checklist if each.done}
        assert done == {201: "ana"}
        seen = {each.line for each in roles[IC].checklist if each.done}
        assert 181 in seen, "the severity is declared, as the timeline shows"
        await story.do(TickDuty(by="bo", line=201, done=False))
        roles = {role.title: role for role in (await look_in(story)).roles}
        assert not any(each.done for each in roles["Operations Lead"].checklist if each.line == 201)


@pytest.mark.duty("VIR-10")
async def test_roles_are_wanted_by_the_end_of_their_phase_and_asked_for_until_filled(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        for role in (IC, "Technical Lead", "Communications Lead"):
            wanted = await story.expect_obligation(f"role:{role}", PENDING, due="15m")
            assert wanted.line == 159
        await story.do(TakeRole(by="ana", role="IC", responder="ana"))
        await story.do(TakeRole(by="ana", role="Technical Lead", responder="bo"))
        await story.expect_obligation(f"role:{IC}", MET)
        await story.advance("36m")
        await story.expect_obligation("role:Communications Lead", LATE)
        asked = await find_asked(story, "role:Communications Lead")
        assert asked == [(600, ("ana",)), (900, ("ana",)), (1200, ("ana",)), (1800, ("ana",))], (
            "with what else she owes"
        )
        await story.do(TakeRole(by="ana", role="Communications Lead", responder="lea"))
        await story.advance("20m")
        assert len(await find_asked(story, "role:Communications Lead")) == 4, "nobody is asked any more"


async def find_asked(story: Story, key: str) -> list[tuple[float, tuple[str, ...]]]:
    """When people were reminded of a duty, and who."""
    return [
        (story.since(entry.at), entry.event.responders)
        for entry in await story.events(e.DutiesReminded)
        if isinstance(entry.event, e.DutiesReminded) and any(each.key == key for each in entry.event.duties)
    ]


async def test_lower_severities_want_no_roles(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Chain Halted", severity="SEV-3")
        assert not any(key.startswith("role:") for key in (await story.incident()).obligations)


@pytest.mark.duty("VIR-12")
async def test_two_people_see_that_the_fix_holds(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        with pytest.raises(IllegalMove, match="no fix to confirm"):
            await story.do(ConfirmFix(by="ana"))
        await story.do(Mitigate(by="ana"))
        owed = await story.expect_obligation("verify", PENDING, due="5m")
        assert owed.line == 172
        await story.do(ConfirmFix(by="ana"))
        await story.do(ConfirmFix(by="ana"))
        await story.expect_obligation("verify", PENDING)
        await story.do(Resolve(by="ana"))
        await story.expect_obligation("verify", PENDING)
        with pytest.raises(IllegalMove, match="Two people"):
            await story.do(Close(by="ana"))
        await story.do(ConfirmFix(by="bo", note="heights agree"))
        met = await story.expect_obligation("verify", MET)
        assert met.met_by == "bo"


async def test_who_is_alone_sets_the_second_look_aside_with_a_reason(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.do(Mitigate(by="ana"))
        await story.do(WaiveObligation(by="ana", key="verify", reason="I am alone until eight"))
        await story.expect_obligation("verify", ObligationState.WAIVED)


@pytest.mark.duty("VIR-23")
async def test_security_takes_the_command_of_a_breach(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        owed = await story.expect_obligation("lead:413", PENDING, due="5m")
        assert "Security team leads" in owed.what
        await story.do(TakeRole(by="ana", role=IC, responder="ana"))
        await story.expect_obligation("lead:413", PENDING)
        await story.advance("3m")
        await story.do(TakeRole(by="ana", role=IC, responder="sec"))
        met = await story.expect_obligation("lead:413", MET)
        assert (met.met_by, (await story.incident()).commander) == ("sec", "sec")
        changed = [entry.event.responder for entry in await story.events(e.RoleTaken)]  # type: ignore[attr-defined]
        assert changed == ["ana", "sec"], "the record has both commanders"
