"""The status page of a real server, in a real browser: follow it, hear of each change once, leave; and it outlives us.

Mail goes through a real mail server on loopback. Then the server is gone, and a plain file server shows the copy.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .ground import ANSWER_S, PATIENCE_S, Ground, open_client, run, wait_for
from .test_secrets import Mails

pytestmark = pytest.mark.needs("chromium")
expect.set_options(timeout=60_000)
ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu"]
SETTINGS = """
[channels.mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
sender = "Till status <status@till.example>"
security = "none"

[teams.shop.status]
title = "Till"
export = "public/shop"

[teams.shop.status.components.tills]
name = "Tills"
matchers = ['alertname="TillStuck"']
"""


@pytest.fixture
def mails() -> Iterator[Mails]:
    made = Mails()
    yield made
    made.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield opened
        opened.close()


def read(mails: Mails) -> list[Message]:
    return [message_from_bytes(each) for each in mails.taken]


def subjects(mails: Mails) -> list[str]:
    return [str(each["Subject"]) for each in read(mails)]


def body(mail: Message) -> str:
    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def wait_for_mails(mails: Mails, count: int) -> Message:
    """The mail with this number; and no further one is there."""
    wait_for(lambda: len(mails.taken) >= count, f"mail number {count}")
    return read(mails)[-1]


def ask(ground: Ground, stream: str, verb: str, **fields: object) -> None:
    assert ground.ask("POST", f"/api/incidents/{stream}/{verb}", **fields) is not None, verb


def has_counted(ground: Ground, stream: str) -> bool:
    """Whether it is on the record that somebody who follows has the words."""
    entries = ground.ask("GET", f"/api/incidents/{stream}/timeline") or []
    return any(each["kind"] == "followers_counted" and each["event"]["sent"] for each in entries)


@contextmanager
def serving_files(folder: Path) -> Iterator[str]:
    """A plain file server in a process of its own; its address."""
    argv = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"port (\d+)", process.stdout.readline())
        assert found is not None
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


def follow(page: Page, url: str, mails: Mails) -> None:
    page.goto(f"{url}/status/shop")
    page.get_by_role("link", name="Be told of changes").click()
    page.get_by_label("By mail").fill("Cleo@example.org")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", name="Look at your mail")).to_be_visible()
    invitation = wait_for_mails(mails, 1)
    assert invitation["To"] == "Cleo@example.org"
    link = re.search(r"http://\S+/confirm/\S+", body(invitation))
    assert link is not None
    page.goto(link[0])
    page.get_by_role("button", name="Yes, tell me").click()
    expect(page.get_by_role("heading", name="You will be told")).to_be_visible()


def live_through(ground: Ground, mails: Mails) -> str:
    """An incident from its alert to its end, with a kill on the way; each change is heard of once."""
    assert ground.fire()
    stream = str(wait_for(lambda: ground.ask("GET", "/api/incidents"), "incident")[0]["id"])
    ask(ground, stream, "update", text="Tills cannot be opened.\nWe look into it.", audiences=["public"])
    wait_for_mails(mails, 2)
    ask(ground, stream, "update", text="Still looking.", audiences=["public"])
    # Whoever dies before it is written down that a mail has left lets the next server wait a minute and a half for it.
    wait_for(lambda: has_counted(ground, stream), "word that the mail has left")
    ground.kill()
    ground.start()
    wait_for(ground.url, "second server")
    ask(ground, stream, "cause", text="hunter2 was the password of db-7")
    wait_for_mails(mails, 3)
    ask(ground, stream, "mitigate", note="db-7 restarted")
    wait_for_mails(mails, 4)
    ask(ground, stream, "resolve", note="internal")
    wait_for_mails(mails, 5)
    return stream


def test_somebody_follows_hears_exactly_the_changes_and_leaves_and_the_copy_outlives_us(
    ground: Ground, mails: Mails, browser: Browser
) -> None:
    settings = ground.root / "tocsin.toml"
    settings.write_text(settings.read_text() + SETTINGS.format(port=mails.port))
    ground.start()
    url = str(wait_for(ground.url, "server"))
    page, complaints = browser.new_page(), list[str]()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    follow(page, url, mails)
    stream = live_through(ground, mails)
    told = [f"[Till] {status}: Till Stuck" for status in ("Investigating", "Identified", "Monitoring", "Resolved")]
    assert subjects(mails) == ["Confirm: be told of changes at Till", *told]
    for mail in read(mails)[1:]:
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        for secret in ("hunter2", "db-7", "internal", "Ana", stream, "till=7"):
            assert secret not in mail.as_string(), secret
    leave = httpx.URL(str(read(mails)[-1]["List-Unsubscribe"]).strip("<>"))
    page.goto(f"{ground.url()}{leave.path}")
    expect(page.get_by_role("heading", name="No more of these?")).to_be_visible()
    page.get_by_role("button", name="Stop telling me").click()
    expect(page.get_by_role("heading", name="You are not told any more")).to_be_visible()
    copy = ground.root / "public" / "shop" / "index.html"
    wait_for(lambda: copy.exists() and "1 incident in progress" not in copy.read_text(), "copy that knows of the end")
    ask(ground, stream, "reopen", reason="again")
    wait_for(lambda: copy.exists() and "1 incident in progress" in copy.read_text(), "copy that is up to date")
    elsewhere = ground.root.parent / "elsewhere"
    assert run("status", "export", str(elsewhere), "--workspace", str(ground.root)).returncode == 0
    ground.stop()
    with pytest.raises(httpx.HTTPError):
        open_client().get(f"{ground.url()}/status/shop")
    for folder in (copy.parent, elsewhere):
        with serving_files(folder) as address:
            page.goto(f"{address}/")
            expect(page.get_by_role("heading", name="Till", exact=True)).to_be_visible()
            expect(page.locator("article", has_text="Till Stuck")).to_contain_text("Tills cannot be opened.")
            assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderRadius") == "8px"
            summary = httpx.get(f"{address}/api/v2/summary.json", timeout=ANSWER_S).json()
            assert summary["incidents"][0]["status"] == "identified"
            assert summary["components"][0]["status"] == "major_outage"
            assert "Till Stuck" in httpx.get(f"{address}/feed.atom", timeout=ANSWER_S).text
    assert len(mails.taken) == 5, "whoever has left hears nothing more"
    assert complaints == []
