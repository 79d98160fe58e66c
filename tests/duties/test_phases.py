"""The clocks of processes: each phase is a duty with a deadline, over when its lines are done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import Acknowledge, IdentifyCause, Mitigate, Resolve, TakeRole, WaiveObligation
from tocsin.incident.escalating import DeclineEscalation, Escalate
from tocsin.incident.known import find_answer
from tocsin.incident.office_commands import ConfirmFix
from tocsin.run.commands import SkipStep
from tocsin.run.turns import TakeWay
from tocsin.testing.story import Cast, Story
from tocsin.words import Audience, ObligationState

from .scenes import look_in, tick

Casting = Callable[..., Cast]
PUBLIC, STAKEHOLDERS = (Audience.PUBLIC,), (Audience.STAKEHOLDERS,)
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE


@pytest.mark.duty("WEX-16")
async def test_each_step_of_a_p0_has_its_moment_and_is_late_to_the_second(cast: Casting) -> None:
    due = {33: "5m", 50: "5m", 79: "10m", 104: "15m", 139: "30m", 182: "45m", 204: "60m"}
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        for line, at in due.items():
            await story.expect_obligation(f"phase:{line}", PENDING, due=at)
        await story.do(Resolve(by="ana"))
        assert (await story.expect_obligation("review:220", PENDING, due="24h")).line == 220
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.advance("9m59s")
        await story.expect_obligation("phase:79", PENDING)
        await story.advance("1s")
        late = await story.expect_obligation("phase:79", LATE)
        assert story.since(late.due_at) == 600
        shown = next(each for each in (await look_in(story)).obligations if each.key == "phase:79")
        assert shown.is_open and shown.cite is not None and "T+10" in shown.cite.text


@pytest.mark.duty("WEX-04")
async def test_the_team_is_assembled_when_all_is_ticked_or_seen(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        room = await look_in(story)
        alert = next(each for each in room.steps if each.line == 37)
        assert "send_alert.sh" in alert.text and alert.verdict.kind != "alone"
        await story.do(Acknowledge(by="ana"))
        await story.expect_obligation("phase:33", PENDING, due="5m")
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="lea"))
        await story.expect_obligation("phase:33", PENDING)
        await tick(story, 47)
        met = await story.expect_obligation("phase:33", MET)
        assert met.line == 33


@pytest.mark.duty("WEX-06")
async def test_four_questions_are_asked_and_their_answers_kept(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.expect_obligation("phase:50", PENDING, due="5m")
        asked = {each.line: each for each in (await look_in(story)).steps if each.kind == "question"}
        assert [asked[line].text for line in (69, 70, 71, 72)] == [
            "What is broken?",
            "How many users affected?",
            "Is data at risk?",
            "What changed recently?",
        ]
        await tick(story, 70, note="about 400")
        assert (await story.incident()).steps["L70"].why == "about 400"


@pytest.mark.duty("WEX-07")
async def test_it_is_assessed_when_scope_impact_and_hypothesis_are_ticked(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await tick(story, 75, 76)
        await story.expect_obligation("phase:50", PENDING)
        await tick(story, 77)
        await story.expect_obligation("phase:50", MET)


@pytest.mark.duty("WEX-09")
async def test_within_ten_minutes_users_and_stakeholders_are_told(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        page = await story.expect_obligation("tell:101", PENDING, due="10m")
        told = await story.expect_obligation("tell:102", PENDING, due="10m")
        assert (page.what, told.what) == ("Users notified (status page)", "Stakeholders notified")
        await story.advance("8m")
        await story.do(PostUpdate(by="ana", text="We are looking into it.", audiences=PUBLIC))
        await story.expect_obligation("tell:101", MET)
        await story.advance("2m")
        await story.expect_obligation("tell:102", LATE)
        await story.do(PostUpdate(by="ana", text="The API is down.", audiences=STAKEHOLDERS))
        assert (await story.incident()).obligations["tell:102"].met_at is not None
        await story.expect_obligation("phase:79", LATE)
        await tick(story, 100)
        assert (await story.incident()).obligations["phase:79"].met_at is not None


@pytest.mark.duty("WEX-10")
async def test_it_is_diagnosed_when_the_cause_is_known_and_a_fix_chosen(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.expect_obligation("phase:104", PENDING, due="15m")
        _, book = await story.look()
        process = book.processes(await story.incident())[0]
        menu = next(each for each in process.sections if each.title == "Common Issues")
        assert (menu.line, menu.end_line) == (128, 133)
        await story.do(IdentifyCause(by="ana", text="Disk full"))
        await story.expect_obligation("phase:104", PENDING)
        await tick(story, 137)
        await story.expect_obligation("phase:104", MET)


@pytest.mark.duty("WEX-12")
async def test_it_is_fixed_when_somebody_says_that_it_works(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.do(Acknowledge(by="ana"))
        await story.do(Mitigate(by="ana"))
        await story.expect_obligation("phase:139", PENDING, due="30m")
        await tick(story, 180)
        met = await story.expect_obligation("phase:139", MET)
        assert met.line == 139


@pytest.mark.duty("WEX-14")
async def test_by_the_hour_everybody_has_heard_that_it_is_over(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        for line in (215, 216, 217):
            await story.expect_obligation(f"tell:{line}", PENDING, due="60m")
        await story.do(Acknowledge(by="ana"))
        await story.do(PostUpdate(by="ana", text="It is broken.", audiences=(Audience.USERS, *STAKEHOLDERS, *PUBLIC)))
        for line in (215, 216, 217):
            await story.expect_obligation(f"tell:{line}", PENDING)
        await story.advance("50m")
        await story.do(Mitigate(by="ana"))
        await story.do(PostUpdate(by="ana", text="Services restored.", audiences=(Audience.USERS, *STAKEHOLDERS)))
        await story.expect_obligation("tell:216", MET)
        await story.expect_obligation("tell:217", MET)
        await story.advance("10m")
        await story.expect_obligation("tell:215", LATE)


@pytest.mark.duty("WEX-17")
async def test_a_p1_has_its_own_four_phases(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P1")
        for line, due in {234: "5m", 240: "5m", 246: "30m", 252: "45m"}.items():
            await story.expect_obligation(f"phase:{line}", PENDING, due=due)
        assert "phase:79" not in (await story.incident()).obligations
        await tick(story, 242, 243, 244)
        await story.expect_obligation("phase:240", MET)
        await story.expect_obligation("tell:255", PENDING, due="45m")


@pytest.mark.duty("MON-06")
async def test_the_windows_of_a_p1_end_to_the_minute(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        for line, due in {75: "30m", 94: "45m", 115: "60m"}.items():
            await story.expect_obligation(f"phase:{line}", PENDING, due=due)
        assert "phase:73" not in (await story.incident()).obligations
        await story.advance("30m")
        await story.expect_obligation("phase:75", LATE)
        await story.do(WaiveObligation(by="ana", key="phase:75", reason="the cause is known already"))
        await story.expect_obligation("phase:75", ObligationState.WAIVED)


@pytest.mark.duty("MON-06")
async def test_who_takes_a_p1_has_neither_decided_nor_mitigated_nor_verified_anything(cast: Casting) -> None:
    """These phases have commands only, or questions: they end when what they are there for is so."""
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        await story.do(Acknowledge(by="ana"))
        for line in (60, 75, 94, 115):
            await story.expect_obligation(f"phase:{line}", PENDING)
        await story.do(DeclineEscalation(by="ana", line=61))
        await story.do(DeclineEscalation(by="ana", line=62))
        await story.expect_obligation("phase:60", PENDING)
        await story.do(Escalate(by="bo", line=63))
        decided = await story.expect_obligation("phase:60", MET)
        assert decided.met_by == "bo"
        await story.advance("40m")
        await story.do(Mitigate(by="ana"))
        fixed = await story.expect_obligation("phase:94", MET)
        assert story.since(fixed.met_at or story.start) == 2400
        await story.expect_obligation("phase:115", PENDING)
        await story.do(ConfirmFix(by="bo"))
        await story.expect_obligation("phase:115", MET)


@pytest.mark.duty("MON-06")
async def test_a_fix_that_never_comes_makes_mitigation_and_verification_late(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("44m59s")
        await story.expect_obligation("phase:94", PENDING)
        await story.advance("1s")
        await story.expect_obligation("phase:94", LATE, due="45m")
        await story.advance("15m")
        await story.expect_obligation("phase:115", LATE, due="60m")


async def test_a_phase_of_commands_is_over_once_all_of_them_have_run(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        await story.do(Acknowledge(by="ana"))
        steps = [step.id for step in (await look_in(story)).steps if 115 <= step.line <= 124]
        assert len(steps) == 3
        for step in steps[:-1]:
            await story.do(SkipStep(by="ana", step=step, reason="seen on the dashboard"))
        await story.expect_obligation("phase:115", PENDING)
        await story.do(SkipStep(by="ana", step=steps[-1], reason="nobody has an escrow now"))
        await story.expect_obligation("phase:115", MET)


@pytest.mark.duty("VIR-08")
async def test_the_first_look_is_over_when_it_is_taken_and_has_its_severity(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.expect_obligation("phase:110", PENDING, due="5m")
        await story.do(Acknowledge(by="ana"))
        await story.expect_obligation("phase:110", MET)


@pytest.mark.duty("MON-07")
async def test_the_ways_to_mitigate_are_a_choice_that_somebody_takes(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        choices = [way for choice in (await look_in(story)).choices for way in choice.ways]
        ways = {way.cite.line: way for way in choices if 94 <= way.cite.line <= 113}
        assert sorted(ways) == [95, 104, 109]
        await story.do(TakeWay(by="lea", line=104))
        taken = (await story.incident()).taken[104]
        assert (taken.by, taken.words) == ("lea", "Restart Service")


@pytest.mark.duty("MON-11")
async def test_a_p2_is_triaged_investigated_and_resolved_within_the_hour(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P2")
        for line, due in {148: "15m", 153: "45m", 157: "60m"}.items():
            await story.expect_obligation(f"phase:{line}", PENDING, due=due)
        room = await look_in(story)
        waits = next(each for each in room.steps if each.line == 151)
        assert waits.kind == "question" and "wait till business hours" in waits.text
        await tick(story, 149, 150)
        await story.expect_obligation("phase:148", PENDING)
        await tick(story, 151, note="no")
        await story.expect_obligation("phase:148", MET)
        assert {each.text for each in room.steps if each.line in (159, 160)} == {
            "Document in incident ticket",
            "Schedule permanent fix in next sprint",
        }


@pytest.mark.duty("VIR-11")
async def test_the_investigation_has_an_hour_and_its_updates(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.expect_obligation("phase:162", PENDING, due="60m")
        await story.expect_obligation("update:1", PENDING, due="15m")
        assert {each.line for each in (await look_in(story)).steps} >= {164, 165, 166, 167}


@pytest.mark.duty("VIR-11")
async def test_a_lower_level_updates_half_as_often(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Identity Scoring Unavailable")
        first = await story.expect_obligation("update:1", PENDING, due="30m")
        assert first.line == 166


@pytest.mark.duty("VIR-13")
async def test_after_it_a_review_is_due_in_two_days(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        await story.advance("10m")
        await story.do(Mitigate(by="ana"))
        await story.alert("ChainHalted", resolved=True)
        await story.do(Resolve(by="ana"))
        review = await story.expect_obligation("review:180", PENDING, due="2890m")
        assert review.what == "Schedule post-mortem"
        assert {each.line for each in (await look_in(story)).steps} >= {178, 179, 181}


@pytest.mark.duty("MYC-21")
async def test_within_a_day_page_stakeholders_and_users_hear_that_it_is_over(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Redemption System Failure")
        await story.do(Acknowledge(by="ana"))
        await story.advance("1h")
        await story.do(Resolve(by="ana"))
        for line in (346, 347, 348):
            await story.expect_obligation(f"tell:{line}", PENDING, due="25h")
        everybody = (Audience.PUBLIC, Audience.STAKEHOLDERS)
        await story.do(PostUpdate(by="ana", text="It is over.", audiences=everybody))
        await story.expect_obligation("tell:346", MET)
        await story.expect_obligation("tell:347", MET)
        await story.advance("24h")
        await story.expect_obligation("tell:348", LATE)


async def test_the_timeline_answers_only_what_it_shows(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        incident = await story.incident()
        assert find_answer("Incident detected", incident) == incident.started_at
        assert find_answer("Status page updated (resolved)", incident) is None
        assert find_answer("Make coffee", incident) is None
