"""PagerDuty: one incident there for each here, both sides told, and signatures as its documents have them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from tocsin.engine.contracts import Key
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.pagerduty import Subject, Told
from tocsin.integrations.sharer import Sharer
from tocsin.timeline.events import Shared, SharingRequested
from tocsin.words import Share

from .adapters import ADAPTERS, check_pagerduty, open_pagerduty
from .pages import ANA, KEY, page
from .vendor import TROUBLES, serving


def sign(secret: str, body: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_one_good_signature_of_several_is_enough_while_secrets_are_being_changed() -> None:
    pager, body = open_pagerduty("http://x"), b'{"event":{}}'
    assert pager.is_signed(body, sign("new", body))
    assert pager.is_signed(body, f"{sign('other', body)}, {sign('old', body)}")
    for bad in ("", "v1=", sign("other", body), sign("new", body + b" "), sign("new", body)[3:], "v1=ü"):
        assert not pager.is_signed(body, bad), bad


async def test_acknowledged_and_resolved_are_told_with_the_key_of_the_incident() -> None:
    async with serving(check_pagerduty) as vendor:
        pager = open_pagerduty(vendor.url)
        await pager.send(KEY, ANA, page())
        for act in Share:
            done = await Sharer(lambda: {"pd": pager}).perform(
                Key("team-1", 9), SharingRequested(channel="pd", act=act)
            )
            assert done == Shared(answers=9, channel="pd", act=act)
    assert vendor.faults == []
    assert [json.loads(each.body)["event_action"] for each in vendor.asked] == ["trigger", "acknowledge", "resolve"]
    assert len({json.loads(each.body)["dedup_key"] for each in vendor.asked}) == 1


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_while_sharing_is_told_as_what_it_is(trouble: str) -> None:
    async with serving(check_pagerduty) as vendor:
        vendor.trouble = trouble
        with pytest.raises(OutsideError) as error:
            await open_pagerduty(vendor.url).share("team-1", Share.RESOLVE)
    assert isinstance(error.value, Rejected if trouble in ("401", "404", "redirect") else Unavailable)
    assert ADAPTERS["pagerduty"].secret not in str(error.value)


async def test_an_answer_about_another_incident_is_none() -> None:
    other = b'{"status":"success","message":"Event processed","dedup_key":"else"}'
    async with serving(lambda asked: (202, other)) as vendor:
        with pytest.raises(Unavailable, match="another incident"):
            await open_pagerduty(vendor.url).share("team-1", Share.RESOLVE)


async def test_a_channel_that_is_gone_is_said_so() -> None:
    with pytest.raises(Rejected, match=r"tocsin\.toml"):
        await Sharer(dict).perform(KEY, SharingRequested(channel="pd", act=Share.RESOLVE))


def test_another_servers_incident_is_none_of_ours() -> None:
    def find(key: str | None) -> str:
        subject = Subject(incident_key=key)
        return open_pagerduty("http://x").find_incident(
            Told(id="1", event_type="x", occurred_at=datetime(2026, 3, 2, tzinfo=UTC), data=subject)
        )

    assert find("tocsin-abcd1234/team-1") == "team-1"
    assert [find(each) for each in ("tocsin-ffffffff/team-1", "team-1", "", None)] == [""] * 4
