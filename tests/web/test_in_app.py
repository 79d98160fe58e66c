"""The feed that an application shows its customers: published words, by stable ids, cheap to ask for, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.comms.drafting import WithdrawUpdate
from tocsin.incident.commands import Resolve
from tocsin.incident.hiding import MakePrivate
from tocsin.incident.readers import Readers
from tocsin.words import Audience, Mode

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio
ADDRESS = "/status/quorum/feed.json"
READERS = {"feed": Readers(in_app=True), "users": Readers(mail=("list@example.org",))}


@pytest.fixture
async def app_house(open_house: Open) -> House:
    house = await open_house(make_cast(audiences=READERS))
    await house.story.alert("ChainHalted", instance="validator-1")
    return house


async def say(house: House, text: str, *audiences: Audience) -> int:
    await house.story.do(PostUpdate(by="bo", text=text, audiences=audiences))
    await house.story.advance("1m")
    return (await house.story.incident()).updates[-1].seq


async def ask(house: House, **headers: str) -> httpx.Response:
    return await house.client().get(ADDRESS, headers=headers)


def texts(answer: httpx.Response) -> list[str]:
    return [each["content_text"] for each in answer.json()["items"]]


async def test_words_for_the_feed_and_for_the_public_stand_in_it_and_no_others(app_house: House) -> None:
    await say(app_house, "For us alone.", Audience.RESPONDERS)
    await say(app_house, "By mail alone.", Audience.USERS)
    assert texts(await ask(app_house)) == []
    await say(app_house, "Blocks <have> stopped & more.", Audience.FEED)
    await say(app_house, "For everybody.", Audience.PUBLIC, Audience.FEED)
    answer = await ask(app_house)
    assert answer.headers["content-type"].startswith("application/feed+json")
    assert answer.headers["access-control-allow-origin"] == "*"
    feed: dict[str, Any] = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert texts(answer) == ["For everybody.", "Blocks <have> stopped & more."]
    newest = feed["items"][0]
    assert newest["title"] == "Chain Halted: investigating"
    assert newest["_tocsin"]["audiences"] == ["public", "feed"] and newest["_tocsin"]["is_over"] is False
    for secret in ("INC-", "quorum-1", "Bo Rask", "validator-1", "SEV-1"):
        assert secret not in answer.text, secret
    assert "Blocks" not in (await app_house.client().get("/status/quorum")).text, "the page is for all, the feed is not"
    atom = (await app_house.client().get("/status/quorum/feed.atom")).text
    assert f"<id>{newest['id']}</id>" in atom, "one message has one id"


async def test_ids_stay_and_what_has_not_changed_is_not_sent_again(app_house: House) -> None:
    await say(app_house, "Blocks have stopped.", Audience.FEED)
    first = await ask(app_house)
    same = await ask(app_house, **{"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (same.status_code, same.content) == (304, b"") and same.headers["etag"] == first.headers["etag"]
    await app_house.story.advance("1h")
    await app_house.story.do(Resolve(by="bo"))
    after = await ask(app_house, **{"If-None-Match": first.headers["etag"]})
    assert after.status_code == 200 and after.json()["items"][0]["_tocsin"]["is_over"] is True
    assert [each["id"] for each in after.json()["items"]] == [each["id"] for each in first.json()["items"]]
    files = (await app_house.client().get("/api/status/quorum/copy")).json()["files"]
    assert "Blocks have stopped." in files["feed.json"], "also where our own server is down"
    await app_house.story.advance("91d")
    assert texts(await ask(app_house)) == []


async def test_what_is_taken_back_is_gone_at_once(app_house: House) -> None:
    number = await say(app_house, "Wrong figures.", Audience.FEED)
    await say(app_house, "Right ones.", Audience.FEED)
    await app_house.story.do(WithdrawUpdate(by="bo", update=number, reason="wrong"))
    assert texts(await ask(app_house)) == ["Right ones."]


async def test_of_a_private_incident_nothing_stands_in_it_and_the_room_says_so(app_house: House) -> None:
    await say(app_house, "Said before.", Audience.FEED)
    await app_house.story.do(MakePrivate(by="bo", reason="who it is about"))
    await say(app_house, "Said after.", Audience.FEED, Audience.PUBLIC)
    assert texts(await ask(app_house)) == []
    incident = await app_house.story.incident()
    withheld = [each.why for each in incident.deliveries.values() if each.withheld]
    assert len(withheld) == 1 and "the incident is private, and nothing of it stands in the feed" in withheld[0]


@pytest.mark.parametrize(
    "changes", [{"audiences": {"feed": Readers(webhooks=("app",))}}, {"audiences": READERS, "mode": Mode.SHADOW}]
)
async def test_without_the_setting_and_in_shadow_mode_the_feed_has_the_public_words_alone(
    open_house: Callable[..., Any], changes: dict[str, Any]
) -> None:
    house = await open_house(make_cast(**changes))
    await house.story.alert("ChainHalted", instance="validator-1")
    await say(house, "For customers.", Audience.FEED)
    assert texts(await ask(house)) == []
    assert (await house.client().get("/status/nobody/feed.json")).status_code == 404
