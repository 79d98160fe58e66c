"""A real browser in front of a house whose engine runs, and requests that wait until a test lets them go."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Request, Route, async_playwright, expect

from .house import House

ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu"]
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
"""In ms. How long a browser takes on a machine that does other things says nothing about what is right."""


@contextlib.asynccontextmanager
async def launching() -> AsyncIterator[Browser]:
    """A browser. It is shared by the tests of a file, which each open windows of their own in it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        _SHARED.append(browser)
        try:
            yield browser
        finally:
            _SHARED.remove(browser)
            await browser.close()


_SHARED: list[Browser] = []


@contextlib.asynccontextmanager
async def surfing(house: House) -> AsyncIterator[tuple[Browser, str]]:
    """The browser, and the address of the house with its engine running."""
    (browser,) = _SHARED
    turning = asyncio.create_task(house.story.engine.run())
    try:
        async with house.serving() as url:
            try:
                yield browser, url
            finally:
                for context in browser.contexts:
                    await context.close()
    finally:
        turning.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await turning


async def open_page(context: BrowserContext) -> Page:
    """A page with the patience of these tests; the browser's own is half of it."""
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


async def sign_in(context: BrowserContext, house: House, url: str, person: str = "bo") -> tuple[Page, list[str]]:
    """A page in which somebody is signed in by a link, and everything that its console complains about."""
    page, complaints = await open_page(context), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.goto(f"{url}/signin/{await house.link(person)}")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Incidents")).to_be_visible()
    return page, complaints


async def see_live(page: Page) -> None:
    """The screen's scripts have run, and it hears of what happens. Its mark says "live" before they do, uncoloured."""
    await expect(page.locator('.live-mark[data-live="on"]')).to_have_text("live")


async def be_patient(page: Page) -> None:
    """What a gate holds back is waited for as long as it takes: the screen itself gives up after a while."""
    await page.locator("#live").evaluate("""(live) => live.setAttribute("hx-request", '{"timeout":0}')""")


async def measure(page: Page, script: str) -> Any:
    """What a script finds on a screen that is there with its styles: words are there before them."""
    await page.wait_for_load_state()
    return await page.evaluate(script)


def is_refresh(request: Request) -> bool:
    """Whether the screen asks for the part of itself that changes."""
    return request.method == "GET" and request.headers.get("hx-request") == "true"


def watch_posts(page: Page) -> list[str]:
    """The paths of everything that the page sends, as it sends it."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append("/" + request.url.split("/", 3)[3])

    page.on("request", note)
    return sent


class Gate:
    """Holds the requests that `holds` names; `caught` is set once one waits, `open` lets all of them go."""

    def __init__(self, holds: Callable[[Request], bool]) -> None:
        self._holds = holds
        self._opened = asyncio.Event()
        self.caught = asyncio.Event()

    @classmethod
    async def before(cls, page: Page, holds: Callable[[Request], bool]) -> Gate:
        """A gate between the page and its server."""
        gate = cls(holds)
        await page.route("**/*", gate._pass)
        return gate

    def open(self) -> None:
        """Let everything through, from now on."""
        self._opened.set()

    async def _pass(self, route: Route) -> None:
        if self._holds(route.request) and not self._opened.is_set():
            self.caught.set()
            await self._opened.wait()
        await route.continue_()
