"""One's own rules on one's own screen: set, in force for the next page, refused where they do harm, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.app.own_rules import OwnRules
from tocsin.store.personal import Personal
from tocsin.web.auth import TOKEN_FIELD

from .conftest import Open
from .house import House

pytestmark = pytest.mark.anyio
HIGH = {"high_channel": ["phone", "mail", ""], "high_after": ["0", "45", "60"]}


@dataclass
class Home:
    house: House
    own: OwnRules


@pytest.fixture
async def home(open_house: Open) -> Home:
    """A house that keeps what people set for themselves."""
    house = await open_house()
    story, base = house.story, house.story.shelf.settings

    async def change() -> None:
        story.shelf.settings = own.lay_over(base)

    own = OwnRules(Personal(story.store), story.clock, lambda: base.people, change)
    house.desk.own_rules = own
    return Home(house, own)


async def fill_in(home: Home, fields: dict[str, Any], person: str = "ana") -> Any:
    browser = await home.house.browser(person)
    return await browser.post("/rules", data=fields)


async def test_what_somebody_sets_holds_for_their_next_page(home: Home) -> None:
    shown = await (await home.house.browser("ana")).get("/rules")
    assert "mail, then phone, as fast as the severity demands" in shown.text
    assert "No test page was ever confirmed" in shown.text
    assert (await fill_in(home, HIGH)).status_code == 303
    shown = await (await home.house.browser("ana")).get("/rules")
    assert "phone at once, mail 45 s later; then mail again and again" in shown.text
    story = home.house.story
    await story.declare("", severity="SEV-1")
    await story.advance("50s")
    sent = [(story.since(page.at), page.channel) for page in story.pages("ana")]
    assert sent == [(0, "phone"), (45, "mail")]


async def test_quiet_hours_are_told_on_the_screen_and_in_the_room(home: Home) -> None:
    fields = {"quiet": "22:00-07:00\r\n\r\nSat,Sun 00:00-24:00", "timezone": "Europe/Berlin"}
    assert (await fill_in(home, fields)).status_code == 303
    browser = await home.house.browser("ana")
    shown = (await browser.get("/rules")).text
    assert "These are your quiet hours: what can wait is told at Monday 07:00" in shown
    assert "Monday 04:00 in Europe/Berlin" in shown
    stream = await home.house.story.declare("", severity="SEV-4")
    room = (await browser.get(f"/incidents/{stream}")).text
    assert "has quiet hours: paged when they end, 2 March 2026, 06:00 UTC" in room
    assert "Ana Lind is in quiet hours" in room
    why = (await browser.get(f"/incidents/{stream}/why?person=ana")).text
    assert "is in quiet hours and is paged when they end" in why
    api = await home.house.caller()
    found = (await api.get("/api/forecast", params={"team": "quorum", "severity": "SEV-4", "minutes": 30})).json()
    assert found["waits"] == ["+0 s: Ana Lind has quiet hours until 02 Mar 06:00 UTC"]
    assert not home.house.story.pages("ana")
    await home.house.story.until(datetime(2026, 3, 2, 6, 1, tzinfo=UTC))
    assert [page.channel for page in home.house.story.pages("ana")] == ["mail"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"high_channel": ["pigeon"], "high_after": ["0"]}, "none of this person"),
        ({"high_channel": ["mail", "phone"], "high_after": ["0", "3600"]}, "between 0 and 600 seconds"),
        ({"high_channel": ["mail", "phone"], "high_after": ["0", "soon"]}, "in seconds"),
        ({"quiet": "always"}, "names no time"),
        ({"quiet": "Mon-Sun 00:00-24:00"}, "96 hours"),
        ({"timezone": "Europe/Nowhere"}, "is no time zone"),
    ],
)
async def test_what_would_do_harm_is_refused_and_nothing_changes(home: Home, fields: dict[str, Any], said: str) -> None:
    answer = await fill_in(home, fields)
    assert (answer.status_code, said in answer.text) == (400, True)
    assert not home.own.is_own("ana")


async def test_only_whose_they_are_sets_them_and_takes_them_back(home: Home) -> None:
    mine = {"high": [{"channel": "phone"}], "quiet": ["22:00-07:00"]}
    ana, bo = await home.house.caller("ana"), await home.house.caller("bo")
    assert (await bo.put("/api/people/ana/rules", json=mine)).status_code == 403
    assert (await ana.put("/api/people/ana/rules", json=mine)).status_code == 200
    assert (await bo.get("/api/people/ana/rules")).json() == {
        "person": "ana",
        "channels": ["mail", "phone"],
        "rules": {"high": [{"channel": "phone", "after_s": 0}], "low": [], "quiet": ["22:00-07:00"], "timezone": ""},
        "own": True,
    }
    assert (await bo.delete("/api/people/ana/rules")).status_code == 403
    assert (await ana.put("/api/people/ana/rules", json={**mine, "quiet": ["now"]})).status_code == 400
    assert (await ana.get("/api/people/nobody/rules")).status_code == 404
    another = OwnRules(Personal(home.house.story.store), home.house.story.clock, dict, _nothing)
    await another.refresh()
    assert another.is_own("ana"), "another node finds them"
    browser = await home.house.browser("ana")
    assert (await browser.post("/rules/reset", data={TOKEN_FIELD: ""})).status_code == 303
    assert (await ana.get("/api/people/ana/rules")).json()["own"] is False


async def _nothing() -> None:
    return None
