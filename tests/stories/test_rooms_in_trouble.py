"""Rooms when things do not go as the playbook thinks: shadow, raised and lowered severities, refusals, early ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import OpenRoom, PostUpdate
from tocsin.errors import Denied
from tocsin.incident.commands import Acknowledge, Close, MeetObligation, Reopen, Resolve, SetSeverity, TakeRole
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import ChatAct, Mode, ObligationState

Casting = Callable[..., Cast]
HALT = "Chain Halted"


async def asked(story: Story, act: ChatAct) -> int:
    entries = await story.events(e.ChatRequested)
    return sum(isinstance(each.event, e.ChatRequested) and each.event.act is act for each in entries)


async def test_in_shadow_mode_nothing_is_opened_and_the_decision_stands_there(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat", tickets="tracker", mode=Mode.SHADOW)) as story:
        await story.declare(HALT, severity="SEV-1")
        low = await story.declare("Node Out of Sync", severity="SEV-4")
        await story.advance("1h")
        assert (story.chat.rooms, story.chat.channels, story.tracker.tickets) == ({}, {}, {})
        assert len(await story.events(e.TicketWithheld, low)) == 1


async def test_without_a_chat_nothing_is_asked_and_a_person_is_told_so(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare(HALT, severity="SEV-1")
        await story.advance("1h")
        assert await story.events(e.ChatRequested) == []
        with pytest.raises(Denied, match="war_room"):
            await story.do(OpenRoom(by="ana"))


async def test_a_severity_that_is_raised_opens_the_room_by_its_own_clock(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        await story.declare(HALT, severity="SEV-3")
        await story.advance("30m")
        assert story.chat.rooms == {}
        await story.do(SetSeverity(by="ana", severity="SEV-1"))
        await story.expect_obligation("room", ObligationState.PENDING, due="45m")
        await story.advance("5m")
        assert len(story.chat.rooms) == 1


async def test_one_that_is_lowered_before_needs_none_any_more(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        await story.declare(HALT, severity="SEV-1")
        await story.do(SetSeverity(by="ana", severity="SEV-3"))
        await story.advance("1h")
        assert story.chat.rooms == {}
        await story.expect_obligation("room", ObligationState.NOT_APPLICABLE)


async def test_a_room_that_somebody_wants_is_open_at_once(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        await story.declare(HALT, severity="SEV-3")
        await story.do(OpenRoom(by="ana"))
        await story.do(OpenRoom(by="bo"))
        assert await asked(story, ChatAct.OPEN) == len(story.chat.rooms) == 1


async def test_a_plain_no_is_not_repeated_and_a_person_may_meet_the_duty(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        story.chat.is_refusing = True
        await story.declare(HALT, severity="SEV-1")
        await story.advance("2h")
        assert await asked(story, ChatAct.OPEN) == 1
        await story.expect_obligation("room", ObligationState.LATE, due="15m")
        await story.do(MeetObligation(by="ana", key="room", note="opened by hand"))
        assert (await story.incident()).obligations["room"].met_by == "ana"


async def test_a_chat_that_stays_away_is_asked_ever_more_rarely_and_not_without_end(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        await story.declare(HALT, severity="SEV-1")
        story.chat.is_broken = True
        await story.advance("1h")
        assert await asked(story, ChatAct.OPEN) < 12
        await story.advance("1d")
        assert await asked(story, ChatAct.OPEN) == 40


async def test_who_takes_a_role_later_is_let_in_and_strangers_are_named(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        story.chat.strangers = {"sec"}
        await story.declare(HALT, severity="SEV-1")
        await story.advance("5m")
        (room,) = story.chat.rooms.values()
        assert "boss" not in room.members
        await story.do(TakeRole(by="ana", role="Scribe", responder="boss"))
        await story.do(TakeRole(by="ana", role="Technical Lead", responder="sec"))
        assert "boss" in room.members
        assert "Scribe: boss" in room.pinned
        known = (await story.incident()).room
        assert known is not None
        assert known.strangers == ("sec",)


async def test_an_incident_that_is_closed_early_has_its_log_kept_and_its_room_closed(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        await story.declare(HALT, severity="SEV-1")
        await story.advance("5m")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        for duty in (await story.incident()).obligations.values():
            if duty.is_open:
                await story.do(MeetObligation(by="ana", key=duty.key))
        await story.do(Close(by="ana"))
        (room,) = story.chat.rooms.values()
        assert room.is_archived
        assert await asked(story, ChatAct.EXPORT) == 1


async def test_what_comes_back_after_its_room_was_closed_gets_another(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        await story.declare(HALT, severity="SEV-1")
        await story.advance("5m")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        await story.advance("25h")
        await story.do(Reopen(by="ana", reason="it is back"))
        await story.advance("10m")
        assert [(each.name, each.is_archived) for each in story.chat.rooms.values()] == [
            ("inc-20260302-chain-halted", True),
            ("inc-20260302-chain-halted-2", False),
        ]
        assert list(story.chat.rooms.values())[1].said, "it has its first message again"


async def test_words_that_hold_a_secret_do_not_make_the_room_turn_in_circles(cast: Casting) -> None:
    async with Story(cast("virtengine", war_room="chat")) as story:
        await story.declare(HALT, severity="SEV-1")
        await story.advance("5m")
        await story.do(PostUpdate(by="ana", text="password=hunter2hunter2 ghp_0123456789abcdefghijABCDEFGHIJ012345"))
        (room,) = story.chat.rooms.values()
        assert "hunter2" not in f"{room.pinned}{room.said}"
        before = await asked(story, ChatAct.PIN)
        await story.advance("1m")
        assert await asked(story, ChatAct.PIN) == before
