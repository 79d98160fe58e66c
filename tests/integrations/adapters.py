"""Each adapter that speaks to a vendor over HTTP, with the vendor's strict side, for the contract that all keep."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Literal
from urllib.parse import parse_qs
from xml.etree import ElementTree

import msgspec

from tocsin.integrations.apprise import Apprise, AppriseSettings
from tocsin.integrations.channel import Channel
from tocsin.integrations.ntfy import Ntfy, NtfySettings
from tocsin.integrations.twilio import Twilio, TwilioSettings

from .pages import BASE
from .vendor import Asked, Check, Reply


class Adapter(msgspec.Struct, frozen=True):
    """How a channel is opened on a vendor's address, what the vendor checks, and what must never be told.

    One that is `deaf` hears no `Retry-After`; a 200 is enough for one that is `trusting`.
    """

    open: Callable[[str], Channel]
    check: Check
    secret: str
    deaf: bool = False
    trusting: bool = False
    again: bytes = b"before a restart"


def check_ntfy(asked: Asked) -> Reply:
    assert (asked.method, asked.path) == ("POST", "/")
    assert asked.headers["authorization"] == "Bearer tk_secretsecret"
    said = json.loads(asked.body)
    assert set(said) == {"topic", "title", "message", "priority", "tags", "click", "actions"}
    assert said["topic"] == "topic-secretsecret"
    assert said["title"] == "[SEV-1] Chain Halted (INC-20260302-001)"
    assert said["priority"] == 5
    assert said["click"] == f"{BASE}/p/abc.def"
    assert [(each["action"], each["url"]) for each in said["actions"]] == [
        ("view", f"{BASE}/p/abc.def"),
        ("view", f"{BASE}/incidents/team-1"),
    ], "no action does anything by itself"
    assert f"Acknowledge: {BASE}/p/abc.def" in said["message"]
    return 200, b'{"id":"m1","time":1,"event":"message","topic":"t"}'


def open_ntfy(url: str) -> Channel:
    settings = NtfySettings(kind="ntfy", url=url, topics_file="secrets/topics")
    return Ntfy(settings, {"ana": ["topic-secretsecret"]}, "tk_secretsecret")


def check_apprise(asked: Asked) -> Reply:
    assert (asked.method, asked.path) == ("POST", "/hook-secretsecret")
    said = json.loads(asked.body)
    assert said["title"] == "[SEV-1] Chain Halted (INC-20260302-001)"
    assert f"Acknowledge: {BASE}/p/abc.def" in said["message"]
    return 200, b"{}"


def open_apprise(url: str) -> Channel:
    address = f"json://user:secretsecret@{url.removeprefix('http://')}/hook-secretsecret"
    return Apprise(AppriseSettings(kind="apprise", urls_file="secrets/urls"), {"ana": [address]})


ACCOUNT = "AC" + "0" * 32
TOKEN = "token-secretsecret"


def check_login(asked: Asked) -> None:
    assert asked.headers["authorization"] == "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def check_sms(asked: Asked) -> Reply:
    assert (asked.method, asked.path) == ("POST", f"/2010-04-15/Accounts/{ACCOUNT}/Messages.json")
    check_login(asked)
    said = asked.form()
    assert set(said) == {"To", "From", "Body", "StatusCallback"}
    assert (said["To"], said["From"]) == ("+4930123456", "+4930999")
    assert said["Body"].startswith("[SEV-1] Chain Halted (INC-20260302-001)")
    assert said["Body"].endswith(f"Reply 04711 to acknowledge, or open {BASE}/p/abc.def")
    assert len(said["Body"]) <= 600
    assert said["StatusCallback"] == f"{BASE}/hooks/twilio/status/abc.def"
    return 201, b'{"sid":"SM1","status":"queued","error_code":null}'


def check_call(asked: Asked) -> Reply:
    assert (asked.method, asked.path) == ("POST", f"/2010-04-15/Accounts/{ACCOUNT}/Calls.json")
    check_login(asked)
    fields = parse_qs(asked.body.decode(), strict_parsing=True)
    assert fields["StatusCallbackEvent"] == ["ringing", "answered", "completed"]
    assert fields["To"] == ["+4930123456"]
    assert fields["StatusCallback"] == [f"{BASE}/hooks/twilio/status/abc.def"]
    script = ElementTree.fromstring(fields["Twiml"][0])
    assert len(fields["Twiml"][0]) <= 4000
    gather = script[0]
    assert (script.tag, gather.tag, gather.attrib["numDigits"]) == ("Response", "Gather", "1")
    assert gather.attrib["action"] == f"{BASE}/hooks/twilio/press/abc.def"
    said = "".join(each.text or "" for each in gather)
    assert "Severity SEV-1. Chain Halted." in said
    assert "Press 4 to acknowledge." in said
    return 201, b'{"sid":"CA1","status":"queued"}'


def open_twilio(way: Literal["call", "sms"]) -> Callable[[str], Channel]:
    def open_one(url: str) -> Channel:
        settings = TwilioSettings(
            kind="twilio", way=way, account=ACCOUNT, sender="+4930999", token_file="secrets/twilio", api=url
        )
        return Twilio(settings, [TOKEN])

    return open_one


ADAPTERS = {
    "ntfy": Adapter(open_ntfy, check_ntfy, "secretsecret"),
    "sms": Adapter(open_twilio("sms"), check_sms, "secretsecret", again=b"AGAIN"),
    "call": Adapter(open_twilio("call"), check_call, "secretsecret", again=b"This is a repeat"),
    "apprise": Adapter(open_apprise, check_apprise, "secretsecret", deaf=True, trusting=True),
}
