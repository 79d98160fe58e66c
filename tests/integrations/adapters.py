"""Each adapter that speaks to a vendor over HTTP, with the vendor's strict side, for the contract that all keep."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qs
from xml.etree import ElementTree

import msgspec

from tocsin.integrations.apprise import Apprise, AppriseSettings
from tocsin.integrations.channel import Channel
from tocsin.integrations.ntfy import Ntfy, NtfySettings
from tocsin.integrations.pagerduty import PagerDuty, PagerDutySettings
from tocsin.integrations.twilio import Twilio, TwilioSettings

from .pages import BASE
from .vendor import Asked, Check, Reply


class Adapter(msgspec.Struct, frozen=True):
    """How a channel is opened on a vendor's address, what the vendor checks, and what must never be told.

    One that is `deaf` hears no `Retry-After`; a 200 is enough for one that is `trusting`; one `for_all`
    has no address of a person.
    """

    open: Callable[[str], Channel]
    check: Check
    secret: str
    deaf: bool = False
    trusting: bool = False
    for_all: bool = False
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


def check_pagerduty(asked: Asked) -> Reply:
    assert (asked.method, asked.path) == ("POST", "/v2/enqueue")
    said = json.loads(asked.body)
    assert said["routing_key"] == "routing-secretsecret"
    assert said["event_action"] in ("trigger", "acknowledge", "resolve")
    assert said["dedup_key"] == "tocsin-abcd1234/team-1"
    assert len(said["dedup_key"]) <= 255
    if said["event_action"] == "trigger":
        assert set(said) == {
            "routing_key", "event_action", "dedup_key", "payload", "links", "client", "client_url",
        }  # fmt: skip
        payload = said["payload"]
        assert payload["severity"] in ("critical", "error", "warning", "info")
        assert payload["summary"] == "[SEV-1] Chain Halted (INC-20260302-001)"
        assert payload["source"] == "Team"
        datetime.fromisoformat(payload["timestamp"])
        assert said["links"] == [{"href": f"{BASE}/incidents/team-1", "text": "The room in tocsin"}]
        assert "/p/" not in asked.body.decode(), "whoever reads it there could acknowledge as somebody else"
    else:
        assert set(said) == {"routing_key", "event_action", "dedup_key"}
    reply = {"status": "success", "message": "Event processed", "dedup_key": said["dedup_key"]}
    return 202, json.dumps(reply).encode()


def open_pagerduty(url: str) -> PagerDuty:
    settings = PagerDutySettings(kind="pagerduty", routing_key_file="secrets/pagerduty", events=url, api=url)
    return PagerDuty(settings, "routing-secretsecret", ["old", "new"], "abcd1234")


ADAPTERS = {
    "ntfy": Adapter(open_ntfy, check_ntfy, "secretsecret"),
    "sms": Adapter(open_twilio("sms"), check_sms, "secretsecret", again=b"AGAIN"),
    "call": Adapter(open_twilio("call"), check_call, "secretsecret", again=b"This is a repeat"),
    "pagerduty": Adapter(open_pagerduty, check_pagerduty, "secretsecret", for_all=True),
    "apprise": Adapter(open_apprise, check_apprise, "secretsecret", deaf=True, trusting=True),
}
