"""A real browser as somebody's phone: a worker is installed, a push rings and says that it did, and opens a button."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tocsin.timeline import events as e
from tocsin.words import Reached

from .house import House
from .surf import sign_in, surfing
from .test_browser import CONTRAST
from .test_contacts import Wire, home  # noqa: F401 the house with wires

pytestmark = [pytest.mark.anyio, pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]


async def deliver(context: BrowserContext, page: Page, url: str, payload: dict[str, Any]) -> None:
    """What the browser's vendor would do."""
    session = await context.new_cdp_session(page)
    await session.send("ServiceWorker.enable")
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(each["registrationId"] for each in told["registrations"]),
    )
    await session.send("ServiceWorker.disable")
    await session.send("ServiceWorker.enable")
    async with asyncio.timeout(60):
        while not found:
            await page.wait_for_timeout(20)
    message = {"origin": url, "registrationId": found[0], "data": json.dumps(payload)}
    await session.send("ServiceWorker.deliverPushMessage", message)


async def test_a_push_rings_says_so_and_leads_to_the_button(
    home: tuple[House, Wire],  # noqa: F811
) -> None:
    house, _ = home
    await house.story.alert("ChainHalted", instance="validator-1")
    ticket = await house.ticket()
    async with surfing(house) as (browser, url):
        context = await browser.new_context()
        await context.grant_permissions(["notifications"], origin=url)
        page, complaints = await sign_in(context, house, url, "ana")
        await page.goto(f"{url}/phone")
        await expect(page.locator("#phone-state")).to_have_text("This device is not subscribed.")
        await expect(page.get_by_role("button", name="Subscribe this device")).to_be_visible()
        payload = {
            "title": "[SEV-1] Chain Halted",
            "body": "b",
            "link": f"https://elsewhere.example/p/{ticket}",
            "tag": "q",
        }
        await deliver(context, page, url, payload)
        async with asyncio.timeout(60):
            while not await house.story.events(e.PageReported):
                await page.wait_for_timeout(20)
        told = [entry.event for entry in await house.story.events(e.PageReported)]
        assert [each.reached for each in told if isinstance(each, e.PageReported)] == [Reached.ARRIVED]
        shown = await page.evaluate(
            "async () => (await (await navigator.serviceWorker.ready).getNotifications())"
            ".map((each) => [each.title, each.data.path])"
        )
        assert shown == [["[SEV-1] Chain Halted", f"/p/{ticket}"]], "it leads to this server, whatever a page says"
        assert await house.story.events(e.Acknowledged) == []
        for path in ("phone", "contacts"):
            await page.goto(f"{url}/{path}")
            assert await page.evaluate(CONTRAST) == [], path
        assert complaints == []
