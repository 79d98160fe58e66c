"""What goes out of a private incident: that there is one, and no word of what it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tocsin.comms.board import Told, make_board
from tocsin.comms.commands import OpenRoom, PostUpdate
from tocsin.comms.outside import AnswerContact, CallContact
from tocsin.comms.settings import Component, StatusPage
from tocsin.errors import Denied, IllegalMove, Prohibited
from tocsin.incident.authority import find_permissions
from tocsin.incident.commands import Acknowledge, ChooseScenario, IdentifyCause, Resolve, SetSeverity, TakeRole
from tocsin.incident.hiding import Disclose, Invite, MakePrivate, RevokeInvitation
from tocsin.incident.privacy import PrivateWhen
from tocsin.incident.sight import may_see, name_readers
from tocsin.oncall.handoff import Handoff
from tocsin.oncall.outsider import Outsider
from tocsin.page.brief import brief, say, title
from tocsin.page.message import compose, spell
from tocsin.review.handover import write_summary
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, PublicStatus

Casting = Callable[..., Cast]
HALT, PLANT, LABEL = "Chain Halted", "Xylograph 7731", "label-9921-zq"
CHATTY = {"war_room": "chat", "tickets": "tracker"}
RESTART_OF_PLAYBOOK_2 = "L322"
PUBLIC = (Audience.PUBLIC,)


async def declare(story: Story, scenario: str | None = HALT, severity: str | None = "SEV-1", by: str = "ana") -> str:
    """A private incident with a title that stands nowhere else."""
    team = next(iter(story.shelf.settings.teams))
    story.stream = await story.engine.intake.declare(team, PLANT, scenario, severity, by, private=True)
    await story.settle()
    return story.stream


def find_said(story: Story) -> str:
    """Everything that others than its readers can come across: channels, rooms that are open, names, tickets."""
    said = [repr(each) for each in story.chat.channels.items()]
    said += [each.name if each.is_private else repr(each) for each in story.chat.rooms.values()]
    return "\n".join([*said, *(repr(each) for each in story.tracker.tickets.values())])


async def test_chat_and_tracker_are_told_its_number_alone(cast: Casting) -> None:
    async with Story(cast("virtengine", **CHATTY)) as story:
        await declare(story)
        number = (await story.incident()).number
        await story.advance("20m")
        await story.do(PostUpdate(by="ana", text=f"{PLANT}: we look", audiences=(Audience.RESPONDERS,)))
        await story.do(IdentifyCause(by="ana", text=PLANT))
        (room,) = story.chat.rooms.values()
        assert room.is_private
        assert PLANT in room.topic, "those who are in may read it"
        assert room.members
        await story.do(Resolve(by="lea"))
        await story.advance("1h")
        assert story.chat.channels == {}, "nothing stands in the standing channels"
        assert PLANT.casefold() not in find_said(story).casefold()
        assert "xylograph" not in find_said(story).casefold()
        for ticket in story.tracker.tickets.values():
            assert number in ticket.draft.title
            assert HALT not in repr(ticket)


async def test_every_page_says_only_that_there_is_one(cast: Casting) -> None:
    async with Story(cast("virtengine", private=PrivateWhen(scenarios=(HALT,)))) as story:
        stream = await story.alert("ChainHalted", instance=LABEL)
        incident, book = await story.look(stream)
        (intent, *_) = [each.event for each in await story.events(e.PageRequested, stream)]
        assert isinstance(intent, e.PageRequested)
        message = compose(
            incident, book, story.shelf.rota(incident), intent, now=story.clock.now(), link="L", room="R", repeat=False
        )
        texts = [spell(message), brief(message, 2000, headed=True), say(message), title(message), repr(message)]
        for text in texts:
            assert LABEL not in text
            assert HALT not in text
            assert "Private incident" in text or text is texts[1]
        assert incident.number in spell(message)
        assert "L" in spell(message)


async def test_settings_make_it_private_before_anybody_is_told(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", private=PrivateWhen(security=True), **CHATTY)) as story:
        stream = await story.declare("Security Breach")
        kinds = [type(each.event) for each in await story.journal.entries(stream)]
        assert kinds.index(e.MadePrivate) < min(kinds.index(each) for each in (e.PageRequested, e.LevelJoined))
        made = (await story.events(e.MadePrivate))[0].event
        assert isinstance(made, e.MadePrivate)
        assert (made.by, made.invited, made.told) == ("tocsin", ("somebody",), ())
        assert made.line, "the scenario's line"
        other = await story.declare("Database Connection Failures")
        assert not (await story.incident(other)).is_private
        assert story.chat.channels.get("#security") is None


async def test_without_the_settings_nothing_is_private(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        assert not (await story.incident()).is_private


async def test_a_severity_or_a_scenario_that_is_chosen_later_makes_it_private_then(cast: Casting) -> None:
    when = PrivateWhen(severities=("SEV-1",), scenarios=("Node Out of Sync",))
    async with Story(cast("virtengine", private=when)) as story:
        await story.declare(HALT, severity="SEV-3")
        assert not (await story.incident()).is_private
        await story.advance("5m")
        await story.do(SetSeverity(by="ana", severity="SEV-1"))
        privacy = (await story.incident()).privacy
        assert privacy is not None
        assert privacy.reason == "incidents of SEV-1 are private"
        assert privacy.told[0] == "Whoever was signed in could see all of it since 2026-03-02 03:00 UTC."
        await story.declare(HALT, severity="SEV-3")
        await story.do(ChooseScenario(by="ana", team="virtengine", scenario="Node Out of Sync"))
        assert (await story.incident()).is_private


async def test_what_a_person_has_opened_the_settings_let_be(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", private=PrivateWhen(security=True))) as story:
        await story.declare("Security Breach")
        await story.do(Disclose(by="sec", reason="it was an exercise"))
        await story.do(SetSeverity(by="ana", severity="P2"))
        await story.advance("1h")
        assert not (await story.incident()).is_private
        await story.do(MakePrivate(by="ana", reason="it was none"))
        assert (await story.incident()).is_private


async def test_made_private_later_it_says_what_was_told_and_tells_no_more(cast: Casting) -> None:
    async with Story(cast("virtengine", **CHATTY)) as story:
        await story.declare(HALT, severity="SEV-1")
        await story.advance("20m")
        await story.do(PostUpdate(by="lea", text="Blocks have stopped.", audiences=PUBLIC))
        (room,) = story.chat.rooms.values()
        before, channels = len(room.said), {name: len(said) for name, said in story.chat.channels.items()}
        assert HALT in room.topic
        assert channels, "standing channels were told"
        await story.do(MakePrivate(by="ana"))
        told = (await story.events(e.MadePrivate))[0].event
        assert isinstance(told, e.MadePrivate)
        text = " ".join(told.told)
        for said in (f"#{room.name}", "1 update was for the public", "Pages with its title went to", *channels):
            assert said in text, f"{said} is not in {text}"
        incident = await story.incident()
        assert room.topic == f"{incident.number}: private", "the topic is taken back"
        assert HALT not in room.pinned
        await story.do(PostUpdate(by="lea", text="It was the new release.", audiences=(Audience.RESPONDERS,)))
        await story.do(Invite(by="ana", responder="boss"))
        await story.advance("10m")
        assert len(room.said) == before
        assert {name: len(said) for name, said in story.chat.channels.items()} == channels
        assert "boss" not in room.members


async def test_what_was_said_while_it_was_private_is_not_listed_as_told(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await declare(story, severity="SEV-3", scenario="Node Out of Sync")
        await story.advance("5m")
        await story.do(Disclose(by="ana", reason="harmless"))
        await story.do(MakePrivate(by="ana", reason="it is not"))
        privacy = (await story.incident()).privacy
        assert privacy is not None
        assert privacy.told == ("Whoever was signed in could see all of it since 2026-03-02 03:05 UTC.",)


async def test_a_contact_outside_answers_and_sees_nothing(cast: Casting) -> None:
    cloud = Outsider(name="Cloud support", mail="help@cloud.example", channels=("mail",))
    async with Story(cast("virtengine", contacts={"cloud": cloud})) as story:
        await declare(story)
        contact = "contact:virtengine:cloud"
        await story.do(CallContact(by="ana", contact="cloud"))
        (sent,) = story.pages(contact)
        assert PLANT not in sent.why
        assert HALT not in sent.why
        await story.do(AnswerContact(by=contact, contact=contact, page=int(sent.key.rpartition(":")[2])))
        assert (await story.incident()).outside[contact].answered_at == story.clock.now()
        await story.do(Disclose(by="ana", reason="told"))
        await story.do(MakePrivate(by="ana"))
        privacy = (await story.incident()).privacy
        assert privacy is not None
        assert "The contact cloud outside was called." in privacy.told


async def test_whoever_is_let_in_is_let_into_the_room_and_has_to_be_taken_out_there(cast: Casting) -> None:
    async with Story(cast("virtengine", **CHATTY)) as story:
        await declare(story)
        await story.do(OpenRoom(by="ana"))
        await story.do(Invite(by="ana", responder="sec", reason="keys"))
        (room,) = story.chat.rooms.values()
        assert "sec" not in room.members, "security sees it already, and was not called"
        await story.do(Invite(by="ana", responder="boss"))
        assert "boss" in room.members
        await story.do(RevokeInvitation(by="ana", responder="boss"))
        revoked = (await story.events(e.InvitationRevoked))[0].event
        assert isinstance(revoked, e.InvitationRevoked)
        assert revoked.still_in == room.name
        incident, book = await story.look()
        assert not may_see(incident, book.policy, "boss")


async def test_who_sees_it_and_why(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await declare(story, scenario="Node Out of Sync", severity="SEV-3", by="max")
        incident, book = await story.look()
        assert name_readers(incident, book.policy) == {
            "ana": "were paged for it", "max": "were invited by max", "sec": "answer for the team's security"
        }  # fmt: skip
        assert find_permissions(book.policy, "bo", incident) == frozenset(), "of the team, and not of this"
        await story.do(TakeRole(by="ana", role="Scribe", responder="bo"))
        incident, book = await story.look()
        assert name_readers(incident, book.policy)["bo"] == "are Scribe"
        await story.do(Acknowledge(by="bo"))
        with pytest.raises(IllegalMove, match="bo was not invited, and sees it since they are Scribe"):
            await story.do(RevokeInvitation(by="ana", responder="bo"))
        await story.do(Disclose(by="ana", reason="over"))
        with pytest.raises(IllegalMove, match="not private"):
            await story.do(Invite(by="ana", responder="lea"))


async def test_what_it_forbids_holds_for_others_who_are_not_told_why(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        breach = await story.declare("Security Breach")
        outage = await story.alert("DatabaseUnavailable")
        with pytest.raises(Prohibited, match=breach):
            await story.approve(RESTART_OF_PLAYBOOK_2, "ana", outage)
        await story.do(MakePrivate(by="sec"), breach)
        with pytest.raises(Prohibited, match="A private incident that is open forbids this") as refusal:
            await story.approve(RESTART_OF_PLAYBOOK_2, "ana", outage)
        _, book = await story.look(outage)
        for text in (str(refusal.value), repr(book.in_force)):
            assert breach not in text
            assert "Breach" not in text
        with pytest.raises(Denied) as denied:
            await story.do(PostUpdate(by="ana", text="All is well", audiences=PUBLIC), outage)
        assert breach not in str(denied.value)
        await story.do(Disclose(by="sec", reason="told"), breach)
        with pytest.raises(Prohibited, match=breach):
            await story.approve(RESTART_OF_PLAYBOOK_2, "ana", outage)


async def test_the_status_page_has_the_words_that_were_said_and_nothing_else(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await declare(story)
        page = StatusPage(components={"api": Component(name="API of a name", scenarios=(HALT,))})

        async def show() -> str:
            incident, book = await story.look()
            told = Told(incident=incident, book=book, entries=tuple(await story.journal.entries(incident.id)))
            return repr(make_board(page, "x", [told], {}, "UTC", START, story.clock.now()).incidents)

        assert await show() == "()"
        await story.do(PostUpdate(by="lea", text="We look into a problem.", audiences=PUBLIC))
        await story.do(IdentifyCause(by="ana", text="secret cause"))
        shown = await show()
        assert "We look into a problem." in shown
        assert "title='Incident'" in shown
        assert f"{PublicStatus.INVESTIGATING!r}" in shown, "no status moves on by itself"
        for hidden in (PLANT, HALT, "'api'", "secret cause"):
            assert hidden not in shown


async def test_the_hand_off_leaves_it_out(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await declare(story)
        handoff = Handoff(
            at=story.clock.now() + timedelta(hours=6), schedules=("primary",), outgoing=("ana",), incoming=("bo",)
        )
        text = write_summary("x", handoff, [await story.incident()])
        assert PLANT not in text
        assert (await story.incident()).number not in text
        assert "Incidents of the past week: 0" in text
