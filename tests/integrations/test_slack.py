"""Slack, through its own library, against a faithful one on loopback: rooms, pages, its limits and its troubles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.slack.calls import Calls
from tocsin.integrations.slack.rooms import Slack
from tocsin.integrations.slack.settings import SlackSettings
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage
from tocsin.testing.slack import Channel, FakeSlack, Trouble

pytestmark = pytest.mark.anyio
KEY = Key("till-1", 7)
EVIL = "<!channel> <@U1> <https://evil.example|your bank> https://evil.example @here & more"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def fake(anyio_backend: str) -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as slack:
        yield slack


def make_slack(fake: FakeSlack, token: str = "", **changes: Any) -> Slack:
    people = {"ana": "U1", "bo": "U2", "ghost": "U404"}
    settings = SlackSettings(kind="slack", token_file="t", people=people, api=fake.api, **changes)
    return Slack(settings, Calls(token or fake.bot_token, fake.api), fake.signing_secret, fake.app_token)


def make_page(**changes: Any) -> PageMessage:
    given: dict[str, Any] = {
        "incident": "till-1",
        "number": "INC-20260302-001",
        "team": "Till",
        "title": EVIL,
        "severity": "P1",
        "scenario": None,
        "responder": "ana",
        "round": 1,
        "why": "level 1 of the ladder",
        "opened_at": datetime(2026, 3, 2, 3, 0, tzinfo=UTC),
        "symptoms": (),
        "first_command": None,
        "evidence": (),
        "next": None,
        "labels": {},
        "annotations": {},
        "link": "https://tocsin.example/p/x",
        "room": "https://tocsin.example/incidents/till-1",
    }
    return PageMessage(**{**given, **changes})


def shown(channel: Channel) -> str:
    return repr([(each.text, each.blocks) for each in channel.messages])


async def test_a_room_is_opened_furnished_read_and_archived(fake: FakeSlack) -> None:
    slack = make_slack(fake)
    room = await slack.open(KEY, "incident-2026-03-02", "what it is")
    channel = fake.workspace.find("incident-2026-03-02")
    assert (room.id, channel.purpose) == (channel.id, "tocsin till-1")
    assert await slack.invite(room.id, ["ana", "bo", "ghost", "lea"]) == ["ghost", "lea"]
    assert await slack.invite(room.id, ["ana"]) == [], "who is in already is no fault"
    assert {"U1", "U2"} <= set(channel.members)
    await slack.set_topic(room.id, "INC-1 P1: " + "x" * 400)
    assert len(channel.topic) == 250
    first = await slack.pin(KEY, room.id, "Status: active", "")
    again = await slack.pin(KEY, room.id, "Status: acknowledged", first)
    assert first == again
    assert [each.is_pinned for each in channel.messages] == [True]
    assert "Status: acknowledged" in shown(channel)
    await slack.say(KEY, room.id, "INCIDENT DECLARED", here=True)
    assert "<!here>" in channel.messages[-1].text
    asked = fake.workspace.add_message(room.id, "U2", "Did you look at the disk?")
    fake.workspace.add_message(room.id, "U3", "It is full", thread=asked.ts)
    said = await slack.read(room.id)
    assert [(each.by, each.text) for each in said][-2:] == [("bo", "Did you look at the disk?"), ("U3", "It is full")]
    assert said[0].pinned
    await slack.archive(room.id)
    await slack.archive(room.id)
    assert channel.is_archived


async def test_a_name_that_is_taken_gets_the_next_one(fake: FakeSlack) -> None:
    fake.workspace.add_channel("incident-2026-03-02", "U1")
    slack = make_slack(fake)
    assert (await slack.open(KEY, "incident-2026-03-02", "")).name == "incident-2026-03-02-2"
    assert (await slack.open(Key("till-2", 4), "incident-2026-03-02", "")).name == "incident-2026-03-02-3"


async def test_a_room_whose_making_nobody_heard_the_end_of_is_found_again(fake: FakeSlack) -> None:
    fake.fail("conversations.create", Trouble(hang_up=True, done=True))
    slack = make_slack(fake)
    with pytest.raises(Unavailable):
        await slack.open(KEY, "inc-1", "")
    room = await slack.open(KEY, "inc-1", "")
    assert room.name == "inc-1"
    assert len(fake.workspace.channels) == 1
    assert (await slack.open(Key("till-1", 9, again=True), "inc-1", "")).id == room.id, "also after it has its purpose"


async def test_what_may_have_been_said_before_a_crash_is_looked_for(fake: FakeSlack) -> None:
    slack = make_slack(fake)
    room = await slack.open(KEY, "inc-1", "")
    first = await slack.say(KEY, room.id, "Once", here=False)
    assert await slack.say(Key("till-1", 7, again=True), room.id, "Once", here=False) == first
    assert len(fake.workspace.find("inc-1").messages) == 1


async def test_a_standing_channel_is_entered_first(fake: FakeSlack) -> None:
    standing = fake.workspace.add_channel("incidents", "U1")
    slack = make_slack(fake, channels={"incidents": standing.id})
    await slack.say(KEY, "#incidents", "There is one", here=False)
    assert len(standing.messages) == 1
    with pytest.raises(Rejected, match="channel_not_found"):
        await slack.say(KEY, "#nowhere", "There is one", here=False)


async def test_words_of_strangers_mention_nobody_and_link_nowhere(fake: FakeSlack) -> None:
    slack = make_slack(fake)
    room = await slack.open(KEY, "inc-1", "")
    await slack.set_topic(room.id, EVIL)
    await slack.say(KEY, room.id, EVIL, here=False)
    await slack.pin(KEY, room.id, EVIL, "")
    await slack.send(KEY, Person(name="Ana"), make_page())
    channels = list(fake.workspace.channels.values())
    lines = [message.text for each in channels for message in each.messages] + [channels[0].topic]
    for line in lines:
        assert "<" not in line
        assert "https://evil" not in line
        assert "@here" not in line
    for block in [block for each in channels for message in each.messages for block in message.blocks]:
        texts = [block["text"]] if "text" in block else [each["text"] for each in block["elements"]]
        assert {text["type"] for text in texts} == {"plain_text"}
    for method, fields in fake.called:
        if method == "chat.postMessage":
            assert (fields["parse"], fields["link_names"], fields["unfurl_links"]) == ("none", False, False)


async def test_a_page_is_a_direct_message_with_a_button(fake: FakeSlack) -> None:
    slack = make_slack(fake)
    detail = await slack.send(KEY, Person(name="Ana"), make_page(title="Disk full"))
    message = fake.workspace.find("dm-u1").messages[0]
    assert message.ts in detail
    assert "Disk full" in repr(message.blocks)
    button = message.blocks[-1]["elements"][0]
    assert (button["action_id"], button["value"]) == ("tocsin:acknowledge", "till-1")
    with pytest.raises(Rejected, match="Lea has no Slack user"):
        await slack.send(KEY, Person(name="Lea"), make_page(responder="lea"))
    with pytest.raises(Rejected, match="user_not_found"):
        await slack.send(KEY, Person(name="Ghost"), make_page(responder="ghost"))


async def test_a_short_limit_is_waited_for_and_a_long_one_is_told(fake: FakeSlack) -> None:
    slack = make_slack(fake)
    room = await slack.open(KEY, "inc-1", "")
    fake.fail("chat.postMessage", Trouble.limit(1))
    await slack.say(KEY, room.id, "First", here=False)
    assert fake.count("chat.postMessage") == 2
    fake.fail("chat.postMessage", Trouble.limit(60))
    for _ in range(2):
        with pytest.raises(Unavailable, match="patience") as error:
            await slack.say(KEY, room.id, "Second", here=False)
        assert 55 < error.value.after_s <= 60
    assert fake.count("chat.postMessage") == 3, "Slack is left in peace as long as it asks"


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble.down(), Unavailable),
        (Trouble(status=500, body=b'{"ok":false,"error":"fatal_error"}'), Unavailable),
        (Trouble(body=b"<html>not Slack</html>"), Unavailable),
        (Trouble(body=b"[1, 2"), Unavailable),
        (Trouble(body=b'["ok"]'), Unavailable),
        (Trouble(hang_up=True), Unavailable),
        (Trouble.refuse("invalid_auth"), Unavailable),
        (Trouble.refuse("missing_scope", needed="chat:write", provided="pins:write"), Unavailable),
        (Trouble.refuse("restricted_action"), Rejected),
        (Trouble.refuse("is_archived"), Rejected),
    ],
)
async def test_each_trouble_says_whether_to_try_again(
    fake: FakeSlack, trouble: Trouble, error: type[Exception]
) -> None:
    slack = make_slack(fake)
    room = await slack.open(KEY, "inc-1", "")
    fake.fail("chat.postMessage", trouble)
    with pytest.raises(error) as raised:
        await slack.say(KEY, room.id, "Once", here=False)
    assert fake.bot_token not in str(raised.value)
    await slack.say(KEY, room.id, "Again", here=False)


async def test_a_slow_slack_is_given_up_on(fake: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.integrations.slack.calls.TIMEOUT_S", 0.2)
    slack = make_slack(fake)
    slack.calls._client.timeout = 5
    fake.fail("auth.test", Trouble(wait_s=0.5))
    with pytest.raises(Unavailable, match=r"within 0\.2 s"):
        await slack.calls.call("auth_test")


async def test_a_slack_that_is_gone_is_unavailable(fake: FakeSlack) -> None:
    calls = Calls("xoxb-x", "http://127.0.0.1:9/api/")
    with pytest.raises(Unavailable, match="could not be asked"):
        await calls.call("auth_test")


async def test_a_wrong_token_is_said_without_the_token(fake: FakeSlack) -> None:
    slack = make_slack(fake, token="xoxb-wrong")
    with pytest.raises(Unavailable, match="invalid_auth") as error:
        await slack.open(KEY, "inc-1", "")
    assert "xoxb" not in str(error.value)
