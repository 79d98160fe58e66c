"""Silences and maintenance as people set them: previewed, set, shown where they matter, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from tocsin.cli.incidents import _lines
from tocsin.incident.window import Window

from .conftest import Open
from .house import House, make_cast
from .surf import measure, sign_in, surfing
from .test_browser import CONTRAST

pytestmark = pytest.mark.anyio

BODY: dict[str, Any] = {"team": "quorum", "matchers": ['alertname="ChainHalted"'], "minutes": 60, "reason": "planned"}


async def test_a_preview_says_what_would_be_hit_and_sets_nothing(house: House) -> None:
    api = await house.caller()
    await house.story.alert("Other", instance="v9")
    found = (await api.post("/api/silences/preview", json=BODY)).json()
    assert found["count"] == 1
    assert found["says"].startswith("It would hit 1 alert that fires now: ChainHalted.")
    assert found["quiet"] == ["quorum-1"]
    assert [(each["name"], each["labels"], each["incident"]) for each in found["alerts"]] == [
        ("ChainHalted", "instance=validator-1", "quorum-1")
    ]
    whole = {**BODY, "matchers": [], "kind": "maintenance"}
    assert (await api.post("/api/silences/preview", json=whole)).json()["quiet"] == ["quorum-1", "quorum-2"]
    nothing = {**BODY, "matchers": ["instance=~v[1-8]"]}
    assert (await api.post("/api/silences/preview", json=nothing)).json()["says"].startswith("Nothing fires now")
    assert (await api.get("/api/silences")).json() == []


@pytest.mark.parametrize(
    ("kind", "says"), [("silence", "silenced by Bo Rask"), ("maintenance", "under maintenance by Bo Rask")]
)
async def test_what_is_set_hushes_the_room_says_so_and_ends(house: House, kind: str, says: str) -> None:
    api = await house.caller()
    answer = (await api.post("/api/silences", json={**BODY, "kind": kind})).json()
    assert answer["preview"]["count"] == 1
    await house.story.settle()
    before = len(house.story.pages())
    await house.story.advance("30m")
    assert len(house.story.pages()) == before
    room = (await api.get("/api/incidents/quorum-1")).json()
    assert (room["hush"]["kind"], room["hush"]["by"], room["hush"]["comment"]) == (kind, "Bo Rask", "planned")
    assert says in "\n".join(_lines({**room, "steps": []}))
    page = (await (await house.browser()).get("/incidents/quorum-1")).text
    assert "Nobody is paged until" in page
    assert ("Escalations wait too" in page) is (kind == "maintenance")
    (row,) = (await api.get("/api/silences")).json()
    assert (row["id"], row["kind"], row["state"], row["teams"]) == (answer["id"], kind, "active", ["quorum"])
    assert (await api.post(f"/api/silences/{row['id']}/end", json={"team": "quorum"})).status_code == 200
    await house.story.advance("5s")
    assert len(house.story.pages()) > before
    assert (await api.get("/api/silences")).json() == []


async def test_a_window_over_the_team_is_shown_in_the_list_and_over_a_declared_incident(open_house: Open) -> None:
    house = await open_house()
    api, browser = await house.caller(), await house.browser()
    await api.post("/api/silences", json={**BODY, "kind": "maintenance", "matchers": []})
    await house.story.alert("ChainHalted")
    page = (await browser.get("/")).text
    for text in ("maintenance", "everything", "1 alert fires under it and pages nobody", "planned"):
        assert text in page
    await house.story.declare("Chain Halted")
    room = (await api.get("/api/incidents/quorum-1")).json()
    assert (room["hush"]["kind"], room["calls"]) == ("maintenance", [])


async def test_recurring_windows_are_listed_and_nobody_can_end_them(open_house: Open) -> None:
    windows = {"sweep": Window(at="04:00", lasts_s=3600, reason="the weekly sweep", timezone="UTC")}
    house = await open_house(make_cast(windows=windows))
    api, browser = await house.caller(), await house.browser()
    (row,) = (await api.get("/api/silences")).json()
    assert (row["state"], row["recurs"], row["by"]) == ("pending", True, "the settings (sweep)")
    await house.story.advance("61m")
    page = (await browser.get("/silences")).text
    assert "the weekly sweep" in page
    assert "End it now" not in page
    assert (await api.post(f"/api/silences/{row['id']}/end", json={"team": "quorum"})).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"matchers": []}, 400, "at least one matcher"),
        ({"matchers": ["a=~("]}, 400, "("),
        ({"matchers": ['a=~".*"']}, 400, "everything would be silenced"),
        ({"minutes": None}, 400, "for ever"),
        ({"ends_at": "2027-01-01T00:00:00Z"}, 400, "either"),
        ({"minutes": None, "ends_at": "2020-01-01T00:00:00Z"}, 400, "start time"),
        ({"minutes": None, "ends_at": "2027-01-01T00:00:00"}, 400, "timezone"),
        ({"starts_at": "9999-12-31T23:59:00Z"}, 400, "too far away"),
        ({"reason": " "}, 400, "Say why"),
        ({"kind": "maintenance", "reason": ""}, 400, "Say why"),
        ({"team": "nobody"}, 404, "no team"),
        ({"kind": "inhibition"}, 400, "kind"),
    ],
)
async def test_what_cannot_be_set_is_refused(house: House, changes: dict[str, Any], status: int, says: str) -> None:
    body = {name: value for name, value in {**BODY, **changes}.items() if value is not None}
    answer = await (await house.caller()).post("/api/silences", json=body)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["error"]["message"]
    assert (await (await house.caller()).get("/api/silences")).json() == []


async def test_only_responders_of_the_team_may(open_house: Open) -> None:
    from tocsin.oncall.settings import Person

    stranger = {"eve": Person(name="Eve")}
    house = await open_house(make_cast(), make_cast("bazaar", people={**make_cast().people, **stranger}))
    assert (await (await house.caller("eve")).post("/api/silences", json=BODY)).status_code == 403
    answer = (await (await house.caller()).post("/api/silences", json=BODY)).json()
    ended = await (await house.caller("eve")).post(f"/api/silences/{answer['id']}/end", json={"team": "quorum"})
    assert ended.status_code == 403


async def test_whoever_set_it_is_reminded_before_it_ends_and_nobody_else(house: House) -> None:
    await (await house.caller()).post("/api/silences", json=BODY)
    mine, other = await house.browser(), await house.browser("lea")
    await house.story.advance("40m")
    assert "ends at" not in (await mine.get("/")).text
    await house.story.advance("6m")
    told = "Your silence of alertname=&#34;ChainHalted&#34; ends at 04:00 UTC. What still fires then pages."
    assert told in (await mine.get("/")).text
    assert "Your silence" not in (await other.get("/")).text
    assert "The silence of Bo Rask ends at 04:00" in (await other.get("/incidents/quorum-1")).text
    await house.story.advance("15m")
    assert "Your silence" not in (await mine.get("/")).text


async def test_the_screen_previews_sets_and_ends(house: House) -> None:
    browser = await house.browser()
    form = {
        "team": "quorum",
        "kind": "silence",
        "matchers": 'alertname="ChainHalted"\ninstance=~".*-1"',
        "minutes": "60",
    }
    page = (await browser.post("/silences", data={**form, "reason": "planned", "act": "preview"})).text
    assert "It would hit 1 alert that fires now: ChainHalted." in page
    assert "instance=~&#34;.*-1&#34;</textarea>" in page, "the form stays filled in"
    assert (await (await house.caller()).get("/api/silences")).json() == []
    refused = await browser.post("/silences", data={**form, "reason": "", "act": "set"})
    assert (refused.status_code, "Say why" in refused.text) == (400, True)
    later = (house.story.clock.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    done = await browser.post("/silences", data={**form, "reason": "<i>x</i>", "act": "set", "starts": later})
    assert done.status_code == 303
    page = (await browser.get("/silences")).text
    assert "To come" in page and "&lt;i&gt;x" in page and "Take it back" in page
    (row,) = (await (await house.caller()).get("/api/silences")).json()
    assert (await browser.post(f"/silences/{row['id']}/end", data={"team": "quorum"})).status_code == 303
    assert "To come" not in (await browser.get("/silences")).text


@pytest.mark.needs("chromium")
@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
async def test_the_screen_is_legible_and_works_by_hand(house: House, scheme: Any, width: int) -> None:
    async with surfing(house) as (browser, url):
        size = {"width": width, "height": 900}
        context = await browser.new_context(color_scheme=scheme, viewport=size)  # type: ignore[arg-type] # a plain dict
        page, complaints = await sign_in(context, house, url)
        if width < 700:
            await page.get_by_role("button", name="Menu").click()
        await page.get_by_role("link", name="Silences").click()
        await page.get_by_label("Alerts that fit all of these").fill('alertname="ChainHalted"')
        await page.get_by_label("Why").fill("planned halt")
        await page.get_by_role("button", name="What would it hit?").click()
        await expect(page.locator(".previewed")).to_contain_text("It would hit 1 alert")
        assert await measure(page, CONTRAST) == []
        assert await measure(page, "document.documentElement.scrollWidth <= window.innerWidth")
        await page.get_by_role("button", name="Set it").click()
        await expect(page.locator(".quiet-row")).to_contain_text("planned halt")
        assert await measure(page, CONTRAST) == []
        await page.get_by_role("button", name="End it now").click()
        await expect(page.get_by_text("Nothing is silenced or under maintenance.")).to_be_visible()
        assert complaints == []


async def test_why_is_answered_in_the_api_and_on_its_screen(house: House) -> None:
    api, browser = await house.caller(), await house.browser()
    found = (await api.get("/api/incidents/quorum-1/why")).json()
    assert found["now"].startswith("Nobody has acknowledged")
    assert any(each["line"] and each["cite"] for each in found["happened"]), "a page names the playbook's line"
    mine = (await api.get("/api/incidents/quorum-1/why", params={"person": "max"})).json()
    assert len(mine["happened"]) < len(found["happened"])
    assert (await api.get("/api/incidents/quorum-1/why", params={"person": "nobody"})).status_code == 404
    page = (await browser.get("/incidents/quorum-1/why", params={"person": "max"})).text
    assert "Not called, or not yet" in page and "Max Sand" in page
    assert '/incidents/quorum-1/why"' in (await browser.get("/incidents/quorum-1")).text


@pytest.mark.needs("chromium")
@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
async def test_why_is_legible(house: House, scheme: Any, width: int) -> None:
    async with surfing(house) as (browser, url):
        context = await browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page, complaints = await sign_in(context, house, url)
        await page.goto(f"{url}/incidents/quorum-1")
        await page.get_by_role("link", name="Why was somebody paged").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Why was somebody paged")
        await page.get_by_label("What concerns").select_option("max")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator(".reasons").first).to_contain_text("Max Sand")
        assert await measure(page, CONTRAST) == []
        assert await measure(page, "document.documentElement.scrollWidth <= window.innerWidth")
        assert complaints == []
