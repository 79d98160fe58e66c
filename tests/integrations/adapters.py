"""Each adapter that speaks to a vendor over HTTP, with the vendor's strict side, for the contract that all keep."""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qs
from xml.etree import ElementTree

import http_ece
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tocsin.integrations.apprise import Apprise, AppriseSettings
from tocsin.integrations.channel import Channel
from tocsin.integrations.ntfy import Ntfy, NtfySettings
from tocsin.integrations.pagerduty import PagerDuty, PagerDutySettings
from tocsin.integrations.twilio import Twilio, TwilioSettings
from tocsin.integrations.webpush import Phones, WebPush, WebPushSettings
from tocsin.page.contact import Subscription

from .pages import BASE
from .vendor import Asked, Check, Reply


class Adapter(msgspec.Struct, frozen=True):
    """How a channel is opened on a vendor's address, what the vendor checks, and what must never be told.

    One that is `deaf` hears no `Retry-After`; a 200 is enough for one that is `trusting`; one `for_all`
    has no address of a person; what is `sealed` only the phone can read.
    """

    open: Callable[[str], Channel]
    check: Check
    secret: str
    deaf: bool = False
    trusting: bool = False
    for_all: bool = False
    sealed: bool = False
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


class Browser(Phones):
    """One phone of Ana's that can read what only it can; `gone` once its subscription was taken away."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth, self.gone, self.endpoint = b"a" * 16, False, ""

    async def list_of(self, person: str) -> list[Subscription]:
        if person != "ana" or self.gone:
            return []
        return [
            Subscription(
                person="ana", endpoint=self.endpoint, p256dh=spell(find_point(self.key)), auth=spell(self.auth),
                since=datetime(2026, 3, 2, tzinfo=UTC), label="Chrome on Android",
            )
        ]  # fmt: skip

    async def remove(self, endpoint: str) -> None:
        assert endpoint == self.endpoint
        self.gone = True


def find_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def spell(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


BROWSER = Browser()
PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)  # fmt: skip


def check_push(asked: Asked) -> Reply:
    assert (asked.method, asked.path) == ("POST", "/push/endpoint-secretsecret")
    scheme, _, rest = asked.headers["authorization"].partition(" ")
    given = dict(each.split("=", 1) for each in rest.split(","))
    assert scheme == "vapid"
    check_token(given["t"], given["k"], f"http://{asked.headers['host']}")
    assert asked.headers["content-encoding"] == "aes128gcm"
    assert asked.headers["urgency"] == "high"
    assert 0 < int(asked.headers["ttl"]) <= 2_419_200
    assert re.fullmatch(r"[\w-]{1,32}", asked.headers["topic"])
    assert len(asked.body) <= 4096
    assert b"Chain" not in asked.body
    said = json.loads(http_ece.decrypt(asked.body, private_key=BROWSER.key, auth_secret=BROWSER.auth))
    assert said["title"] == "[SEV-1] Chain Halted (INC-20260302-001)"
    assert said["link"] == f"{BASE}/p/abc.def"
    return 201, b""


def check_token(token: str, key: str, audience: str) -> None:
    """The JWT of RFC 8292: signed with the key that it names, for this vendor, good for a day at most."""
    head, claims, seal = token.split(".")
    point = urlsafe_b64decode(key + "=" * (-len(key) % 4))
    raw = urlsafe_b64decode(seal + "=" * (-len(seal) % 4))
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    public.verify(signature, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    said = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert said["aud"] == audience
    assert said["sub"] == "mailto:ops@example.org"
    assert time.time() < said["exp"] <= time.time() + 24 * 3600


def open_push(url: str) -> WebPush:
    BROWSER.gone, BROWSER.endpoint = False, f"{url}/push/endpoint-secretsecret"
    settings = WebPushSettings(kind="webpush", subject="mailto:ops@example.org", vendors=("127.0.0.1",))
    return WebPush(settings, PEM, BROWSER)


ADAPTERS = {
    "ntfy": Adapter(open_ntfy, check_ntfy, "secretsecret"),
    "sms": Adapter(open_twilio("sms"), check_sms, "secretsecret", again=b"AGAIN"),
    "call": Adapter(open_twilio("call"), check_call, "secretsecret", again=b"This is a repeat"),
    "pagerduty": Adapter(open_pagerduty, check_pagerduty, "secretsecret", for_all=True),
    "webpush": Adapter(open_push, check_push, "secretsecret", trusting=True, sealed=True),
    "apprise": Adapter(open_apprise, check_apprise, "secretsecret", deaf=True, trusting=True),
}
