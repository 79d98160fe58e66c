"""`tocsin demo` from the first line to the last, as somebody sees it who has just cloned the project."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

# Ports are the whole suite's.
from tests.ports import find_port

pytestmark = pytest.mark.anyio

ADDRESS = re.compile(r"Open this address; you are signed in: +(\S+)")
ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu"]
expect.set_options(timeout=60_000)


RESTART_MS = 240_000
"""So long a server that was killed is waited for."""
MINUTE_S = 60
"""From the command to the first screen, on a machine that does nothing else."""


class Demo:
    """A demo that runs, and everything that it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    async def hear(self, wanted: str | re.Pattern[str]) -> re.Match[str]:
        """Read on until it has said something."""
        assert self.process.stdout is not None
        while not (found := re.search(wanted, self.said)):
            line = await self.process.stdout.readline()
            assert line, f"it ended, having said:\n{self.said}"
            self.said += line.decode()
        return found

    async def end(self, number: int = signal.SIGINT) -> int:
        """Press Ctrl-C; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        rest, _ = await asyncio.wait_for(self.process.communicate(), 120)
        self.said += rest.decode()
        return self.process.returncode or 0


async def start(folder: Path, port: int, **more: str) -> Demo:
    words = ("demo", "--folder", str(folder), "--port", str(port))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tocsin", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **more},
    )
    return Demo(process)


@contextlib.asynccontextmanager
async def demonstrating(folder: Path, port: int = 0) -> AsyncIterator[Demo]:
    """A demo, ended afterwards."""
    demo = await start(folder, port or find_port())
    try:
        yield demo
    finally:
        await demo.end()


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        program = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()


async def break_and_acknowledge(page: Page, words: str) -> None:
    """From the fault to the first answer, on the phone that is drawn on the screen."""
    await page.get_by_role("button", name=words, exact=True).click()
    await expect(page.locator(".pill")).to_have_text("orders fail")
    phone = page.locator(".phone")
    await expect(phone.locator(".call")).to_contain_text("Database Gives No Connections")
    await expect(phone.locator(".found").first).to_contain_text("docker compose")
    await expect(phone.locator(".next-on-phone")).to_contain_text(re.compile(r"Sam \(second on call\) in [0-5]:\d\d"))
    await expect(page.locator("#live .head .status")).to_have_text("active")
    await phone.get_by_role("button", name="Acknowledge").click()
    await expect(phone.locator(".taken")).to_have_text("Acknowledged")
    await expect(page.locator("#live .head .status")).to_have_text("acknowledged")


async def try_what_is_forbidden(page: Page) -> None:
    await page.locator(".todo a").click()
    step = page.locator("#live li.step.v-forbidden").first
    await step.get_by_role("button", name="Try it all the same").click()
    await expect(page.get_by_role("alert")).to_contain_text("Line 334 forbids it: Restore a backup while the integrity")
    await page.get_by_role("alert").get_by_role("button").click()
    await expect(page.locator(".deeds .done")).to_have_count(3)


async def mend(page: Page) -> None:
    step = page.locator("#live li.step", has_text="docker compose restart database").first
    await step.get_by_text("Approve & run…").click()
    await step.get_by_role("button", name="Approve & run").click()
    await expect(step.locator(".outcome .state")).to_have_text("done")
    await expect(page.locator(".pill")).to_have_text("orders go through")


LISTEN = """() => {
  window.said = [];
  const banner = document.getElementById("dead");
  const heard = new MutationObserver(() => banner.textContent && said.push(banner.textContent));
  heard.observe(banner, { childList: true, characterData: true, subtree: true });
}"""
"""What the banner says is written down: it may be dead for a shorter time than somebody looks away."""


async def kill(page: Page) -> str:
    """`kill -9`, and the sentence that says what was there before and what is there now; the incident's number."""
    await page.evaluate(LISTEN)
    await page.get_by_role("button", name=re.compile("Kill the server")).click()
    await page.wait_for_function("() => said.some((text) => text.includes('is back after'))", timeout=RESTART_MS)
    said = await page.evaluate("said")
    assert said[0].startswith("The server is dead"), said
    (back, *_) = (text for text in said if "is back after" in text)
    counts = re.search(r"Nothing was lost: (\d+) entries of (INC-\S+) before, the same (\d+) now, under the same", back)
    assert counts is not None, said
    assert counts[1] == counts[3]
    await expect(page.locator(".services .server")).to_contain_text("killed 1 time")
    await expect(page.locator('.live-mark[data-live="on"]')).to_have_text("live")
    return counts[2]


