"""What a tired person reads off a screen is so: no button claims to run what it does not, no duty reads as done."""

from __future__ import annotations

import re

import pytest

from tocsin.oncall.settings import Schedule

from .conftest import Open
from .house import House, make_cast
from .test_ways_taken import SHOP

pytestmark = pytest.mark.anyio

ROLLBACK = "quorumd rollback --hard"


@pytest.fixture
async def house(open_house: Open) -> House:
    house = await open_house()
    await house.story.alert("ChainHalted", instance="v1")
    return house


def cut_step(page: str, text: str) -> str:
    """The part of a room that shows the step with this text."""
    return next(each for each in re.split(r'(?=<li class="step )', page) if text in each and "acts" in each)


async def test_the_first_of_two_is_not_offered_to_run_anything(house: House) -> None:
    url = "/incidents/quorum-1"
    first, second = await house.browser("bo"), await house.browser("lea")
    step = cut_step((await first.get(url)).text, ROLLBACK)
    assert "Approve, the first of two" in step and "Approve &amp; run" not in step
    (name,) = re.findall(r'id="step-([^"]+)"', step)
    (digest,) = re.findall(r'name="digest" value="([0-9a-f]+)"', step)
    assert (await first.post(f"{url}/steps/{name}/approve", data={"digest": digest})).status_code == 204
    own = cut_step((await first.get(url)).text, ROLLBACK)
    assert "nothing runs before another person approves it too" in own and "Approve" not in own
    others = cut_step((await second.get(url)).text, ROLLBACK)
    assert "Approve &amp; run" in others and "the first of two" not in others
    sheet = (await first.get(f"{url}/steps/{name}")).text
    assert "You approved it. Nothing runs before another person approves it too" in sheet


async def test_the_steps_of_a_way_not_taken_say_so(open_house: Open) -> None:
    house = await open_house(SHOP)
    api, browser = await house.caller("bo"), await house.browser("bo")
    opened = (await api.post("/api/incidents", json={"team": "shop", "scenario": "Database Down"})).json()["id"]
    assert "off-way" not in (await browser.get(f"/incidents/{opened}")).text
    choice = (await api.get(f"/api/incidents/{opened}")).json()["choices"][0]
    await api.post(f"/api/incidents/{opened}/take", json={"line": choice["ways"][0]["cite"]["line"]})
    page = (await browser.get(f"/incidents/{opened}")).text
    shut = {step for way in choice["ways"][1:] for step in way["steps"]}
    assert set(re.findall(r'off-way" id="step-([^"]+)"', page)) == shut


async def test_an_open_duty_does_not_read_as_if_it_were_done(open_house: Open) -> None:
    house = await open_house(make_cast("bazaar"))
    await house.story.alert("DatabaseUnavailable", team="bazaar")
    duties = (await (await house.caller()).get("/api/incidents/bazaar-1")).json()["obligations"]
    phases = [each["what"] for each in duties if each["key"].startswith("phase:")]
    assert phases and all(re.fullmatch("Finish “.+”", each) for each in phases)


async def test_an_error_has_the_heading_of_what_was_asked(house: House) -> None:
    browser = house.client()
    inside = await (await house.browser()).get("/incidents/quorum-99", headers={"hx-request": ""})
    assert "<h1>Not here</h1>" in inside.text and "<code>tocsin incidents</code>" in inside.text
    outside = await browser.get("/status/nobody")
    assert outside.status_code == 404
    assert "<h1>Not here</h1>" in outside.text and "To the incidents" not in outside.text


async def test_a_shift_ends_in_the_zone_of_its_schedule_and_in_utc(open_house: Open) -> None:
    turns = {"primary": Schedule(people=("ana", "bo"), rotation="weekly", handoff="Monday 09:00")}
    house = await open_house(make_cast(timezone="America/New_York", schedules=turns, levels=(("primary",),)))
    found = (await (await house.caller()).get("/api/schedules")).json()["schedules"][0]
    assert (found["until"], found["until_wall"]) == ("2026-03-02T14:00:00Z", "Mon 02 Mar 09:00")
    page = (await (await house.browser()).get("/schedules")).text
    assert "until Mon 02 Mar 09:00 <span" in page and "(America/New_York),</span> 2 March 2026, 14:00 UTC" in page


async def test_the_list_says_of_which_zone_its_days_are(house: House) -> None:
    page = (await (await house.browser()).get("/")).text
    assert "2 March 2026, 03:00 UTC</time>" in page
