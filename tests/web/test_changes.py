"""What was changed stands in the room beside when; and so does why nobody is paged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.cli.incidents import _lines
from tocsin.timeline.matcher import read_matchers

from .conftest import Open
from .house import KEY, House

pytestmark = pytest.mark.anyio


async def tell(house: House, summary: str, minutes: float, **payload: object) -> None:
    at = house.story.clock.now() + timedelta(minutes=minutes)
    body = {"routing_key": KEY, "payload": {"summary": summary, "timestamp": at.isoformat(), **payload}}
    answer = await house.client().post("/v2/change/enqueue", json={**body, "links": [{"href": "https://ci.example/7"}]})
    assert answer.status_code == 202, answer.text


async def test_changes_stand_in_the_room_with_how_long_before_they_were_made(open_house: Open) -> None:
    house = await open_house()
    await tell(house, "Deployed core 4.1", -12, source="ci", custom_details={"commit": "17ac"})
    await tell(house, "Long ago", -26 * 60)
    await tell(house, "<script>alert(1)</script>", -200)
    await house.story.alert("ChainHalted")
    await house.story.advance("5m")
    await tell(house, "Rolled back", -1)
    room = (await (await house.caller()).get("/api/incidents/quorum-1")).json()
    assert [(each["summary"], each["when"]) for each in room["changes"]] == [
        ("Rolled back", "4 min after it opened"),
        ("Deployed core 4.1", "12 min before it opened"),
        ("<script>alert(1)</script>", "3 h 20 min before it opened"),
    ]
    page = (await (await house.browser()).get("/incidents/quorum-1")).text
    for text in ("What changed", "12 min before it opened", "https://ci.example/7", "17ac", "&lt;script&gt;"):
        assert text in page
    assert "Long ago" not in page
    assert "<script>alert" not in page
    printed = "\n".join(_lines({**room, "steps": []}))
    assert "12 min before it opened: Deployed core 4.1 (ci)" in printed
    assert house.story.pages() and all("Deployed" not in page.why for page in house.story.pages()), "it pages nobody"


async def test_without_changes_the_room_says_nothing_of_them(house: House) -> None:
    assert "What changed" not in (await (await house.browser()).get("/incidents/quorum-1")).text


async def test_another_teams_changes_stay_there(open_house: Open) -> None:
    from .house import make_cast

    other = "a" * 32
    house = await open_house(make_cast(), make_cast("bazaar"), keys=lambda: {KEY: "bazaar", other: "quorum"})
    await tell(house, "Deployed the shop", -5)
    await house.story.alert("ChainHalted", team="quorum")
    assert (await (await house.caller()).get("/api/incidents/quorum-1")).json()["changes"] == []


async def test_the_room_says_who_silenced_it_and_until_when(house: House) -> None:
    now = house.story.clock.now()
    await house.story.engine.silencing.put(
        "quorum",
        "",
        matchers=read_matchers(['alertname="ChainHalted"']),
        starts_at=now,
        ends_at=now + timedelta(hours=2),
        by="kim",
        comment="planned halt",
    )
    await house.story.settle()
    browser = await house.browser()
    page = (await browser.get("/incidents/quorum-1")).text
    for text in ("Nobody is paged until", "kim silenced what fires: planned halt", "silenced by kim until"):
        assert text in page
    room = (await (await house.caller()).get("/api/incidents/quorum-1")).json()
    assert room["hush"]["by"] == "kim"
    assert room["next_call"] is None
    assert "silenced by kim: planned halt" in "\n".join(_lines({**room, "steps": []}))
    await house.story.advance("3h")
    assert "Nobody is paged until" not in (await browser.get("/incidents/quorum-1")).text


async def test_the_list_shows_what_is_silenced_and_how_much_fires_under_it(open_house: Open) -> None:
    house = await open_house()
    browser = await house.browser()
    assert "Kept from paging" not in (await browser.get("/")).text
    now = house.story.clock.now()
    await house.story.engine.silencing.put(
        None,
        "",
        matchers=read_matchers(['alertname=~"Chain.*"']),
        starts_at=now,
        ends_at=now + timedelta(hours=2),
        by="kim",
        comment="<b>planned</b>",
    )
    for validator in ("v1", "v2"):
        await house.story.alert("ChainHalted", instance=validator)
    page = (await browser.get("/")).text
    for text in (
        "Kept from paging",
        "alertname=~&#34;Chain.*&#34;",
        "2 alerts fire under it and page nobody",
        "&lt;b&gt;planned",
    ):
        assert text in page
    assert "Nothing is going on" in page
    await house.story.advance("2h")
    page = (await browser.get("/")).text
    assert "page nobody" not in page
    assert "Chain Halted" in page
