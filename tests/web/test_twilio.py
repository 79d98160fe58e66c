"""What Twilio tells us: a key acknowledges, a reply acknowledges, delivery is told truthfully, and nothing unsigned is
believed, also behind a proxy.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import httpx
import pytest

from tocsin.incident.commands import Acknowledge
from tocsin.integrations.twilio import Twilio, TwilioSettings
from tocsin.oncall.settings import Person
from tocsin.page.link import make_code
from tocsin.timeline import events as e
from tocsin.web import Policy
from tocsin.words import PageState, Reached

from .conftest import Open
from .house import LINK_KEY, House, make_cast

pytestmark = pytest.mark.anyio

PUBLIC = "https://pager.example.org"
"""How the outside knows the server, wherever the proxy in front of it sends things."""


@pytest.fixture
async def house(open_house: Open) -> House:
    """A house in which Ana has a phone, by SMS first and then by call."""
    people = {
        "ana": Person(name="Ana Lind", phone="+4930123456", channels=("sms", "call")),
        "bo": Person(name="Bo Rask", phone="+4930654321", channels=("sms",)),
        "lea": Person(name="Lea Okafor"),
        "max": Person(name="Max Sand"),
    }
    channels = {
        way: Twilio(TwilioSettings(kind="twilio", way=way, account="AC1", sender="+1", token_file="x"), ["token"])
        for way in ("sms", "call")
    }
    policy = Policy(url=PUBLIC, version="0.1.0")
    opened = await open_house(make_cast(people=people), policy=policy, channels=lambda: channels)
    await opened.story.alert("ChainHalted", instance="validator-1")
    return opened


def sign(path: str, fields: dict[str, str], token: str = "token") -> str:
    told = PUBLIC + path + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), told.encode(), hashlib.sha1)).decode()


async def post(house: House, path: str, signature: str = "", **fields: str) -> httpx.Response:
    headers = {"X-Twilio-Signature": signature or sign(path, fields)}
    return await house.client().post(path, data=fields, headers=headers)


async def get_code(house: House, responder: str = "ana") -> str:
    entry = next(each for each in await house.story.events(e.PageRequested) if told_to(each.event, responder))
    assert isinstance(entry.event, e.PageRequested)
    return make_code(LINK_KEY, entry.stream, entry.seq, responder, entry.event.channel)


def told_to(event: Any, responder: str) -> bool:
    return bool(event.responder == responder)


async def acknowledged(house: House) -> list[e.Event]:
    return [entry.event for entry in await house.story.events(e.Acknowledged)]


async def test_the_key_acknowledges_once_and_the_voice_says_so(house: House) -> None:
    path = f"/hooks/twilio/press/{await house.ticket()}"
    for digits in ("1", ""):
        answer = await post(house, path, Digits=digits, CallSid="CA1")
        assert "That is not the key" in answer.text
        assert f'action="{PUBLIC}{path}"' in answer.text
    assert await acknowledged(house) == []
    for _ in range(2):
        answer = await post(house, path, Digits="4", CallSid="CA1")
        assert answer.headers["content-type"].startswith("application/xml")
        assert "You acknowledged this page at 03:00 UTC." in answer.text
    assert await acknowledged(house) == [e.Acknowledged(by="ana", via="phone")]


@pytest.mark.parametrize("what", ["press", "status"])
async def test_nothing_unsigned_is_believed(house: House, what: str) -> None:
    ticket = await house.ticket()
    path, before = f"/hooks/twilio/{what}/{ticket}", await house.count()
    fields = {"Digits": "4", "CallStatus": "no-answer"}
    for bad in ("nonsense", sign(path, fields, "other"), sign(path, {"Digits": "4"}), sign("/elsewhere", fields)):
        assert (await post(house, path, bad, **fields)).status_code == 403
    assert (await house.client().post(path, data=fields)).status_code == 403
    assert (await house.client().get(path)).status_code == 405, "opening it does nothing"
    forged = path.replace(ticket, ticket[:-3] + "abc")
    assert (await post(house, forged, **fields)).status_code == 404
    assert await house.count() == before


async def test_of_two_pages_with_one_code_the_one_that_can_be_taken_is_meant(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five digits are few: here every code is the same, of what went to others and of what is taken already too."""
    monkeypatch.setattr("tocsin.web.answering.make_code", lambda *_: "12345")
    await house.story.declare("Chain Halted", severity="SEV-1")
    first, second = [card.id for card in await house.story.store.cards()][::-1]
    await house.story.do(Acknowledge(by="ana"), second)
    right = await post(house, "/hooks/twilio/sms/sms", From="+4930123456", Body="12345")
    number = (await house.story.incident(first)).number
    assert f"{number}: You acknowledged" in right.text, "not the newer one, which is taken; not a page to somebody else"
    assert (await house.story.incident(first)).acknowledged_by == "ana"


async def test_a_reply_with_the_code_acknowledges_from_that_phone_only(house: House) -> None:
    path, code = "/hooks/twilio/sms/sms", await get_code(house)
    stranger = await post(house, path, From="+4912345678", Body=f"ack {code}")
    assert "<Message>" not in stranger.text, "a stranger learns nothing"
    other = await post(house, path, From="+4930654321", Body=code)
    assert "No open page has this code" in other.text, "it was Ana's"
    wrong = await post(house, path, From="+4930123456", Body="I am on it")
    assert "No open page has this code" in wrong.text
    assert await acknowledged(house) == []
    right = await post(house, path, From="+4930123456", Body=f"Got it: {code}.")
    assert "You acknowledged this page at 03:00 UTC." in right.text
    assert await acknowledged(house) == [e.Acknowledged(by="ana", via="sms")]
    assert (await post(house, "/hooks/twilio/sms/terminal", From="+4930123456", Body=code)).status_code == 404
    assert (await post(house, path, "bad", From="+4930123456", Body=code)).status_code == 403


async def test_how_far_it_came_is_told_once_and_in_order(house: House) -> None:
    path = f"/hooks/twilio/status/{await house.ticket()}"
    for status in ("queued", "sent", "delivered", "delivered", "sent", "read", "delivered"):
        assert (await post(house, path, MessageStatus=status, MessageSid="SM1")).status_code == 204
    reports = [entry.event for entry in await house.story.events(e.PageReported)]
    assert [each.reached for each in reports if isinstance(each, e.PageReported)] == [Reached.ARRIVED, Reached.OPENED]
    call = (await house.story.incident()).calls["ana"]
    assert call.state is PageState.DELIVERED
    room = await (await house.browser()).get(f"/incidents/{house.story.stream}")
    assert "opened" in room.text


async def test_one_that_did_not_get_through_calls_the_next_channel_at_once(house: House) -> None:
    path = f"/hooks/twilio/status/{await house.ticket()}"
    await post(house, path, MessageStatus="undelivered", ErrorCode="30003")
    await house.story.settle()
    pages = [(house.story.since(each.at), each.channel) for each in house.story.pages("ana")]
    assert pages == [(0, "sms"), (0, "call")]
    told = [entry.event for entry in await house.story.events(e.PageReported)]
    assert [(each.reached, each.detail) for each in told if isinstance(each, e.PageReported)] == [
        (Reached.FAILED, "the phone did not get it (error 30003)")
    ]
