"""Schedules on screen and in the API: who is on, overrides by button, a forecast, calendars that can be revoked."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import START, Story
from tocsin.web.auth import LOCAL

from .conftest import Open
from .house import House, make_cast, make_desk

pytestmark = pytest.mark.anyio

WEEKLY = Schedule(people=("ana", "lea"), rotation="weekly", handoff="Monday 09:00", start=date(2026, 2, 23))
HOURS = {"reason": "dentist", "minutes": 120}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    schedules = {"primary": WEEKLY, "secondary": Schedule(people=("bo",), during=("Mon-Fri 09:00-17:00",))}
    async with Story(make_cast(schedules=schedules)) as story:
        desk = make_desk(story, reach=lambda person: "has no mail address" if person == "max" else "")
        made = House(story, desk)
        yield made
        await made.close()


def read(content: bytes) -> list[Any]:
    """The events of a calendar."""
    return list(Calendar.from_ical(content.decode()).walk("VEVENT"))


async def test_who_is_on_and_what_is_wrong(house: House) -> None:
    api = await house.caller()
    found = (await api.get("/api/schedules?days=8")).json()
    primary, secondary = found["schedules"]
    assert [each["name"] for each in primary["now"]] == ["Ana Lind"]
    assert primary["until"] == "2026-03-02T09:00:00Z"
    assert [[who["id"] for who in shift["people"]] for shift in primary["shifts"]] == [["ana"], ["lea"], ["ana"]]
    assert secondary["now"] == []
    told = [(each["kind"], each["text"]) for each in found["findings"]]
    assert ("gap", "nobody is on duty in secondary outside of its hours, 7 times in this time; the first") in told
    assert ("unreachable", "max has no mail address") in told
    page = (await (await house.browser()).get("/schedules")).text
    assert "Ana Lind" in page
    assert "nobody is on duty in secondary" in page
    assert (await api.get("/api/schedules?days=0")).status_code == 400


async def test_an_override_by_button_is_whom_the_page_calls(house: House) -> None:
    browser = await house.browser()
    form = {"schedule": "primary", "person": "bo", "starts": "", "minutes": "120", "reason": "dentist"}
    assert (await browser.post("/schedules/quorum/overrides", data=form)).status_code == 303
    await house.story.declare("Chain Halted", severity="SEV-1")
    assert "bo" in {page.responder for page in house.story.pages()}
    assert "ana" not in {page.responder for page in house.story.pages() if page.round == 1 and "level 1" in page.why}
    page = (await browser.get("/schedules")).text
    assert "dentist" in page
    api = await house.caller()
    (over,) = (await api.get("/api/schedules")).json()["schedules"][0]["overrides"]
    assert (over["person"]["name"], over["by"]) == ("Bo Rask", "Bo Rask")
    assert (await browser.post(f"/schedules/quorum/overrides/{over['id']}/end")).status_code == 303
    assert (await api.get("/api/schedules")).json()["schedules"][0]["overrides"] == []
    early, late = ("0001-01-01T00:00", "Asia/Tokyo"), ("9999-12-31T23:59", "America/New_York")
    beyond = [{"starts": starts, "zone": zone} for starts, zone in (early, late, (late[0], "UTC"))]
    for part in ({"reason": ""}, *beyond):
        wrong = await browser.post("/schedules/quorum/overrides", data={**form, **part})
        assert wrong.status_code == 400, part
        assert 'role="alert"' in wrong.text
    for at, _ in (early, late):
        told = await browser.get(f"/schedules/forecast?team=quorum&at={at}")
        assert (told.status_code, "too far away" in told.text) == (400, True), at
        far = {"one": "ana", "one_at": at, "other": "lea", "other_at": at, "schedule": "primary", "reason": "x"}
        assert (await browser.post("/schedules/quorum/swaps/preview", data=far)).status_code == 400, at
        override = {"schedule": "primary", "person": "bo", "starts_at": f"{at}:00Z", **HOURS}
        assert (await api.post("/api/schedules/quorum/overrides", json=override)).status_code == 400, at


async def test_a_swap_over_the_api(house: House) -> None:
    api = await house.caller()
    body = {
        "schedule": "primary",
        "one": "ana",
        "one_at": START.isoformat(),
        "other": "lea",
        "other_at": (START + timedelta(days=3)).isoformat(),
        "reason": "a wedding",
    }
    seen = await api.post("/api/schedules/quorum/swaps/preview", json={k: v for k, v in body.items() if k != "reason"})
    assert (seen.status_code, seen.json()["id"]) == (200, "")
    assert (await api.get("/api/schedules?days=8")).json()["schedules"][0]["overrides"] == []
    done = await api.post("/api/schedules/quorum/swaps", json=body)
    assert (done.status_code, done.json()["notes"]) == (201, seen.json()["notes"])
    primary = (await api.get("/api/schedules?days=8")).json()["schedules"][0]
    assert [[who["id"] for who in shift["people"]] for shift in primary["shifts"]][:2] == [["lea"], ["ana"]]
    assert {each["id"] for each in primary["overrides"]} == {primary["overrides"][0]["id"]}
    again = await api.post("/api/schedules/quorum/swaps", json={**body, "one": "bo"})
    assert again.status_code == 400
    assert "bo has no shift of primary" in again.json()["error"]["message"]


async def test_a_swap_on_screen_shows_first_what_changes_hands(house: House) -> None:
    browser = await house.browser()
    later = f"{START + timedelta(days=3):%Y-%m-%dT%H:%M}"
    form = {"schedule": "primary", "one": "ana", "one_at": f"{START:%Y-%m-%dT%H:%M}", "other": "lea",
            "other_at": later, "reason": "a wedding"}  # fmt: skip
    page = await browser.post("/schedules/quorum/swaps/preview", data=form)
    assert "Lea Okafor takes Ana Lind&#39;s Mon 02 Mar 03:00 to Mon 02 Mar 09:00 UTC (layer 1)." in page.text
    assert f'name="other_at" value="{later}"' in page.text
    there = {"one_at": "2026-03-01T22:00", "other_at": "2026-03-04T22:00", "zone": "America/New_York"}
    page = await browser.post("/schedules/quorum/swaps/preview/by-wall", data={**form, **there})
    assert "takes Ana Lind&#39;s Mon 02 Mar 03:00 to" in page.text, "as the wall of the schedule's zone shows it"
    assert page.text.count('name="zone" value="America/New_York"') == 1, "kept for the button"
    for each in page.text.split("<form ")[1:]:
        with_zone = 'name="zone"' in each.partition("</form>")[0]
        assert with_zone is ('/by-wall"' in each.partition(">")[0]), "a node that knows no zone must not take it"
    lost = await browser.post("/schedules/quorum/swaps/preview", data={**form, "zone": "Mars/Olympus"})
    assert (lost.status_code, "is no time zone" in lost.text) == (400, True)
    assert (await (await house.caller()).get("/api/schedules")).json()["schedules"][0]["overrides"] == []
    assert (await browser.post("/schedules/quorum/swaps/by-wall", data=form)).status_code == 303
    wrong = await browser.post("/schedules/quorum/swaps/preview", data={**form, "one": "bo"})
    assert (wrong.status_code, "bo has no shift of primary" in wrong.text) == (400, True)


async def test_an_override_that_is_sent_twice_is_set_once_and_one_that_overlaps_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = itertools.count()
    monkeypatch.setattr(house.story.clock, "now", lambda: START + timedelta(milliseconds=next(ticks)))
    api, path = await house.caller(), "/api/schedules/quorum/overrides"
    first = (await api.post(path, json={"schedule": "primary", "person": "bo", **HOURS})).json()
    assert (first["again"], first["notes"]) == (False, [])
    again = (await api.post(path, json={"schedule": "primary", "person": "bo", **HOURS})).json()
    assert (again["again"], again["id"]) == (True, first["id"])
    over = (await api.post(path, json={"schedule": "primary", "person": "lea", "reason": "x", "minutes": 60})).json()
    assert "it lies over Bo Rask's override (dentist): Lea" in over["notes"][0]
    shown = (await (await house.browser()).get("/schedules")).text
    assert shown.count("has it: that was set later.") == 1


async def test_every_finding_and_every_shift_can_be_read(open_house: Open) -> None:
    people = {f"p{number:02}": Person(name=f"Nobody {number:02}") for number in range(30)}
    hourly = Schedule(people=("ana", "lea"), rotation="hourly", start=date(2026, 2, 23))
    schedules = {"primary": hourly, "many": Schedule(people=tuple(people))}
    house = await open_house(
        make_cast(people={**make_cast().people, **people}, schedules=schedules), reach=lambda each: f"has no {each}"
    )
    page = (await (await house.browser()).get("/schedules")).text
    found = (await (await house.caller()).get("/api/schedules")).json()
    assert len(found["findings"]) > 30
    assert f"<summary>and {len(found['findings']) - 12} more</summary>" in page
    for finding in found["findings"]:
        assert finding["text"] in page
    assert found["schedules"][0]["more"] == 28 * 24 - 60
    assert f"and {28 * 24 - 12} more until" in page and f"{28 * 24 - 60} more are in the calendar feed" in page


async def test_all_whom_nobody_reaches_can_be_read_though_they_are_one_finding(open_house: Open) -> None:
    many = {f"p{number:02}": Person(name=f"Nobody {number:02}") for number in range(30)}
    cast = make_cast(people={**make_cast().people, **many}, schedules={"primary": Schedule(people=tuple(many))})
    house = await open_house(cast, reach=lambda person: "has none" if person in many else "")
    page = (await (await house.browser()).get("/schedules")).text
    (found,) = (await (await house.caller()).get("/api/schedules")).json()["findings"]
    assert found["people"] == list(many)
    assert f"<summary>all 30</summary>{', '.join(many)}" in page


async def test_the_forecast_is_what_goes_out(house: House) -> None:
    api = await house.caller()
    found = (await api.get("/api/forecast", params={"team": "quorum", "severity": "SEV-1", "minutes": 30})).json()
    await house.story.declare("", severity="SEV-1")
    await house.story.advance("30m")
    sent = sorted((page.at, page.responder, page.channel) for page in house.story.pages())
    assert sorted((datetime.fromisoformat(p["at"]), p["responder"], p["channel"]) for p in found["pages"]) == sent
    assert found["calls"][0]["after_s"] == 0
    page = await (await house.browser()).get("/schedules/forecast?team=quorum&severity=SEV-1&at=2026-03-02T03:00")
    assert found["calls"][0]["person"]["name"] in page.text
    later = next(each for each in found["calls"] if each["after_s"])
    assert later["after_s"] % 60 == 0 and f"<td>{later['after_s'] // 60} min</td>" in page.text, "with its unit"
    for query, status in (
        ("team=nobody", 404),
        ("team=quorum&severity=P9", 404),
        ("team=quorum&at=soon", 400),
        ("team=quorum&at=2026-03-02T03:00", 400),
    ):
        assert (await api.get(f"/api/forecast?{query}")).status_code == status, query


async def test_a_calendar_is_read_by_its_address_until_that_is_revoked(house: House) -> None:
    api, nobody = await house.caller(), house.client()
    opened = (await api.post("/api/schedules/quorum/feeds", json={"person": "ana"})).json()
    path = opened["url"].removeprefix("http://tocsin.test")
    answer = await nobody.get(path)
    assert answer.headers["content-type"].startswith("text/calendar")
    events = read(answer.content)
    assert all("Ana Lind" in str(each["summary"]) for each in events)
    assert any(each["dtstart"].dt <= START < each["dtend"].dt for each in events)
    again = read((await nobody.get(path)).content)
    assert [each["uid"] for each in again] == [each["uid"] for each in events], "the same events at each reading"
    feed = (await api.get("/api/schedules")).json()["feeds"][0]
    assert opened["id"] == feed["id"]
    assert path.rpartition("/")[2].removesuffix(".ics") not in str(await house.story.journal.entries("team/quorum"))
    assert (await api.post(f"/api/schedules/quorum/feeds/{feed['id']}/revoke", json={})).status_code == 200
    gone = await nobody.get(path)
    assert gone.status_code == 404
    assert (await nobody.get("/calendar/guessed.ics")).status_code == 404
    whole = (await api.post("/api/schedules/quorum/feeds", json={"schedule": "primary"})).json()
    calendar = await nobody.get(whole["url"].removeprefix("http://tocsin.test"))
    assert len(read(calendar.content)) > 20
    assert (await api.post("/api/schedules/quorum/feeds", json={})).status_code == 400


async def test_who_may_and_who_may_not(house: House) -> None:
    body = {"schedule": "primary", "person": "bo", **HOURS}
    admin = await house.caller(LOCAL)
    assert (await admin.post("/api/schedules/quorum/overrides", json=body)).status_code == 403
    assert (await house.client().get("/api/schedules")).status_code == 401
    api = await house.caller()
    assert (await api.post("/api/schedules/nobody/overrides", json=body)).status_code == 404
    both = {**body, "ends_at": "2026-03-03T03:00:00Z"}
    assert (await api.post("/api/schedules/quorum/overrides", json=both)).status_code == 400, "two ends"
    assert (await api.post("/api/schedules/quorum/overrides", json=body)).status_code == 201


@pytest.mark.parametrize("person", ["bo", "copilot"])
async def test_a_viewer_looks_and_an_assistant_proposes_and_neither_hushes_or_moves_a_shift(
    open_house: Open, person: str
) -> None:
    people = {**make_cast().people, "copilot": Person(name="Copilot", assistant=True)}
    roles = {"helpers": ("copilot", "max")}
    house = await open_house(make_cast(people=people, roles=roles, permissions={"admin": ("lea",), "viewer": ("bo",)}))
    api, quorum = await house.caller(person), "/api/schedules/quorum"
    override = {"schedule": "primary", "person": "max", **HOURS}
    asked: list[tuple[str, dict[str, Any]]] = [
        (f"{quorum}/overrides", override),
        (f"{quorum}/overrides/x/end", {}),
        (f"{quorum}/swaps", {"schedule": "primary", "one": "ana", "one_at": "2026-03-02T03:00:00Z", "other": "lea",
                             "other_at": "2026-03-09T12:00:00Z", "reason": "x"}),
        (f"{quorum}/feeds", {"schedule": "primary"}),
        ("/api/silences", {"team": "quorum", "kind": "maintenance", "minutes": 5, "matchers": [], "reason": "disks"}),
        ("/api/teams/quorum/freeze", {"on": False, "reason": "x"}),
    ]  # fmt: skip
    for path, body in asked:
        answer = await api.post(path, json=body)
        assert answer.status_code == 403, (path, answer.text)
    for other in ("max", "lea"):
        done = await (await house.caller(other)).post(f"{quorum}/overrides", json=override)
        assert done.status_code == 201, other
