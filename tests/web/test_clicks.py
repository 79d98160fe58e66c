"""What somebody presses is sent once and never lost, however the screen changes and however slow it is meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Request, expect

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import AddNote, IdentifyCause
from tocsin.testing.recorder import Answer
from tocsin.timeline.events import Acknowledged, NoteAdded, StepApproved
from tocsin.words import Audience

from .conftest import Open
from .house import House, Stage, make_cast
from .surf import Gate, be_patient, is_refresh, see_live, sign_in, surfing, watch_posts
from .test_demo import picture

pytestmark = [pytest.mark.anyio, pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]

ROOM = "/incidents/quorum-1"


async def open_room(house: House, page: Page, url: str) -> Locator:
    """The room, followed live; its step that needs an approval."""
    house.story.recorder.answer = lambda text: Answer(stdout="restarted\n")
    await page.goto(url + ROOM)
    await see_live(page)
    await be_patient(page)
    return page.locator("li.step", has_text="sudo systemctl restart").first


async def press(page: Page, button: Locator) -> int:
    """Press it and wait for what the server says."""
    async with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        await button.click()
    return (await answer.value).status


def step_of(sent: list[str]) -> list[str]:
    return [path.removeprefix(ROOM) for path in sent]


async def test_no_click_is_lost_while_a_refresh_hangs(house: House) -> None:
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        step = await open_room(house, page, url)
        sent, gate = watch_posts(page), await Gate.before(page, is_refresh)
        await house.story.engine.submit("quorum-1", AddNote(by="ana", text="meanwhile"))
        await gate.caught.wait()
        assert await press(page, page.get_by_role("button", name="Acknowledge")) == 204
        await step.get_by_text("Approve & run…").click()
        assert await press(page, step.get_by_role("button", name="Approve & run")) == 204
        await page.get_by_label("Note for the timeline").fill("I am on it")
        assert await press(page, page.get_by_role("button", name="Note", exact=True)) == 204
        gate.open()
        await expect(page.locator(".head .status")).to_have_text("acknowledged")
        await expect(step.locator(".out")).to_have_text("restarted\n")
        await expect(page.locator(".entries")).to_contain_text("I am on it")
        await expect(page.get_by_label("Note for the timeline")).to_have_value("")
        assert [path.rpartition("/")[2] for path in sent] == ["acknowledge", "approve", "note"]
        for kind in (Acknowledged, StepApproved):
            assert len(await house.story.events(kind, "quorum-1")) == 1
        assert complaints == []


async def test_no_click_is_lost_in_a_storm_on_a_slow_machine(house: House) -> None:
    """Each refresh that the screen asks for brings the next entry, so that it never stops refreshing."""
    async with surfing(house) as (browser, url):
        context = await browser.new_context()
        page, complaints = await sign_in(context, house, url)
        step = await open_room(house, page, url)
        slow = await context.new_cdp_session(page)
        await slow.send("Emulation.setCPUThrottlingRate", {"rate": 6})
        storm: set[asyncio.Task[Any]] = set()
        calm = asyncio.Event()

        def stir(request: Request) -> None:
            if is_refresh(request) and not calm.is_set():
                note = AddNote(by="ana", text=f"wave {len(storm)}")
                storm.add(asyncio.create_task(house.story.engine.submit("quorum-1", note)))

        page.on("request", stir)
        sent = watch_posts(page)
        await house.story.engine.submit("quorum-1", AddNote(by="ana", text="it begins"))
        await expect(page.locator(".entries")).to_contain_text("wave 2")
        await press(page, page.get_by_role("button", name="Acknowledge"))
        await step.get_by_text("Approve & run…").click()
        await press(page, step.get_by_role("button", name="Approve & run"))
        await page.get_by_label("Note for the timeline").fill("I am on it")
        await press(page, page.get_by_role("button", name="Note", exact=True))
        calm.set()
        await asyncio.gather(*storm)
        await expect(page.locator(".head .status")).to_have_text("acknowledged")
        await expect(step.locator(".out")).to_have_text("restarted\n")
        assert [path.rpartition("/")[2] for path in sent] == ["acknowledge", "approve", "note"]
        assert len(await house.story.events(StepApproved, "quorum-1")) == 1
        assert complaints == []


STEADY = "const later = setTimeout; setTimeout = (act, ms, ...given) => ms === 4000 ? -1 : later(act, ms, ...given);"
"""A finger stays down as long as the machine needs: a press that is never let go is forgotten after four seconds."""


async def test_a_button_does_not_go_from_under_the_finger(house: House) -> None:
    async with surfing(house) as (browser, url):
        context = await browser.new_context()
        await context.add_init_script(STEADY)
        page, complaints = await sign_in(context, house, url)
        await open_room(house, page, url)
        button = page.get_by_role("button", name="Acknowledge")
        box = await button.bounding_box()
        assert box is not None
        sent = watch_posts(page)
        await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await page.mouse.down()
        async with page.expect_event("requestfinished", is_refresh):
            await house.story.engine.submit("quorum-1", IdentifyCause(by="ana", text="A bad disk"))
        await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        await page.mouse.up()
        await expect(page.locator(".head .status")).to_have_text("acknowledged")
        await expect(page.locator(".cause")).to_contain_text("A bad disk")
        assert step_of(sent) == ["/acknowledge"]
        assert complaints == []


async def test_what_is_on_its_way_cannot_be_sent_again(house: House) -> None:
    """The form is swapped away while its request is under way: its twin waits for the answer, and is emptied by it."""
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        await open_room(house, page, url)
        gate = await Gate.before(page, lambda request: request.method == "POST")
        sent = watch_posts(page)
        field, button = page.get_by_label("Note for the timeline"), page.get_by_role("button", name="Note", exact=True)
        await field.fill("Half a thought")
        old = await field.element_handle()
        await button.click()
        await gate.caught.wait()
        await house.story.engine.submit("quorum-1", PostUpdate(by="ana", text="x", audiences=(Audience.RESPONDERS,)))
        await expect(page.get_by_role("region", name="Say something")).to_contain_text("1 update so far")
        assert old is not None
        assert await old.evaluate("(field) => field.isConnected") is False
        await expect(field).to_have_value("Half a thought")
        await expect(button).to_be_disabled()
        await field.press("Control+Enter")
        gate.open()
        await expect(field).to_have_value("")
        await expect(button).to_be_enabled()
        await expect(page.locator(".entries")).to_contain_text("Half a thought")
        assert step_of(sent) == ["/note"]
        notes = await house.story.events(NoteAdded, "quorum-1")
        assert len(notes) == 1
        assert complaints == []


async def test_what_is_typed_while_the_last_is_on_its_way_stays(house: House) -> None:
    async with surfing(house) as (browser, url):
        page, _ = await sign_in(await browser.new_context(), house, url)
        await open_room(house, page, url)
        gate = await Gate.before(page, lambda request: request.method == "POST")
        field = page.get_by_label("Note for the timeline")
        await field.fill("The first")
        await field.press("Control+Enter")
        await gate.caught.wait()
        await field.fill("The second")
        gate.open()
        await expect(page.locator(".entries")).to_contain_text("The first")
        await expect(page.get_by_role("button", name="Note", exact=True)).to_be_enabled()
        await expect(field).to_have_value("The second")


async def test_a_refusal_is_told_even_if_its_form_is_gone(house: House) -> None:
    async with surfing(house) as (browser, url):
        page, _ = await sign_in(await browser.new_context(), house, url)
        await open_room(house, page, url)
        gate = await Gate.before(page, lambda request: request.method == "POST")
        field = page.get_by_label("Note for the timeline")
        await field.evaluate("(area) => { area.required = false; area.maxLength = 20000; }")
        await field.fill("x" * 10_001)
        await page.get_by_role("button", name="Note", exact=True).click()
        await gate.caught.wait()
        await house.story.engine.submit("quorum-1", PostUpdate(by="ana", text="x", audiences=(Audience.RESPONDERS,)))
        await expect(page.get_by_role("region", name="Say something")).to_contain_text("1 update so far")
        gate.open()
        await expect(page.get_by_role("alert")).to_contain_text("too long, at most 10000 characters")
        await expect(page.get_by_role("button", name="Note", exact=True)).to_be_enabled()
        await expect(field).to_have_value("x" * 10_001)


@pytest.mark.parametrize("times", [2, 3])
async def test_a_nervous_finger_runs_a_step_once(house: House, times: int) -> None:
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        step = await open_room(house, page, url)
        sent = watch_posts(page)
        await step.get_by_text("Approve & run…").click()
        await step.get_by_role("button", name="Approve & run").click(click_count=times)
        await expect(step.locator(".out")).to_have_text("restarted\n")
        await expect(step.get_by_role("button", name="Approve & run")).to_be_hidden()
        assert [path.rpartition("/")[2] for path in sent] == ["approve"]
        assert len(await house.story.events(StepApproved, "quorum-1")) == 1
        assert complaints == []


async def test_the_rest_of_a_double_click_presses_nothing_else(house: House) -> None:
    """What has moved under the finger meanwhile is not what it meant."""
    async with surfing(house) as (browser, url):
        page, _ = await sign_in(await browser.new_context(), house, url)
        step = await open_room(house, page, url)
        sent = watch_posts(page)
        await step.get_by_role("button", name="Leave out").dispatch_event("click", {"detail": 2})
        await press(page, page.get_by_role("button", name="Acknowledge"))
        assert step_of(sent) == ["/acknowledge"]


async def test_of_two_screens_that_approve_one_is_told_that_it_has_run(house: House) -> None:
    async with surfing(house) as (browser, url):
        first, _ = await sign_in(await browser.new_context(), house, url, "bo")
        second, _ = await sign_in(await browser.new_context(), house, url, "lea")
        step, other = await open_room(house, first, url), await open_room(house, second, url)
        gate = await Gate.before(second, is_refresh)
        for each in (step, other):
            await each.get_by_text("Approve & run…").click()
        await press(first, step.get_by_role("button", name="Approve & run"))
        await expect(step.locator(".out")).to_have_text("restarted\n")
        assert await press(second, other.get_by_role("button", name="Approve & run")) == 409
        await expect(second.get_by_role("alert")).to_contain_text("Look again")
        gate.open()
        await expect(other.locator(".out")).to_have_text("restarted\n")
        await expect(other.get_by_role("button", name="Approve & run")).to_be_hidden()
        assert len(await house.story.events(StepApproved, "quorum-1")) == 1


async def test_no_click_is_lost_in_the_demo(open_house: Open) -> None:
    stage = Stage()
    house = await open_house(make_cast("bazaar"), stage=stage)
    stage.picture = picture(house, phone=[], times={}, fault={}, referee={"colour": "green"})
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url, "ana")
        gate = await Gate.before(page, is_refresh)
        await page.goto(f"{url}/demo")
        await gate.caught.wait()
        sent = watch_posts(page)
        await press(page, page.get_by_role("button", name="Break it"))
        await press(page, page.get_by_role("button", name="Start over"))
        await press(page, page.get_by_role("button", name="Kill the server"))
        gate.open()
        assert sent == ["/demo/break", "/demo/reset", "/demo/kill"]
        assert stage.asked == ["break", "reset", "kill"]
        await house.story.alert("DatabaseUnavailable")
        ticket = await house.ticket("ana", "bazaar-1")
        stage.picture = picture(house)
        stage.picture["phone"][0]["content"]["link"] = f"{url}/p/{ticket}"
        phone = page.locator(".phone")
        assert await press(page, phone.get_by_role("button", name="Acknowledge")) == 200
        await expect(phone.locator(".taken")).to_have_text("Acknowledged")
        await expect(page.locator("#live .head .status")).to_have_text("acknowledged")
        acknowledged = [entry.event for entry in await house.story.events(Acknowledged, "bazaar-1")]
        assert acknowledged == [Acknowledged(by="ana", via="link")]
        assert complaints == []
