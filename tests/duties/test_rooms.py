"""Rooms and channels, as the playbooks want them: opened when, called what, with whom in them, kept how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tocsin.app.settings_wanted import list_wanted_tables
from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import Acknowledge, Mitigate, Resolve, SavePostmortem, TakeRole
from tocsin.incident.escalating import DeclineEscalation, Escalate
from tocsin.testing.chat import ToldRoom
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, Mode, ObligationState

from .scenes import look_at_hand

Casting = Callable[..., Cast]
OUTAGE = "Complete Service Outage"
ROLES: dict[str, Any] = {"Incident Commander": ("lea",), "Security Team": ("sec",), "stakeholders": ("max",)}


def chatting(cast: Casting, name: str, **changes: Any) -> Story:
    return Story(cast(name, war_room="chat", roles=ROLES, **changes))


async def begin(story: Story, severity: str, scenario: str | None = None) -> str:
    """Somebody declares the first scenario of the playbook, at that severity."""
    _, team = next(iter(story.shelf.settings.teams.items()))
    return await story.declare(scenario or team.playbook.scenarios[0].title, severity=severity)


def room(story: Story, incident: str | None = None) -> ToldRoom:
    found = story.chat.find(incident or story.stream)
    assert len(found) == 1, f"{len(found)} rooms"
    return found[0]


def said(story: Story, incident: str | None = None) -> str:
    return "\n".join(each.text for each in room(story, incident).said)


def told(story: Story, channel: str) -> str:
    return "\n".join(each.text for each in story.chat.channels.get(channel, ()))


@pytest.mark.duty("MON-04")
async def test_the_three_questions_are_asked_in_the_room_and_the_answer_is_told_there(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("10m")
        assert room(story).asked == [61, 62, 63]
        assert "Is this a security breach? YES\nIf it is so, that calls Security Team." in said(story)
        await story.do(Escalate(by="ana", line=62))
        await story.do(DeclineEscalation(by="ana", line=63))
        assert "Is this a security breach? YES: it is so, says ana (line 62)." in said(story)
        assert "Is data loss involved? YES: it is not so, says ana (line 63)." in said(story)
        assert "sec" in {page.responder for page in story.pages()}
        await story.advance("20m")
        assert room(story).asked == [61, 62, 63], "asked once"


async def test_in_shadow_mode_nobody_is_reminded_of_a_room_that_live_would_be_open(cast: Casting) -> None:
    reminded: dict[Mode, list[str]] = {}
    for mode in (Mode.LIVE, Mode.SHADOW):
        async with chatting(cast, "usdx-wexel", mode=mode) as story:
            await begin(story, "P0")
            await story.do(Acknowledge(by="ana"))
            await story.advance("1h")
            await story.expect_obligation("room", ObligationState.MET, due="5m")
            told = [entry.event for entry in await story.events(e.DutiesReminded)]
            reminded[mode] = [
                each.key for event in told if isinstance(event, e.DutiesReminded) for each in event.duties
            ]
            assert bool(story.chat.find(story.stream)) is (mode is Mode.LIVE)
    assert reminded[Mode.LIVE] == reminded[Mode.SHADOW] != []


async def test_a_room_that_shadow_mode_kept_back_opens_once_the_team_is_live(cast: Casting) -> None:
    async with chatting(cast, "usdx-wexel", mode=Mode.SHADOW) as story:
        await begin(story, "P0")
        await story.advance("10m")
        assert story.chat.find(story.stream) == []
        ((name, team),) = story.shelf.settings.teams.items()
        live = msgspec.structs.replace(team, policy=msgspec.structs.replace(team.policy, mode=Mode.LIVE))
        story.shelf.settings = msgspec.structs.replace(story.shelf.settings, teams={name: live})
        await story.do(Acknowledge(by="ana"))
        await story.advance("1m")
        assert room(story).name == "incident-2026-03-02"


# ── USDX/Wexel ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.duty("WEX-05")
async def test_the_room_is_named_by_the_day_and_a_second_one_does_not_clash(cast: Casting) -> None:
    async with chatting(cast, "usdx-wexel") as story:
        first = await begin(story, "P0")
        second = await story.declare("Out of Disk Space", severity="P0")
        assert room(story, first).name == "incident-2026-03-02"
        assert room(story, second).name == "incident-2026-03-02-2"
        assert room(story, first).id != room(story, second).id
        await story.expect_obligation("room", ObligationState.MET, due="5m", stream=first)


@pytest.mark.duty("WEX-05")
async def test_the_built_in_room_keeps_to_the_same_names(cast: Casting) -> None:
    async with Story(cast("usdx-wexel", war_room="web")) as story:
        streams = [await begin(story, "P0"), await story.declare("Out of Disk Space", severity="P0")]
        rooms = [(await story.incident(each)).room for each in streams]
        assert [each.name for each in rooms if each] == ["incident-2026-03-02", "incident-2026-03-02-2"]
        assert [each.link for each in rooms if each] == [f"https://tocsin.example/incidents/{each}" for each in streams]


# ── Monero Marketplace ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.duty("MON-05")
async def test_a_p1_has_a_dated_room_after_ten_minutes_with_those_whom_the_line_names(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P1")
        await story.advance("9m59s")
        assert story.chat.find(story.stream) == []
        await story.advance("1s")
        assert room(story).name == "incident-2026-03-02-03-00"
        assert {"lea", "ana", "max"} <= set(room(story).members), "commander, on-call, stakeholders"
        await story.expect_obligation("room", ObligationState.MET, due="15m")


@pytest.mark.duty("MON-05")
async def test_where_it_stands_is_pinned_and_follows(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P1")
        await story.advance("10m")
        assert "taken by nobody yet" in room(story).pinned
        await story.do(Acknowledge(by="ana"))
        assert "taken by ana" in room(story).pinned
        await story.do(PostUpdate(by="ana", text="Investigating | Reading the logs of the database | 10min"))
        assert "Investigating | Reading the logs of the database | 10min" in room(story).pinned
        assert "Next update due by 03:25 UTC" in room(story).pinned
        assert "Investigating | Reading the logs of the database | 10min" in said(story)


@pytest.mark.duty("MON-05")
async def test_a_chat_that_is_away_makes_the_room_late_and_then_it_comes(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P1")
        story.chat.is_broken = True
        await story.advance("16m")
        await story.expect_obligation("room", ObligationState.LATE, due="15m")
        story.chat.is_broken = False
        await story.advance("15m")
        assert room(story).name == "incident-2026-03-02-03-00"
        assert (await story.incident()).obligations["room"].met_at is not None


@pytest.mark.duty("MON-09")
async def test_the_room_stays_open_for_an_hour_after_the_restore_and_says_what_is_watched(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P1")
        await story.advance("10m")
        await story.do(Acknowledge(by="ana"))
        await story.advance("20m")
        await story.do(Mitigate(by="ana"))
        assert "Monitor error rates, latency, resource usage, until 04:30 UTC" in said(story)
        await story.advance("10m")
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="ana"))
        await story.do(Resolve(by="ana"))
        await story.advance("49m59s")
        assert not room(story).is_archived
        await story.advance("1s")
        assert room(story).is_archived, "an hour after the restore, which was 30 minutes in"


async def test_its_log_is_kept_before_the_room_is_closed(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P1")
        await story.advance("10m")
        await story.do(PostUpdate(by="ana", text="It was the disk"))
        await story.do(Acknowledge(by="ana"))
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="ana"))
        await story.do(Resolve(by="ana"))
        duty = (await story.incident()).obligations["room_closed"]
        assert (duty.line, story.since(duty.due_at)) == (139, 600 + 86400)
        await story.advance("2h")
        kept = (await story.incident()).room
        assert kept is not None
        assert kept.archived_at is not None
        log = msgspec.json.decode(await story.blobs.get(kept.log))
        assert any("It was the disk" in each["text"] for each in log["messages"])
        await story.expect_obligation("room_closed", ObligationState.MET)


@pytest.mark.duty("MON-21")
async def test_each_standing_channel_hears_what_it_is_for(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P1")
        assert "P1" in told(story, "#incidents")
        assert told(story, "#alerts") == ""
        await story.advance("10m")
        assert "#incident-2026-03-02-03-00" in told(story, "#incidents")
        await story.do(Acknowledge(by="ana"))
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="ana"))
        await story.do(Resolve(by="ana"))
        assert "is resolved" in told(story, "#incidents")
        await story.do(SavePostmortem(by="ana", text="0" * 64))
        assert "post-mortem" in told(story, "#post-mortems")
        assert told(story, "#ops") == ""


@pytest.mark.duty("MON-21")
async def test_a_p2_has_no_room_and_is_told_where_alerts_are(cast: Casting) -> None:
    async with chatting(cast, "monero-marketplace") as story:
        await begin(story, "P2")
        await story.advance("1h")
        assert story.chat.find(story.stream) == []
        assert "P2" in told(story, "#alerts")
        assert told(story, "#incidents") == ""


# ── Mycelia ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.duty("MYC-13")
async def test_updates_stand_in_the_channel_for_real_time_updates(cast: Casting) -> None:
    async with chatting(cast, "mycelia") as story:
        await begin(story, "P1")
        await story.do(PostUpdate(by="ana", text="The peg is being looked at"))
        assert "update by ana: The peg is being looked at" in told(story, "#incidents")


@pytest.mark.duty("MYC-13")
async def test_within_the_house_formal_words_go_by_mail_and_the_status_page_is_owed(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await begin(story, "P1")
        ways = {each.audience: each.value for each in (await look_at_hand(story)).ways}
        assert {each: ways.get(each) for each in ("responders", "stakeholders", "public")} == {
            "responders": "#incidents channel for real-time updates",
            "stakeholders": "incident-response@mycelia.com for formal updates",
            "public": "Update public status page",
        }
        page = await story.expect_obligation("status_page", ObligationState.PENDING, due="1h")
        assert page.line == 254
        await story.do(PostUpdate(by="ana", text="The peg is being looked at", audiences=(Audience.PUBLIC,)))
        await story.expect_obligation("status_page", ObligationState.MET)
        book = (await story.look())[1]
    wanted = "\n".join(list_wanted_tables("mycelia", "mycelia.md", book.playbook))
    assert 'mail = ["incident-response@mycelia.com"]' in wanted
    async with Story(cast("mycelia")) as story:
        await begin(story, "P3")
        assert "status_page" not in (await story.incident()).obligations, (
            "what may wait for the day is no public matter"
        )


# ── VirtEngine ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.duty("VIR-02")
async def test_the_standing_channel_coordinates_and_the_room_is_the_incidents_own(cast: Casting) -> None:
    async with chatting(cast, "virtengine") as story:
        await begin(story, "SEV-1", "Chain Halted")
        assert "Chain Halted" in told(story, "#incident-response")
        await story.advance("5m")
        assert room(story).name == "inc-20260302-chain-halted"
        assert "#inc-20260302-chain-halted" in told(story, "#incident-response")


@pytest.mark.duty("VIR-08")
async def test_the_chart_sends_the_worst_two_into_a_room_and_the_others_to_a_ticket(cast: Casting) -> None:
    async with chatting(cast, "virtengine", tickets="tracker") as story:
        low = await begin(story, "SEV-3", "Chain Halted")
        high = await story.declare("Node Out of Sync", severity="SEV-2")
        await story.advance("10m")
        assert story.chat.find(low) == []
        assert len(story.chat.find(high)) == 1
        assert [each.draft.title for each in story.tracker.tickets.values()] == [
            f"[SEV-3] {(await story.incident(low)).number}: Chain Halted"
        ]
        assert (await story.incident(low)).tickets["work"].line == 138


@pytest.mark.duty("VIR-09")
async def test_the_first_message_calls_on_all_and_says_what_the_playbook_lists(cast: Casting) -> None:
    async with chatting(cast, "virtengine") as story:
        await begin(story, "SEV-1", "Chain Halted")
        await story.do(Acknowledge(by="ana"))
        await story.advance("5m")
        first = room(story).said[0].text
        impact = (await story.look())[1].playbook.scenarios[0].impact
        assert first.splitlines() == [
            "INCIDENT DECLARED",
            "Severity: SEV-1",
            "Service: Chain Halted",
            f"Impact: {impact}",
            "IC: ana",
            "Status: Investigating",
        ]
        assert room(story).called == 1
        await story.expect_obligation("room", ObligationState.MET, due="15m")
