"""People outside whom a scenario has called or notified."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.comms.outside import CallContact
from tocsin.errors import Denied
from tocsin.oncall.outsider import Outsider
from tocsin.page.commands import ReportPage
from tocsin.run.turns import TakeWay
from tocsin.testing.story import Cast, Story
from tocsin.words import Audience, Means, Mode, ObligationState, Reached

from .scenes import look_at_hand, tick

Casting = Callable[..., Cast]
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE
PARTNERS = (Audience.PARTNERS,)


async def owes(story: Story, *lines: int) -> None:
    """Each of the lines is owed, and no other in the scenario."""
    incident, book = await story.look()
    scenario = book.scenario(incident)
    assert scenario is not None
    found = {each.line for each in incident.obligations.values() if each.key.startswith("tell:") and each.is_open}
    assert {line for line in found if line and scenario.line <= line <= scenario.end_line} == set(lines)


@pytest.mark.duty("VIR-16")
async def test_whoever_goes_the_way_of_a_third_offline_owes_operators_a_call(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await owes(story)
        await story.advance("2m")
        await story.do(TakeWay(by="ana", line=235))
        await owes(story, 238, 239)
        for line in (238, 239):
            await story.expect_obligation(f"tell:{line}", PENDING, due="17m")
        await story.do(PostUpdate(by="ana", text="Validators: restart, please.", audiences=PARTNERS))
        await story.expect_obligation("tell:239", MET)


@pytest.mark.duty("VIR-20")
async def test_a_provider_at_fault_is_called(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Complete Network Partition")
        await story.do(TakeWay(by="ana", line=325))
        await owes(story, 327)
        await tick(story, 327)
        await story.expect_obligation("tell:327", MET)


@pytest.mark.duty("VIR-24")
async def test_after_a_breach_it_is_decided_in_three_days_who_must_be_notified(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        owed = await story.expect_obligation("tell:418", PENDING, due="3d")
        assert owed.what == "Determine notification requirements"
        await tick(story, 418, note="the authority, by Wednesday")
        await story.expect_obligation("tell:418", MET)


@pytest.mark.duty("VIR-26")
async def test_providers_are_called_and_customers_told_of_a_workaround(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Marketplace Orders Not Processing")
        await owes(story)
        await story.do(TakeWay(by="ana", line=539))
        await owes(story, 540)
        await story.expect_obligation("tell:540", PENDING, due="30m")
        await story.do(TakeWay(by="ana", line=557, reason="it is the SDK"))
        await owes(story, 540, 557)
        await story.do(PostUpdate(by="ana", text="Pin version 3.", audiences=(Audience.USERS,)))
        await owes(story, 540)


@pytest.mark.duty("VIR-28")
async def test_parties_that_a_stolen_key_touches_are_notified(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Key Compromise Suspected")
        owed = await story.expect_obligation("tell:754", PENDING, due="15m")
        assert owed.what == "Notify affected parties" and owed.owner == "communications lead"
        await tick(story, 754)
        await story.expect_obligation("tell:754", MET)


@pytest.mark.duty("MON-28")
async def test_stakeholders_are_owed_the_window_of_lost_data_by_the_next_update(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Data Corruption / Loss", severity="P1")
        owed = await story.expect_obligation("tell:428", PENDING, due="15m")
        assert owed.what == "Notify stakeholders of data loss window"
        assert owed.owner == "communications lead"
        await story.advance("15m")
        await story.expect_obligation("tell:428", LATE)
        text = "Orders between 02:10 and 02:55 UTC are lost."
        await story.do(PostUpdate(by="ana", text=text, audiences=(Audience.STAKEHOLDERS,)))
        assert (await story.incident()).obligations["tell:428"].met_at is not None
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Data Corruption / Loss", severity="P1")
        await tick(story, 428)
        await story.expect_obligation("tell:428", MET)


@pytest.mark.duty("MYC-14")
async def test_who_is_told_how_is_at_hand_and_the_press_is_told_by_named_people_alone(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Redemption System Failure")
        ways = {each.audience: each.value for each in (await look_at_hand(story)).ways}
        assert {each: ways.get(each) for each in ("users", "partners", "media")} == {
            "users": "Status page updates, email notifications",
            "partners": "Direct communication via established channels",
            "media": "Coordinate through PR team",
        }
        with pytest.raises(Denied, match="Line 259 says of them: Coordinate through PR team"):
            await story.do(PostUpdate(by="ana", text="We are looking into it.", audiences=(Audience.MEDIA,)))


CONTACTS = {
    "cloud": Outsider(name="Cloud support", mail="help@cloud.example", channels=("mail",)),
    "validators": Outsider(name="Operators", phone="+15550100", channels=("ring",), entries=("Validator Operators",)),
    "other": Outsider(name="Provider support", mail="p@p.example", channels=("mail",)),
}


@pytest.mark.duty("VIR-20")
async def test_the_call_to_the_provider_that_a_line_names_keeps_it_once_a_channel_has_taken_it(cast: Casting) -> None:
    async with Story(cast("virtengine", contacts=CONTACTS)) as story:
        await story.declare("Complete Network Partition")
        await story.do(TakeWay(by="ana", line=325))
        await story.do(CallContact(by="ana", contact="other"))
        await owes(story, 327)
        story.recorder.broken.add("mail")
        await story.do(CallContact(by="ana", contact="cloud"))
        await owes(story, 327)
        story.recorder.broken.clear()
        await story.advance("10m")
        met = await story.expect_obligation("tell:327", MET)
        assert met.met_by == "ana"
        await owes(story)


@pytest.mark.duty("VIR-16")
async def test_a_phone_that_only_rings_keeps_no_line(cast: Casting) -> None:
    async with Story(cast("virtengine", contacts=CONTACTS, means={"ring": Means.CALL})) as story:
        await story.alert("ChainHalted")
        await story.do(TakeWay(by="ana", line=229))
        await story.do(CallContact(by="ana", contact="validators"))
        await story.advance("1m")
        await owes(story, 231)
        (sent,) = story.pages("contact:virtengine:validators")
        page, who = int(sent.key.rpartition(":")[2]), "contact:virtengine:validators"
        await story.do(ReportPage(by="ana", page=page, responder=who, channel="ring", reached=Reached.OPENED))
        await story.expect_obligation("tell:231", MET)


async def test_in_shadow_mode_nobody_was_called_and_nothing_is_kept(cast: Casting) -> None:
    async with Story(cast("virtengine", contacts=CONTACTS, mode=Mode.SHADOW)) as story:
        await story.declare("Complete Network Partition")
        await story.do(TakeWay(by="ana", line=325))
        await story.do(CallContact(by="ana", contact="cloud"))
        await story.advance("1m")
        await owes(story, 327)
