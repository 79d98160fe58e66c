"""The demonstration's screen: it shows the world and the story, and exists only where there is a stage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tocsin.errors import Prohibited
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.run.commands import ApproveStep
from tocsin.timeline.events import Resolved
from tocsin.words import Status

from .conftest import Open
from .house import House, Stage, make_cast

pytestmark = pytest.mark.anyio

CURE = "docker compose restart database"


def page(house: House, incident: str = "bazaar-1", ago: float = 0, **changes: Any) -> dict[str, Any]:
    at = house.story.clock.now() - timedelta(seconds=ago)
    content = {
        "incident": incident,
        "number": "INC-1",
        "severity": "P1",
        "title": "Database <b>gone</b>",
        "team": "bazaar",
        "responder": "ana",
        "why": "level 1",
        "round": 1,
        "opened_at": at.isoformat(),
        "link": "http://tocsin.test/p/x",
        "labels": {"alertname": "DatabaseUnavailable"},
        "annotations": {"summary": "No connection to the database"},
        "evidence": [{"command": "docker ps", "head": "NAME            STATUS\nshop            Up"}],
        **changes,
    }
    return {"at": at.isoformat(), "key": f"{incident}:3", "content": content}


def picture(house: House, **changes: Any) -> dict[str, Any]:
    at = house.story.clock.now()
    return {
        "world": "bazaar",
        "directory": "/srv/shop",
        "processes": [{"service": "server", "state": "running"}, {"service": "database", "state": "exited"}],
        "fault": {
            "name": "leak",
            "alert": "DatabaseUnavailable",
            "story": "Connections leak",
            "remedy": CURE,
            "present": True,
        },
        "referee": {"colour": "red", "since": at.isoformat(), "last_error": "503", "history": [{"colour": "red"}]},
        "phone": [page(house)],
        "times": {
            "begun_at": (at - timedelta(seconds=60)).isoformat(),
            "injected_at": (at - timedelta(seconds=9)).isoformat(),
            "red_at": at.isoformat(),
        },
        "server": {"pid": 42, "uptime_s": 5.0, "restarts": 1},
        **changes,
    }


@pytest.fixture
async def stage(open_house: Open) -> tuple[Stage, House]:
    """A stage whose database is out of reach, and the house in which the alert has come."""
    stage = Stage()
    house = await open_house(make_cast("bazaar"), stage=stage)
    await house.story.alert("DatabaseUnavailable")
    stage.picture = picture(house)
    return stage, house


async def test_it_shows_world_phone_and_story(stage: tuple[Stage, House]) -> None:
    _, house = stage
    browser = await house.browser()
    state = (await browser.get("/demo/state")).json()
    assert state["incident"] == "bazaar-1"
    assert state["phone"]["ringing"]
    assert [each["up"] for each in state["services"]] == [True, False]
    said = [beat["text"] for beat in state["beats"]]
    assert said[0] == "Broken: Connections leak"
    assert state["beats"][0]["after_s"] == 0
    assert any("opened" in text for text in said)
    shown = (await browser.get("/demo", headers={"HX-Request": ""})).text
    for word in (
        "orders fail",
        "Break it",
        "kill -9",
        "Acknowledge",
        "docker ps",
        "/srv/shop",
        "Drop your own playbook",
    ):
        assert word in shown, word
    assert "<b>gone</b>" not in shown
    await house.story.do(Acknowledge(by="ana"))
    after = (await browser.get("/demo/state")).json()
    assert not after["phone"]["ringing"]
    assert "Ana Lind acknowledged" in [beat["text"] for beat in after["beats"]]


async def test_the_phone_says_who_is_next_before_anybody_acknowledges(stage: tuple[Stage, House]) -> None:
    _, house = stage
    browser = await house.browser()
    state = (await browser.get("/demo/state")).json()
    assert [who["name"] for who in state["next_call"]["who"]] == ["Bo Rask"]
    assert state["next_call"]["at"] > state["now"]
    assert state["phone"]["glances"][0]["head"] == "NAME  STATUS\nshop  Up", "a phone has no room for columns"
    shown = (await browser.get("/demo")).text
    assert "If you do not: <strong>Bo Rask</strong>" in shown
    assert 'action="/p/x" hx-post="/p/x"' in shown, "the button presses the page's own link"
    await house.story.do(Acknowledge(by="ana"))
    assert "If you do not" not in (await browser.get("/demo")).text


async def test_it_follows_the_faults_own_incident_however_many_ring(stage: tuple[Stage, House]) -> None:
    world, house = stage
    await house.story.alert("HighErrorRate")
    late = page(house, "bazaar-2", labels={"alertname": "HighErrorRate"}, title="Too many errors")
    old = page(house, "bazaar-9", ago=3600, title="Yesterday's")
    world.picture = picture(house, phone=[old, late, page(house), late])
    browser = await house.browser()
    state = (await browser.get("/demo/state")).json()
    assert (state["incident"], state["pages"]) == ("bazaar-1", 3)
    assert state["phone"]["title"] == "Database <b>gone</b>"
    assert [each["id"] for each in state["others"]] == ["bazaar-2"]
    await house.story.do(Acknowledge(by="ana"), "bazaar-1")
    rings = (await browser.get("/demo/state")).json()
    assert (rings["incident"], rings["phone"]["title"]) == ("bazaar-1", "Too many errors"), "whoever waits is heard"
    await house.story.do(Acknowledge(by="ana"), "bazaar-2")
    assert (await browser.get("/demo/state")).json()["phone"]["taken"]


async def test_what_an_earlier_round_left_behind_is_not_shown(stage: tuple[Stage, House]) -> None:
    world, house = stage
    world.picture = picture(house, phone=[page(house, ago=61)], times={"begun_at": house.story.clock.now().isoformat()})
    state = (await (await house.browser()).get("/demo/state")).json()
    assert (state["phone"], state["incident"]) == (None, "")


async def test_it_says_what_to_try_next_until_all_is_tried(stage: tuple[Stage, House]) -> None:
    world, house = stage
    browser = await house.browser()

    async def todo() -> tuple[str, str, int]:
        state = (await browser.get("/demo/state")).json()
        return state["todo"]["text"], state["todo"]["place"], sum(each["done"] for each in state["deeds"])

    world.picture = picture(house, phone=[], times={}, fault={}, referee={})
    assert await todo() == ("Break it", "#buttons", 0)
    world.picture = {**world.picture, "doing": "breaking"}
    assert (await todo())[0] == "One moment: breaking…"
    world.picture = picture(house, phone=[])
    assert (await todo())[0].startswith("The condition must hold")
    world.picture = picture(house)
    assert await todo() == ("Acknowledge on the phone", "#phone", 1)
    await house.story.do(Acknowledge(by="ana"))
    assert await todo() == ("Try what line 334 forbids", "#step-L324", 2)
    with pytest.raises(Prohibited):
        await house.story.do(ApproveStep(by="ana", step="L324", digest="0" * 64))
    assert await todo() == (f"Approve what mends it: `{CURE}`", "#step-L321", 3)
    world.picture = picture(house, fault={"alert": "DatabaseUnavailable", "remedy": CURE, "present": False})
    assert (await todo())[0] == "Kill the server and see what is lost"
    now = house.story.clock.now().isoformat()
    world.picture["server"] |= {"killed_at": now, "started_at": now}
    assert (await todo())[0] == "Resolve it, in its room"
    await house.story.do(Resolve(by="ana"))
    assert await todo() == ("Read the post-mortem", "/incidents/bazaar-1/postmortem", 6)
    assert (await browser.get("/incidents/bazaar-1/postmortem")).status_code == 200


async def test_an_entry_that_was_there_can_be_asked_for_by_its_seal(stage: tuple[Stage, House]) -> None:
    _, house = stage
    browser = await house.browser()
    before = (await browser.get("/demo/state")).json()
    assert before["seq"] == await house.count("bazaar-1")
    assert before["kept_seal"] == ""
    await house.story.do(Acknowledge(by="ana"))
    after = (await browser.get("/demo/state", params={"kept": before["seq"]})).json()
    assert after["seq"] > before["seq"]
    assert after["kept_seal"] == before["seal"] != after["seal"]
    for kept in (0, -3, 10_000):
        assert (await browser.get("/demo/state", params={"kept": kept})).json()["kept_seal"] == ""


@pytest.mark.parametrize("verb", ["reset", "break"])
async def test_another_round_ends_what_the_last_one_left_open(stage: tuple[Stage, House], verb: str) -> None:
    world, house = stage
    world.picture = picture(house, fault={"present": False})
    browser = await house.browser()
    assert (await browser.post(f"/demo/{verb}")).status_code == 204
    assert (await house.story.incident("bazaar-1")).status is Status.RESOLVED
    ended = [entry.event for entry in await house.story.events(Resolved, "bazaar-1")]
    assert ended == [Resolved(by="bo", note="The demonstration begins anew.", uncleared={"DatabaseUnavailable": 1})]
    assert world.asked == [verb]


async def test_breaking_what_is_broken_ends_nothing(stage: tuple[Stage, House]) -> None:
    world, house = stage
    world.asked.append("break")
    refused = await (await house.browser()).post("/demo/break")
    assert (refused.status_code, "already there" in refused.text) == (409, True)
    assert (await house.story.incident("bazaar-1")).is_open


@pytest.mark.parametrize(
    "odd",
    [
        *({}, {"phone": [{}]}, {"phone": "x"}, {"referee": None}, {"processes": [{"service": 7}]}, {"unknown": 1}),
        {"phone": [{"at": "2026-03-02T03:00:00Z", "content": {"incident": "team/bazaar", "evidence": 7}}]},
        {"phone": [{"at": "2026-03-02T03:00:00Z", "content": {"incident": "bazaar-1", "opened_at": 7, "labels": 1}}]},
        {"phone": [{"at": "2026-03-02T03:00:00Z", "content": {"opened_at": "soon"}}], "times": {"begun_at": 9}},
    ],
)
async def test_a_stage_of_another_age_breaks_nothing(open_house: Open, odd: dict[str, Any]) -> None:
    stage = Stage()
    stage.picture = odd
    house = await open_house(make_cast("bazaar"), stage=stage)
    browser = await house.browser()
    assert (await browser.get("/demo/state")).status_code == 200
    assert (await browser.get("/demo")).status_code == 200


async def test_the_buttons_reach_the_stage(open_house: Open) -> None:
    stage = Stage()
    house = await open_house(stage=stage)
    browser = await house.browser()
    for verb in ("break", "kill", "reset"):
        answer = await browser.post(f"/demo/{verb}")
        assert (answer.status_code, answer.headers["hx-trigger"]) == (204, "state")
    assert stage.asked == ["break", "kill", "reset"]
    again = await browser.post("/demo/break")
    assert again.status_code == 409
    assert "already there" in again.text
    assert (await house.client().post("/demo/kill")).status_code == 401
    assert (await browser.post("/demo/kill", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert len(stage.asked) == 3


async def test_without_a_stage_there_is_no_such_screen(house: House) -> None:
    browser = await house.browser()
    for path in ("/demo", "/demo/state"):
        assert (await browser.get(path)).status_code == 404
    assert (await browser.post("/demo/kill")).status_code in (404, 405)
    assert "Demo" not in (await browser.get("/", headers={"HX-Request": ""})).text
