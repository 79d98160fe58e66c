"""A real browser at the doors: a link that signs in once, and a page's link on a phone that runs no scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize, expect

from tocsin.timeline.events import Acknowledged

from .conftest import Open
from .house import House, Stage, make_cast
from .surf import open_page, surfing
from .test_demo import picture

pytestmark = [pytest.mark.anyio, pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]


async def test_a_link_that_presses_itself_leads_on_again_and_again(open_house: Open) -> None:
    """Back, reload and the same link again all lead to the demo; only somebody else's browser is turned away."""
    stage = Stage()
    house = await open_house(make_cast("bazaar"), stage=stage)
    stage.picture = picture(house, phone=[])
    async with surfing(house) as (browser, url):
        address = f"{url}/signin/{await house.link('ana')}?go=1&to=/demo"
        page = await open_page(await browser.new_context())
        await page.goto(f"{url}/status/bazaar")
        await page.goto(address)
        await expect(page.get_by_role("button", name="Break it")).to_be_visible()
        assert page.url == f"{url}/demo"
        await page.reload()
        await expect(page.get_by_role("button", name="Break it")).to_be_visible()
        await page.goto(address)
        await expect(page.get_by_role("button", name="Break it")).to_be_visible()
        assert page.url == f"{url}/demo"
        await page.go_back()
        await expect(page.get_by_role("heading", name="This link is used up")).to_be_hidden()
        stranger = await open_page(await browser.new_context())
        answer = await stranger.goto(address)
        assert answer is not None
        assert answer.status == 404
        await expect(stranger.locator("code")).to_have_text(stage.signin)


async def test_a_link_signs_in_without_scripts(house: House) -> None:
    async with surfing(house) as (browser, url):
        page = await open_page(await browser.new_context(java_script_enabled=False))
        await page.goto(f"{url}/signin/{await house.link()}?go=1&to=/incidents/quorum-1")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Chain Halted")).to_be_visible()


async def test_a_page_is_acknowledged_without_scripts(house: House) -> None:
    async with surfing(house) as (browser, url):
        small = ViewportSize(width=320, height=568)
        context = await browser.new_context(java_script_enabled=False, viewport=small)
        page = await open_page(context)
        await page.goto(f"{url}/p/{await house.ticket()}")
        button = page.get_by_role("button")
        await expect(button).to_have_text("Acknowledge")
        box = await button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < small["height"], "it is seen without scrolling, on the smallest phone"
        await button.click()
        await expect(page.locator(".standing")).to_contain_text("You acknowledged this page")
        await expect(button).to_have_count(0)
        events = [entry.event for entry in await house.story.events(Acknowledged)]
        assert events == [Acknowledged(by="ana", via="link")]
        await page.reload()
        assert len(await house.story.events(Acknowledged)) == 1


async def test_a_room_is_worked_in_without_scripts(house: House) -> None:
    async with surfing(house) as (browser, url):
        page = await open_page(await browser.new_context(java_script_enabled=False))
        await page.goto(f"{url}/signin/{await house.link()}?to=/incidents/quorum-1")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page.locator(".head .status")).to_have_text("acknowledged")
        step = page.locator("li.step", has_text="sudo systemctl restart").first
        await step.get_by_text("Approve & run…").click()
        await step.get_by_role("button", name="Approve & run").click()
        await expect(page.locator(".entries")).to_contain_text("Bo Rask approved")
