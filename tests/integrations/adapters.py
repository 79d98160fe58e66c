"""Each adapter that speaks to a vendor over HTTP, with the vendor's strict side, for the contract that all keep."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec

from tocsin.integrations.apprise import Apprise, AppriseSettings
from tocsin.integrations.channel import Channel
from tocsin.integrations.ntfy import Ntfy, NtfySettings

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


ADAPTERS = {
    "ntfy": Adapter(open_ntfy, check_ntfy, "secretsecret"),
    "apprise": Adapter(open_apprise, check_apprise, "secretsecret", deaf=True, trusting=True),
}