async def resolve_and_read(page: Page) -> str:
    await page.locator("#live summary", has_text="Resolve").click()
    await page.get_by_label("How we know that it is over").fill("Orders go through")
    await page.locator("#live details[open] button", has_text="Resolve").click()
    await expect(page.locator("#live .head .status")).to_have_text("resolved")
    await expect(page.locator(".todo")).to_contain_text("Read the post-mortem")
    await page.locator(".todo a").click()
    return await page.locator(".prose").inner_text()


@pytest.mark.needs("chromium")
async def test_the_whole_demo_twice_in_a_row(tmp_path: Path) -> None:
    began = time.monotonic()
    async with demonstrating(tmp_path / "demo") as demo, browsing() as browser:
        address = (await demo.hear(ADDRESS))[1]
        page, complaints = await browser.new_page(), []
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(address)
        await expect(page.get_by_role("button", name="Break it")).to_be_visible()
        beside = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        assert time.monotonic() - began < MINUTE_S * max(beside, os.getloadavg()[0] / (os.cpu_count() or 1))
        await expect(page.locator(".choices")).to_contain_text("Drop your own playbook")
        await break_and_acknowledge(page, "Break it")
        await try_what_is_forbidden(page)
        await mend(page)
        first = await kill(page)
        told = await resolve_and_read(page)
        for words in (
            "You acknowledged (link)",
            "refused: line 334 forbids it",
            "Say on the status page that it is being",
        ):
            assert words in told
        await page.go_back()
        await expect(page.locator(".phone .taken")).to_be_visible()

        await break_and_acknowledge(page, "Break it again")
        another = re.compile(rf"(?!{first})INC-\d+-\d+")  # not by its end: it may be the next day's first
        await expect(page.locator("#live .facts")).to_contain_text(another)
        await page.reload()
        await expect(page.locator("#live .facts")).to_contain_text(another)
        await page.get_by_role("button", name="Start over").click()
        await expect(page.locator(".phone")).to_contain_text("nothing rings")
        await expect(page.locator(".pill")).to_have_text("orders go through")
        await page.get_by_role("link", name="Incidents").click()
        await expect(page.locator("#live")).to_contain_text("Nothing is going on.")
        await page.goto(address)
        await expect(page.get_by_role("button", name="Break it", exact=True)).to_be_enabled()
        assert complaints == []
        assert await demo.end() == 0
    assert "Traceback" not in (tmp_path / "demo" / "server.log").read_text()


async def test_another_way_in_is_printed_and_works(tmp_path: Path) -> None:
    async with demonstrating(tmp_path / "demo") as demo:
        await demo.hear(ADDRESS)
        line = (await demo.hear(r"signs in with\n +(\S.*)\n"))[1]
        asked = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
        link = (await asked.communicate())[0].decode().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/signin/\S+", link)


async def test_one_folder_holds_one_demo_and_a_taken_port_is_left_alone(tmp_path: Path) -> None:
    port = find_port()
    async with demonstrating(tmp_path / "demo", port) as first:
        await first.hear(ADDRESS)
        second = await start(tmp_path / "demo", port)
        assert await asyncio.wait_for(second.process.wait(), 300) == 2
        await second.end()
        assert "Another demo runs in" in second.said
        assert "Traceback" not in second.said
        async with demonstrating(tmp_path / "other", port) as third:
            address = (await third.hear(ADDRESS))[1]
            assert f":{port}/" not in address
            assert f"Port {port} is taken" in third.said


async def test_a_demo_that_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    demo = await start(tmp_path / "demo", find_port())
    address = (await demo.hear(ADDRESS))[1]
    port = int(re.findall(r":(\d+)/", address)[0])
    demo.process.kill()
    async with asyncio.timeout(120):
        while await listens(port):
            await asyncio.sleep(0.1)
    await demo.process.wait()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "workspace" / "tocsin.toml"
    precious.parent.mkdir()
    precious.write_text("mine", encoding="utf-8")
    demo = await start(tmp_path, find_port())
    assert await asyncio.wait_for(demo.process.wait(), 300) == 2
    await demo.end()
    assert "neither empty nor a demo's folder" in demo.said
    assert "Traceback" not in demo.said
    assert precious.read_text(encoding="utf-8") == "mine"


async def test_a_server_that_cannot_start_is_not_waited_for(tmp_path: Path) -> None:
    demo = await start(tmp_path / "demo", find_port(), TOCSIN_FAILPOINT="nonsense")
    assert await asyncio.wait_for(demo.process.wait(), 300) == 2
    await demo.end()
    assert "TOCSIN_FAILPOINT names no place" in demo.said, "what the server itself has said"
    assert "Traceback" not in demo.said
