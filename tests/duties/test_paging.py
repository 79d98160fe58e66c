"""Whom each playbook calls, by when and by what means: one test for each duty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tocsin.incident.commands import Acknowledge, Resolve, SetSeverity, TakeRole
from tocsin.incident.escalating import DeclineEscalation, Escalate
from tocsin.oncall.settings import Person, Schedule
from tocsin.page.ordered import find_box
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, ObligationState

from .scenes import look_at_hand, look_in

Casting = Callable[..., Cast]
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE
EVERY_MEANS = {
    name: Person(name=name.title(), mail=f"{name}@example.org", channels=("slack", "mail", "phone"))
    for name in ("ana", "bo", "lea", "max", "sec", "ciso", "cto", "boss", "dba", "mgr", "exec", "ceo")
}
WHO = {
    "Incident Commander": ("lea",),
    "management team": ("mgr",),
    "executive team": ("exec", "ceo"),
    "leadership": ("boss",),
    "Platform Lead": ("lea",),
    "Engineering Manager": ("mgr",),
    "CTO": ("cto",),
    "Security Team Lead": ("sec",),
    "security team": ("sec",),
    "CISO": ("ciso",),
    "Security Lead": ("sec",),
    "Database Team": ("dba",),
    "Team Lead": ("lea",),
    "Senior Engineer": ("bo",),
    "Founders": ("boss",),
    "engineering lead": ("lea",),
}
HERE = {"people": EVERY_MEANS, "roles": WHO, "levels": (("primary",),)}
CHAT_LAST = {
    name: Person(name=each.name, mail=each.mail, channels=("mail", "phone", "slack"))
    for name, each in EVERY_MEANS.items()
}
"""Nobody is called in chat unless a line says so."""


def joined(story: Story, entries: list[Any]) -> dict[int | None, float]:
    """Line → second, of whom lines have called in."""
    return {entry.event.line: story.since(entry.at) for entry in entries if entry.event.key.startswith("line:")}


def first_by(story: Story, responder: str, line: int) -> tuple[float, str]:
    """When and over which channel somebody was first paged because of a line."""
    page = story.expect_page(responder, line=line)
    return story.since(page.at), page.channel


@pytest.mark.duty("MYC-02")
async def test_four_response_times_each_on_its_line(cast: Casting) -> None:
    for severity, due, line in (("P0", "15m", 18), ("P1", "1h", 19), ("P2", "4h", 20), ("P3", "24h", 21)):
        async with Story(cast("mycelia", **HERE)) as story:
            await story.declare("Peg Violation", severity=severity)
            assert (await story.expect_obligation("acknowledge", PENDING, due=due)).line == line


@pytest.mark.duty("MYC-09")
async def test_the_commander_at_once_for_the_worst_and_after_an_hour_below_in_chat(cast: Casting) -> None:
    async with Story(cast("mycelia", **(HERE | {"people": CHAT_LAST}))) as story:
        await story.declare("Peg Violation", severity="P0")
        assert first_by(story, "lea", 234) == (0, "slack")
    async with Story(cast("mycelia", **(HERE | {"people": CHAT_LAST}))) as story:
        await story.declare("Peg Violation", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("1h")
        assert first_by(story, "lea", 234) == (3600, "slack")


@pytest.mark.duty("MYC-10")
async def test_management_by_mail(cast: Casting) -> None:
    for severity, at in (("P0", 7200), ("P1", 14400)):
        async with Story(cast("mycelia", **HERE)) as story:
            await story.declare("Peg Violation", severity=severity)
            await story.do(Acknowledge(by="ana"))
            await story.advance("4h")
            assert first_by(story, "mgr", 239) == (at, "mail")


@pytest.mark.duty("MYC-11")
async def test_executives_by_telephone(cast: Casting) -> None:
    async with Story(cast("mycelia", **HERE)) as story:
        await story.declare("Peg Violation", severity="P0")
        await story.do(Acknowledge(by="ana"))
        await story.advance("4h")
        assert {first_by(story, who, 244) for who in ("exec", "ceo")} == {(14400, "phone")}


@pytest.mark.duty("MYC-12")
async def test_its_levels_wait_for_the_resolution_and_for_nothing_else(cast: Casting) -> None:
    async with Story(cast("mycelia", **HERE)) as story:
        await story.declare("Peg Violation", severity="P0")
        await story.do(Acknowledge(by="ana"))
        await story.advance("2h30m")
        assert joined(story, await story.events(e.LevelJoined)) == {234: 0, 239: 7200}
        await story.advance("1h30m")
        assert joined(story, await story.events(e.LevelJoined)) == {234: 0, 239: 7200, 244: 14400}
    async with Story(cast("mycelia", **HERE)) as story:
        await story.declare("Peg Violation", severity="P0")
        await story.do(Acknowledge(by="ana"))
        await story.advance("2h30m")
        await story.do(Resolve(by="ana"))
        await story.advance("3h")
        assert 244 not in joined(story, await story.events(e.LevelJoined))


@pytest.mark.duty("BIT-06")
async def test_the_whole_team_is_called_a_room_opened_and_leadership_told(cast: Casting) -> None:
    async with Story(cast("bitcell", **HERE, war_room="chat")) as story:
        await story.declare("Node Down", severity="P0")
        joined_by = {entry.event.line: entry.event.responders for entry in await story.events(e.LevelJoined)}  # type: ignore[attr-defined]
        assert set(joined_by[49]) >= {"ana", "bo", "lea", "mgr", "cto"}
        assert joined_by[52] == ("boss",)
        assert {page.responder for page in story.pages() if story.since(page.at) == 0} >= {*joined_by[49], "boss"}
        assert {step.line for step in (await look_in(story)).steps} >= {49, 50, 51, 52}
        assert len(story.chat.find(story.stream)) == 1
        room = await story.expect_obligation("room", MET)
        assert (room.line, (await story.incident()).room is not None) == (50, True)


@pytest.mark.duty("BIT-21")
async def test_each_reason_to_escalate_calls_with_its_line(cast: Casting) -> None:
    async with Story(cast("bitcell", **HERE)) as story:
        await story.declare("Node Down", severity="P0")
        assert joined(story, await story.events(e.LevelJoined)) == {464: 0}
    async with Story(cast("bitcell", **HERE)) as story:
        await story.declare("Node Down", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("59m59s")
        assert joined(story, await story.events(e.LevelJoined)) == {}
        await story.advance("1s")
        assert joined(story, await story.events(e.LevelJoined)) == {464: 3600}
    for line, escalation in ((458, 472), (459, 464), (460, 464)):
        async with Story(cast("bitcell", **HERE)) as story:
            await story.declare("Node Down", severity="P1")
            await story.advance("7m13s")
            question = next(each for each in (await look_in(story)).questions if each.line == line)
            assert question.is_question and question.holds is None
            await story.do(Escalate(by="ana", line=line))
            assert joined(story, await story.events(e.LevelJoined)) == {escalation: 433}
            asked = (await story.events(e.EscalationAsked))[-1].event
            assert isinstance(asked, e.EscalationAsked)
            assert asked.reason == question.condition, "one click, and its reason is kept"


@pytest.mark.duty("BIT-22")
async def test_three_chains_are_called_by_telephone(cast: Casting) -> None:
    async with Story(cast("bitcell", **HERE)) as story:
        await story.declare("Node Down", severity="P1")
        for line, who in ((464, {"bo", "lea"}), (468, {"mgr", "cto"}), (472, {"sec", "ciso"})):
            await story.do(Escalate(by="ana", line=line, reason="we need them"))
            assert {first_by(story, each, line) for each in who} == {(0, "phone")}


@pytest.mark.duty("WEX-02")
async def test_each_level_has_its_response_time(cast: Casting) -> None:
    for severity, due, line in (("P0", "15m", 10), ("P1", "15m", 15), ("P2", "1h", 20), ("P3", "38h", 25)):
        async with Story(cast("usdx-wexel", **HERE)) as story:
            await story.declare("API Unavailable", severity=severity)
            assert (await story.expect_obligation("acknowledge", PENDING, due=due)).line == line


@pytest.mark.duty("WEX-03")
async def test_all_hands_then_on_call_with_a_word_to_the_team_then_nobody_else(cast: Casting) -> None:
    async with Story(cast("usdx-wexel", **HERE)) as story:
        await story.declare("API Unavailable", severity="P0")
        assert {page.responder for page in story.pages()} == set(EVERY_MEANS) - {"max"}
    async with Story(cast("usdx-wexel", **HERE)) as story:
        await story.declare("API Unavailable", severity="P1")
        asked = [entry.event for entry in await story.events(e.PageRequested)]
        assert {event.responder for event in asked if not event.informs} == {"ana"}  # type: ignore[attr-defined]
        assert {event.line for event in asked if event.informs} == {17}  # type: ignore[attr-defined]
        assert {event.responder for event in asked if event.informs} >= {"bo", "lea"}  # type: ignore[attr-defined]
    async with Story(cast("usdx-wexel", **(HERE | {"tickets": "tracker"}))) as story:
        await story.declare("API Unavailable", severity="P3")
        assert (await story.incident()).tickets["work"].line == 27, "it is logged as a bug"


@pytest.mark.duty("WEX-19")
async def test_on_call_then_the_lead_then_the_founders(cast: Casting) -> None:
    async with Story(cast("usdx-wexel", **(HERE | {"roles": WHO | {"On-Call Engineer": ("ana",)}}))) as story:
        await story.declare("API Unavailable", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("1h")
        assert joined(story, await story.events(e.LevelJoined)) == {377: 900, 382: 1800, 387: 3600}
        assert {first_by(story, each, 387)[0] for each in ("cto", "boss")} == {3600}


@pytest.mark.duty("WEX-20")
async def test_each_level_is_called_for_the_matters_that_it_is_there_for(cast: Casting) -> None:
    async with Story(cast("usdx-wexel", **HERE)) as story:
        await story.declare("API Unavailable", severity="P2")
        matters = {each.line: each for each in (await look_in(story)).questions if not each.is_question}
        assert set(matters) >= {378, 379, 383, 384, 388, 389, 390}
        assert matters[389].condition == "Security incidents"
        await story.do(Escalate(by="ana", line=389))
        assert first_by(story, "cto", 387)[0] == 0
        assert {page.line for page in story.pages("cto")} == {387}


@pytest.mark.duty("WEX-21")
async def test_the_provider_is_written_to_when_somebody_asks_for_them(cast: Casting) -> None:
    """Somebody outside: an address of the playbook, called by hand for its matters, and never by time."""
    async with Story(cast("usdx-wexel", **HERE)) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.advance("2h")
        assert story.pages("mailbox:392") == []
        matters = {each.line: each.condition for each in (await look_in(story)).questions}
        assert (matters[393], matters[394]) == ("Cloud platform issues", "Network problems")
        await story.do(Escalate(by="ana", line=393))
        assert [(page.channel, page.line) for page in story.pages("mailbox:392")] == [("mail", 392)]
        incident, book = await story.look()
        assert find_box(book.playbook, book.scenario(incident), 392) == "support@provider.com"


@pytest.mark.duty("MON-02")
async def test_an_alert_calls_tells_the_channel_and_the_public_by_itself(cast: Casting) -> None:
    mapped = HERE | {"severity_map": {"critical": "P1"}, "war_room": "chat"}
    async with Story(cast("monero-marketplace", **mapped)) as story:
        await story.alert("ApiDown", severity="critical")
        assert story.since(story.expect_page("ana").at) == 0
        assert [(story.since(at), status) for at, status in story.recorder.announced] == [(0, "investigating")]
        update = (await story.incident()).updates[0]
        assert (update.by, update.audiences) == ("tocsin", (Audience.PUBLIC,))
        assert "ApiDown" not in update.text
        assert [name for name, said in story.chat.channels.items() if "ApiDown" in said[0].text] == ["#incidents"]
        done = [each.event for each in await story.events(e.StepDone)]
        known = {each.step: each.by for each in done if isinstance(each, e.StepDone)}
        assert {step: known.get(step) for step in ("L40", "L41", "L42")} == {f"L{n}": "tocsin" for n in (40, 41, 42)}


@pytest.mark.duty("MON-04")
async def test_three_questions_each_with_its_people(cast: Casting) -> None:
    for line, who in ((61, "lea"), (62, "sec"), (63, "dba")):
        async with Story(cast("monero-marketplace", **HERE)) as story:
            await story.declare("Complete Service Outage", severity="P1")
            await story.do(Acknowledge(by="ana"))
            await story.advance("7m")
            await story.do(DeclineEscalation(by="ana", line=line))
            assert all(page.duties for page in story.pages(who)), "reminded of duties, called by nobody"
            await story.advance("20s")
            await story.do(Escalate(by="ana", line=line))
            assert first_by(story, who, line)[0] == 440


@pytest.mark.duty("MON-12")
async def test_the_low_ones_have_their_times_and_no_procedure_so_they_are_kept_as_tickets(cast: Casting) -> None:
    for severity, due, line in (("P3", "4h", 28), ("P4", "7d", 29)):
        async with Story(cast("monero-marketplace", **HERE, tickets="tracker")) as story:
            await story.declare("Complete Service Outage", severity=severity)
            assert (await story.expect_obligation("acknowledge", PENDING, due=due)).line == line
            assert joined(story, await story.events(e.LevelJoined)) == {}
            (asked,) = [each.event for each in await story.events(e.TicketRequested)]
            assert isinstance(asked, e.TicketRequested)
            assert (asked.act, asked.key, asked.line) == ("create", "work", line)
            assert "no procedure" in asked.text


@pytest.mark.duty("MON-28")
async def test_data_loss_calls_the_database_team_and_the_cto_at_once(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **HERE)) as story:
        await story.declare("Data Corruption / Loss", severity="P1")
        assert {first_by(story, who, 435)[0] for who in ("dba", "cto")} == {0}
        lines = {step.line for step in (await look_in(story)).steps}
        assert lines >= {410, 426, 428, 432}
        owed = await story.expect_obligation("tell:428", PENDING, due="15m")
        assert owed.duty == "tell_stakeholders_going_on"
        await story.do(TakeRole(by="lea", role="Incident Commander", responder="lea"))
        await story.do(Resolve(by="lea"))
        assert (await story.expect_obligation("review:479", PENDING, due="48h")).line == 479


@pytest.mark.duty("MON-41")
async def test_the_chain_goes_from_on_call_to_the_cto(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **(HERE | {"roles": WHO | {"On-Call Engineer": ("bo",)}}))) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("4h")
        for who, line, at in (("bo", 594, 900), ("lea", 595, 1800), ("mgr", 596, 3600), ("cto", 597, 14400)):
            assert first_by(story, who, line)[0] == at
        named = {each.title: each.value for each in (await look_at_hand(story)).contacts}
        assert named["PagerDuty"] == "marketplace-oncall schedule"


@pytest.mark.duty("VIR-05")
async def test_a_sev_2_calls_the_primary_within_a_quarter_of_an_hour(cast: Casting) -> None:
    async with Story(cast("virtengine", **HERE)) as story:
        await story.declare("Chain Halted", severity="SEV-2")
        await story.expect_obligation("acknowledge", PENDING, due="15m")
        await story.expect_obligation("status_page", PENDING, due="30m")
        assert "Primary on-call" in [
            who
            for entry in await story.events(e.LevelJoined)
            for who in entry.event.who  # type: ignore[attr-defined]
        ]


@pytest.mark.duty("VIR-06")
async def test_a_sev_3_begins_with_a_word_in_chat(cast: Casting) -> None:
    async with Story(cast("virtengine", **(HERE | {"people": CHAT_LAST}))) as story:
        await story.declare("Elevated Error Rates", severity="SEV-3")
        await story.expect_obligation("acknowledge", PENDING, due="1h")
        assert [(page.responder, page.channel) for page in story.pages()] == [("ana", "slack")]
        assert "status_page" not in (await story.incident()).obligations, "it is optional"


@pytest.mark.duty("VIR-29")
async def test_an_intrusion_that_succeeded_raises_the_severity_and_all_that_follows(cast: Casting) -> None:
    async with Story(cast("virtengine", **HERE)) as story:
        await story.declare("Unauthorized Access Attempt", severity="SEV-2")
        assert set((await story.look())[1].playbook.scenarios[-1].severities) == {"SEV-2", "SEV-3"}
        await story.do(Acknowledge(by="ana"))
        await story.advance("12m")
        question = next(each for each in (await look_in(story)).questions if each.line == 794)
        assert question.raises == "SEV-1"
        await story.do(Escalate(by="ana", line=794))
        incident = await story.incident()
        assert (incident.severity, story.since(incident.severity_at or story.start)) == ("SEV-1", 720)
        assert first_by(story, "lea", 58) == (720, "slack")
        await story.expect_obligation("status_page", PENDING, due="27m")
        await story.expect_obligation("update:1", PENDING, due="27m")


async def test_acknowledged_and_gone_quiet(cast: Casting) -> None:
    async with Story(cast("virtengine", acknowledgement_good_for_s=1800, **HERE)) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        await story.advance("20m")
        await story.do(SetSeverity(by="bo", severity="SEV-2"))
        await story.advance("29m59s")
        assert await story.events(e.AcknowledgementExpired) == [], "somebody was at it after twenty minutes"
        await story.advance("1s")
        assert [story.since(entry.at) for entry in await story.events(e.AcknowledgementExpired)] == [3000]
        assert story.since(story.expect_page("ana", at="50m").at) == 3000
        await story.do(Acknowledge(by="ana"))
        await story.alert("ChainHalted", resolved=True)
        await story.advance("2h")
        assert len(await story.events(e.AcknowledgementExpired)) == 1, "nothing fires any more"


async def test_nobody_on_call_and_every_channel_down(cast: Casting) -> None:
    nobody = HERE | {"levels": (("night",), ("primary",)), "schedules": {"night": _empty(), "primary": _of("ana")}}
    async with Story(cast("virtengine", **nobody)) as story:
        await story.alert("ChainHalted")
        assert {"boss", "ana"} <= {page.responder for page in story.pages() if story.since(page.at) == 0}
    async with Story(cast("virtengine", **HERE)) as story:
        story.recorder.broken = {"slack", "mail", "phone"}
        await story.alert("ChainHalted")
        await story.advance("3m")
        assert story.pages() == []
        story.recorder.broken = set()
        await story.advance("5s")
        assert {page.responder for page in story.pages()} >= {"ana", "lea"}


def _empty() -> Any:
    return _of()


def _of(*people: str) -> Any:
    return Schedule(people=people)
