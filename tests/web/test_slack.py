"""What people do from Slack: signed, in their own name, by the rules of the screens; strangers look and never act."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tocsin.comms.commands import OpenRoom
from tocsin.integrations.slack.calls import Calls
from tocsin.integrations.slack.inbound import Inbound
from tocsin.integrations.slack.rooms import Slack
from tocsin.integrations.slack.settings import SlackSettings
from tocsin.integrations.slack.socket import SocketMode
from tocsin.testing.slack import FakeSlack, Trouble
from tocsin.timeline import events as e
from tocsin.web.acts import Acts
from tocsin.web.library import Library
from tocsin.web.slack import SlackDesk

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


class Office:
    """A house whose rooms are in Slack, with an incident that has one. Ana is U1, Bo U2; U3 is a stranger."""

    def __init__(self, house: House, fake: FakeSlack, slack: Slack) -> None:
        self.house, self.story, self.fake, self.slack = house, house.story, fake, slack
        self.room = ""

    async def post(self, body: bytes, kind: str = FORM, **headers: str) -> httpx.Response:
        now = int(self.story.clock.now().timestamp())
        signed = {**self.fake.sign(body, now), "Content-Type": kind, **headers}
        answer = await self.house.client().post("/hooks/slack/slack", content=body, headers=signed)
        await self.story.settle()
        return answer

    async def slash(self, user: str, text: str, channel: str | None = None) -> str:
        fields = self.fake.make_slash(user, channel or self.room, text)
        answer = (await self.post(self.fake.write_form(fields))).json()
        assert answer["response_type"] == "ephemeral"
        return "\n".join(block["text"]["text"] for block in answer["blocks"] if block["type"] == "section")

    async def press(self, user: str, action: str, value: str) -> str:
        self.fake.workspace.ephemeral.clear()
        pressed = self.fake.make_press(user, self.room, action, value)
        assert (await self.post(self.fake.write_interaction(pressed))).content == b""
        return "\n".join(
            block["text"]["text"]
            for each in self.fake.workspace.ephemeral
            for block in each["blocks"]
            if block["type"] == "section"
        )

    async def count(self, kind: type[e.Event]) -> int:
        return len(await self.story.events(kind))


@pytest.fixture
async def office(open_house: Open, anyio_backend: str) -> AsyncIterator[Office]:
    async with FakeSlack() as fake:
        people = {"ana": "U1", "bo": "U2"}
        settings = SlackSettings(kind="slack", token_file="t", people=people, api=fake.api)
        slack = Slack(settings, Calls(fake.bot_token, fake.api), fake.signing_secret, fake.app_token)
        house = await open_house(make_cast(war_room="slack"), channels=lambda: {"slack": slack})
        house.story.chats["slack"] = slack
        found = Office(house, fake, slack)
        await house.story.alert("ChainHalted", instance="validator-1")
        await house.story.do(OpenRoom(by="ana"))
        room = (await house.story.incident()).room
        assert room is not None
        found.room = room.id
        yield found


# ── believing ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_only_what_slack_signed_just_now_and_for_the_first_time_is_taken(office: Office) -> None:
    body = office.fake.write_form(office.fake.make_slash("U1", office.room, "ack"))
    now = int(office.story.clock.now().timestamp())
    client, path = office.house.client(), "/hooks/slack/slack"
    for headers in (
        {},
        {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": str(now)},
        office.fake.sign(body, now - 301),
        office.fake.sign(body, now + 301),
        office.fake.sign(body + b"&more=1", now),
        {**office.fake.sign(body, now), "X-Slack-Request-Timestamp": "soon"},
    ):
        answer = await client.post(path, content=body, headers={**headers, "Content-Type": FORM})
        assert answer.status_code in (401, 403), headers
    assert await office.count(e.Acknowledged) == 0
    assert (await office.post(body)).status_code == 200
    assert await office.count(e.Acknowledged) == 1
    assert (await office.post(body)).status_code in (401, 403), "the same request again"


async def test_slack_asks_whose_address_it_is(office: Office) -> None:
    answer = await office.post(b'{"type":"url_verification","challenge":"3eZbr"}', JSON)
    assert answer.json() == {"challenge": "3eZbr"}


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{", b'{"type":', b"payload=%7B", b"payload=[]", b"[]", b"null", b""])
async def test_garbage_that_is_signed_is_garbage(office: Office, body: bytes) -> None:
    for kind in (FORM, JSON):
        assert (await office.post(body, kind, **{"X-Test": kind})).status_code in (200, 400, 403)
    assert await office.count(e.Acknowledged) == 0


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_words_act_in_the_name_of_whoever_typed_them(office: Office) -> None:
    assert "acknowledged (slack)" in await office.slash("U1", "ack")
    assert "Bo Rask noted: the disk is full" in await office.slash("U2", "note the disk is full")
    await office.slash("U1", "update Reading the logs")
    incident = await office.story.incident()
    assert (incident.acknowledged_by, incident.updates[-1].by) == ("ana", "ana")
    assert "Ana Lind is Scribe" in await office.slash("U1", "role Scribe")
    number = incident.number
    assert "noted: from afar" in await office.slash("U2", f"{number} note from afar", "C-elsewhere")
    assert number in await office.slash("U2", "")
    assert "taken by ana" in await office.slash("U2", "status")


async def test_a_room_is_wanted_from_anywhere(office: Office) -> None:
    stream = await office.story.declare("Chain Halted", severity="SEV-3")
    assert "wants a room" in await office.slash("U1", f"{(await office.story.incident(stream)).number} room", "C-else")
    room = (await office.story.incident(stream)).room
    assert room is not None
    assert room.id in office.fake.workspace.channels


async def test_what_is_no_word_or_lacks_something_is_said(office: Office) -> None:
    assert "/tocsin declare" in await office.slash("U1", "dance")
    assert "needs more" in await office.slash("U1", "note")
    assert "Which incident?" in await office.slash("U1", "ack", "C-elsewhere")
    assert "The playbook has no severity" in await office.slash("U1", "severity terrible")


async def test_a_stranger_may_look_and_never_acts(office: Office) -> None:
    assert "Status: active" in await office.slash("U3", "status")
    for text in ("ack", "note hello", "update hello", "severity SEV-3", "role Scribe", "resolve", "declare"):
        assert "does not know who U3 is" in await office.slash("U3", text)
    assert "does not know who U3 is" in await office.press("U3", "tocsin:acknowledge", office.story.stream)
    before = (await office.story.incident()).seq
    mark = {
        "type": "pin_added",
        "user": "U3",
        "channel_id": office.room,
        "item": {"message": {"text": "x", "ts": "1.0"}},
    }
    await office.post(office.fake.write_event(mark), JSON)
    assert (await office.story.incident()).seq == before


async def test_somebody_known_who_is_no_responder_is_refused_as_on_screen(open_house: Open) -> None:
    async with FakeSlack() as fake:
        settings = SlackSettings(kind="slack", token_file="t", people={"max": "U1", "guest": "U2"}, api=fake.api)
        slack = Slack(settings, Calls(fake.bot_token, fake.api), fake.signing_secret)
        cast = make_cast()
        people = {**cast.people, "guest": cast.people["bo"]}
        house = await open_house(make_cast(people=people), channels=lambda: {"slack": slack})
        office = Office(house, fake, slack)
        await house.story.alert("ChainHalted", instance="validator-1")
        number = (await house.story.incident()).number
        assert "guest is no responder" in await office.slash("U2", f"{number} ack", "C1")
        assert await office.count(e.Acknowledged) == 0


# ── buttons and forms ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_button_acknowledges_and_says_so(office: Office) -> None:
    assert "acknowledged (slack)" in await office.press("U1", "tocsin:acknowledge", office.story.stream)
    assert (await office.story.incident()).acknowledged_by == "ana"
    pinned = next(each for each in office.fake.workspace.channels[office.room].messages if each.is_pinned)
    assert "taken by ana" in repr(pinned.blocks)


async def test_roles_and_severities_are_chosen_in_forms(office: Office) -> None:
    for action, block, value in (("role", "role", "Incident Commander"), ("severity", "severity", "SEV-2")):
        await office.press("U1", f"tocsin:{action}", office.story.stream)
        view = office.fake.workspace.views[-1]
        offered = [each["value"] for each in view["blocks"][0]["element"]["options"]]
        chosen = value if value in offered else offered[-1]
        sent = office.fake.make_submission("U1", view, **{block: chosen})
        answer = await office.post(office.fake.write_interaction(sent))
        assert answer.json() == {"response_action": "clear"}
    incident = await office.story.incident()
    assert "ana" in incident.roles.values()
    assert incident.severity == chosen


async def test_a_role_is_handed_to_somebody_else(office: Office) -> None:
    """By the mention that Slack makes, by a name, by an id; and in the form."""
    for typed, who in (
        ("<@U2|bo>", "bo"),
        ("@Ana Lind", "ana"),
        ("@nobody", ""),
        ("@bo", "bo"),
        ("ana", "ana"),
        ("<@U2>", "bo"),
    ):
        answer = await office.slash("U1", f"role Incident Commander {typed}")
        if not who:
            assert "There is no person" in answer
            continue
        incident = await office.story.incident()
        assert (incident.commander, incident.roles["Incident Commander"]) == (who, who)
    assert "does not know who <@U9> is" in await office.slash("U1", "role Scribe <@U9>")
    await office.press("U2", "tocsin:role", office.story.stream)
    view = office.fake.workspace.views[-1]
    sent = office.fake.make_submission("U2", view, role="Incident Commander", responder="ana")
    assert (await office.post(office.fake.write_interaction(sent))).json() == {"response_action": "clear"}
    assert (await office.story.incident()).commander == "ana"


async def test_what_the_playbook_asks_is_asked_in_the_room_and_answered_by_a_button(open_house: Open) -> None:
    async with FakeSlack() as fake:
        settings = SlackSettings(kind="slack", token_file="t", people={"ana": "U1", "bo": "U2"}, api=fake.api)
        slack = Slack(settings, Calls(fake.bot_token, fake.api), fake.signing_secret)
        roles = {"Security Team Lead": ("lea",), "Platform Lead": ("max",), "leadership": ("max",)}
        house = await open_house(
            make_cast("northcell", war_room="slack", roles=roles), channels=lambda: {"slack": slack}
        )
        house.story.chats["slack"] = slack
        office = Office(house, fake, slack)
        await house.story.declare("", severity="P1")
        await house.story.do(OpenRoom(by="ana"))
        room = (await house.story.incident()).room
        assert room is not None
        office.room = room.id
        asked = [
            (each["action_id"], each["value"])
            for message in fake.workspace.channels[room.id].messages
            for block in message.blocks
            if block["type"] == "actions" and not message.is_pinned
            for each in block["elements"]
        ]
        stream = house.story.stream
        assert {(f"tocsin:{way}", f"{stream}|{line}") for way in ("yes", "no") for line in (458, 459, 460)} == set(
            asked
        )
        assert "does not know who U3" in await office.press("U3", "tocsin:yes", f"{stream}|458")
        assert await office.press("U2", "tocsin:no", f"{stream}|459")
        assert await office.press("U1", "tocsin:yes", f"{stream}|458")
        assert "lea" in {page.responder for page in house.story.pages()}
        answered = (await house.story.incident()).answered
        assert {line: (each.by, each.holds) for line, each in answered.items()} == {
            459: ("bo", False),
            458: ("ana", True),
        }
        said = repr(fake.workspace.channels[room.id].messages)
        assert "it is so, says ana (line 458)" in said and "it is not so, says bo (line 459)" in said
        listed = await office.slash("U2", "questions")
        assert (
            "Line 458" in listed and "Answered: it is so" in listed and "Line 468: calls Engineering Manager" in listed
        )
        assert "Line 460" in await office.press("U3", "tocsin:questions", stream), "anybody may look"
        await office.slash("U1", "yes 460 I do not know this part")
        assert (await house.story.incident()).answered[460].reason == "I do not know this part"
        assert "only whoever answers for security" in await office.slash("U1", "wrong 458 our load test")
        await office.slash("U2", "wrong 460 ana knows it after all")
        corrected = (await house.story.incident()).answered[460]
        assert (corrected.by, corrected.holds, corrected.corrects) == ("bo", False, "ana")
        said = repr(fake.workspace.channels[room.id].messages)
        assert "it is not so, says bo, who takes back the yes of ana: ana knows it after all (line 460)" in said
        assert "needs more" in await office.slash("U1", "no")
        assert "No escalation stands on line 7" in await office.slash("U1", "no 7")


async def test_an_incident_is_opened_by_a_form_and_a_slip_is_told_in_it(office: Office) -> None:
    await office.slash("U2", "declare")
    view = office.fake.workspace.views[-1]
    bad = office.fake.make_submission("U2", view, team="quorum", title="It is odd", severity="no such")
    answer = (await office.post(office.fake.write_interaction(bad))).json()
    assert answer["response_action"] == "errors"
    good = office.fake.make_submission("U2", view, team="quorum", title="It is odd")
    assert (await office.post(office.fake.write_interaction(good))).json() == {"response_action": "clear"}
    cards = await office.story.store.cards()
    assert cards[0].title == "It is odd"


async def test_exactly_what_is_shown_is_approved(office: Office) -> None:
    await office.slash("U1", "ack")
    fields = office.fake.make_slash("U1", office.room, "steps")
    blocks = (await office.post(office.fake.write_form(fields))).json()["blocks"]
    buttons = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]
    assert buttons, "there is a step that waits for an approval"
    value = buttons[0]["value"]
    stream, step, digest = value.split("|")
    assert "was looked at" in await office.press("U1", "tocsin:approve", f"{stream}|{step}|{'0' * 64}") or (
        await office.count(e.StepApproved) + await office.count(e.ApprovalGiven) == 0
    )
    await office.press("U1", "tocsin:approve", value)
    given = [*await office.story.events(e.StepApproved), *await office.story.events(e.ApprovalGiven)]
    assert [(each.event.step, each.event.digest, each.event.by) for each in given] == [(step, digest, "ana")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", ["", "|", "nobody-1", "a|b|c", "x" * 2000, "../../etc|L1|" + "0" * 64])
async def test_a_button_that_is_none_of_ours_does_nothing(office: Office, value: str) -> None:
    for action in ("tocsin:acknowledge", "tocsin:approve", "tocsin:role", "tocsin:steps", "other:app"):
        await office.press("U1", action, value)
    assert await office.count(e.Acknowledged) == 0


async def test_a_slack_that_is_away_loses_only_the_word_about_it(office: Office) -> None:
    office.fake.fail("chat.postEphemeral", Trouble.down())
    assert await office.press("U1", "tocsin:acknowledge", office.story.stream) == ""
    assert (await office.story.incident()).acknowledged_by == "ana"


# ── pins and reactions ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_pins_and_reactions_stand_on_the_timeline_once(office: Office) -> None:
    said = office.fake.workspace.add_message(office.room, "U2", "The master key is in the safe")
    item = {"type": "message", "channel": office.room, "message": {"ts": said.ts, "text": said.text}}
    pinned = office.fake.write_event({"type": "pin_added", "user": "U1", "channel_id": office.room, "item": item})
    assert (await office.post(pinned, JSON)).status_code == 200
    office.story.clock.set(office.story.clock.now())
    now = int(office.story.clock.now().timestamp()) + 1
    again = {**office.fake.sign(pinned, now), "Content-Type": JSON}
    await office.house.client().post("/hooks/slack/slack", content=pinned, headers=again)
    where = {"type": "message", "channel": office.room, "ts": said.ts}
    marked = {"type": "reaction_added", "user": "U2", "reaction": "eyes", "item": where}
    await office.post(office.fake.write_event(marked), JSON)
    notes = [(each.event.by, each.event.text) for each in await office.story.events(e.NoteAdded)]  # type: ignore[attr-defined]
    name = office.fake.workspace.channels[office.room].name
    assert notes == [
        ("ana", f"Pinned in #{name}: The master key is in the safe"),
        ("bo", f"Marked :eyes: in #{name}: The master key is in the safe"),
    ]


async def test_what_is_pinned_elsewhere_is_nobodys_business(office: Office) -> None:
    other = office.fake.workspace.add_channel("random", members=("UBOT00001",))
    item = {"type": "message", "message": {"ts": "1.0", "text": "Lunch"}}
    event = {"type": "pin_added", "user": "U1", "channel_id": other.id, "item": item}
    await office.post(office.fake.write_event(event), JSON)
    assert await office.count(e.NoteAdded) == 0


# ── Socket Mode ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def socket(office: Office) -> AsyncIterator[SocketMode]:
    desk = office.house.desk
    library = Library(desk)
    slack_desk = SlackDesk(desk, library, Acts(desk, library))

    async def answer(asked: Inbound) -> dict[str, Any] | None:
        return await slack_desk.answer(office.slack, asked)

    listening = SocketMode(office.fake.app_token, office.fake.api, answer)
    task = asyncio.create_task(listening.run())
    async with asyncio.timeout(60):
        await listening.is_open.wait()
    yield listening
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_same_over_a_socket_of_our_own(office: Office, socket: SocketMode) -> None:
    told = await office.fake.tell("slash_commands", office.fake.make_slash("U1", office.room, "ack"), "env-1")
    assert told["envelope_id"] == "env-1"
    assert "acknowledged (slack)" in json.dumps(told["payload"])
    again = await office.fake.tell("slash_commands", office.fake.make_slash("U1", office.room, "note x"), "env-1")
    assert again == {"envelope_id": "env-1"}, "the same envelope is acknowledged and no more"
    pressed = office.fake.make_press("U2", office.room, "tocsin:acknowledge", office.story.stream)
    assert set(await office.fake.tell("interactive", pressed)) == {"envelope_id"}
    assert set(await office.fake.tell("events_api", {"event": "garbage"})) == {"envelope_id"}
    assert await office.count(e.NoteAdded) == 0


async def test_a_socket_that_slack_refreshes_or_refuses_is_opened_again(office: Office, socket: SocketMode) -> None:
    before = office.fake.count("apps.connections.open")
    await office.fake.ask_to_reconnect()
    async with asyncio.timeout(60):
        while office.fake.count("apps.connections.open") == before or not socket.is_open.is_set():
            await asyncio.sleep(0.01)
    told = await office.fake.tell("slash_commands", office.fake.make_slash("U1", office.room, "status"))
    assert "Status: active" in json.dumps(told["payload"])
