"""A real browser: the room is worked in from page to post-mortem, and what somebody types survives what happens."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, Route, ViewportSize, expect

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import AddNote
from tocsin.testing.recorder import Answer
from tocsin.words import Audience

from .conftest import Open
from .house import House, Stage, make_cast
from .surf import measure, see_live, sign_in, surfing
from .test_demo import picture

pytestmark = [pytest.mark.anyio, pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]

CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
  const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const ground = (e) => { for (; e; e = e.parentElement) { const b = parse(getComputedStyle(e).backgroundColor);
    if (b[3] > 0.99) return b; } return [255, 255, 255, 1]; };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement, s = getComputedStyle(e);
    const skipped = e.closest("option, :disabled, .is-skipped, .hidden");
    if (!node.textContent.trim() || !e.checkVisibility() || skipped) continue;
    const a = light(parse(s.color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(s.fontSize);
    const large = size >= 24 || (size >= 18.66 && s.fontWeight >= 700);
    const what = `${e.className || e.tagName}: ${node.textContent.trim().slice(0, 40)}`;
    if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} ${what}`);
  }
  return bad;
}"""


async def test_from_the_page_to_the_postmortem(house: House) -> None:
    house.story.recorder.answer = lambda text: Answer(stdout="restarted <b>well</b>\n")
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url, "lea")
        await page.get_by_role("link", name="Chain Halted").click()
        await see_live(page)
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page.locator(".head .status")).to_have_text("acknowledged")
        step = page.locator("li.step", has_text="sudo systemctl restart").first
        await step.get_by_text("Approve & run…").click()
        await expect(step.locator(".program")).to_contain_text("systemctl restart")
        await step.get_by_role("button", name="Approve & run").click()
        await expect(step.locator(".out")).to_have_text("restarted <b>well</b>\n")
        await expect(step.locator(".outcome")).to_contain_text("approved by Lea Okafor")
        await page.get_by_label("Update: what is known").fill("Blocks flow again. Next update in 10 minutes.")
        await page.get_by_label("public, as").check()
        await page.get_by_role("button", name="Send update").click()
        await expect(page.locator(".entries")).to_contain_text("Lea Okafor told the public")
        await expect(page.get_by_label("Update: what is known")).to_have_value("")
        await page.locator("summary", has_text="Resolve").click()
        await page.get_by_label("How we know that it is over").fill("Blocks for five minutes")
        await page.locator("details[open] button", has_text="Resolve").click()
        await expect(page.locator(".head .status")).to_have_text("resolved")
        await page.get_by_role("link", name="Post-mortem").click()
        await expect(page.locator(".prose")).to_contain_text("Chain Halted")
        await page.get_by_role("link", name="Edit").click()
        await page.get_by_label("The text, as Markdown").fill("# What we learned\n\n<script>x</script>")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".prose h1")).to_have_text("What we learned")
        assert complaints == []


async def test_what_somebody_types_survives_what_happens(house: House) -> None:
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        await page.goto(f"{url}/incidents/quorum-1")
        await see_live(page)
        note = page.get_by_label("Note for the timeline")
        await note.press_sequentially("Half a thou")
        await page.locator("summary", has_text="Cause identified").click()
        cause = page.get_by_label("What the cause is")
        await cause.press_sequentially("A bad")
        step = page.locator("li.step", has_text="sudo systemctl restart").first
        await step.get_by_text("Approve & run…").click()
        await cause.focus()
        for at in range(3):
            await house.story.engine.submit("quorum-1", AddNote(by="ana", text=f"meanwhile {at}"))
            await expect(page.locator(".entries")).to_contain_text(f"meanwhile {at}")
        await house.story.engine.submit("quorum-1", PostUpdate(by="ana", text="x", audiences=(Audience.RESPONDERS,)))
        await expect(page.locator(".entries")).to_contain_text("told the responders")
        await page.keyboard.type(" validator")
        await expect(cause).to_have_value("A bad validator")
        await expect(note).to_have_value("Half a thou")
        await expect(step.locator("details")).to_have_attribute("open", "")
        assert complaints == []


async def test_a_refusal_is_said_where_it_was_asked(open_house: Open) -> None:
    house = await open_house()
    await house.story.declare("Data Breach")
    async with surfing(house) as (browser, url):
        page, _ = await sign_in(await browser.new_context(), house, url)
        await page.goto(f"{url}/incidents/quorum-1")
        await page.get_by_label("Run something else").fill("sudo systemctl restart quorum")
        await page.get_by_role("button", name="Put it among the steps").click()
        notice = page.get_by_role("alert")
        await expect(notice).to_contain_text("forbids it")
        await expect(page.get_by_label("Run something else")).to_have_value("sudo systemctl restart quorum")
        await notice.get_by_role("button", name="Dismiss").click()
        await expect(notice).to_have_text("")
        await expect(page.locator(".entries")).to_contain_text("refused to Bo Rask")


async def test_blanks_are_filled_and_shown_before_they_run(open_house: Open) -> None:
    house = await open_house(make_cast("quorum"))
    stream = await house.story.declare("Data Breach")
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        await page.goto(f"{url}/incidents/{stream}")
        step = page.locator("li.step.v-fill_in").first
        await step.get_by_text("Fill in and run…").click()
        fields = step.locator(".blanks input")
        for at in range(await fields.count()):
            await fields.nth(at).press_sequentially("10.0.0.7")
        await expect(step.locator(".exact .env")).to_contain_text("10.0.0.7")
        await expect(step.locator(".exact button.primary")).to_be_visible()
        await expect(fields.first).to_have_value("10.0.0.7")
        assert complaints == []


async def test_a_document_is_dropped_and_its_findings_appear(shared: Path, house: House) -> None:
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        await page.get_by_role("link", name="Try one").click()
        for folder in sorted((shared / "corpus" / "playbooks").iterdir())[:3]:
            path = max(folder.rglob("*.md"), key=lambda each: each.stat().st_size)
            await page.locator("input[type=file]").set_input_files(path)
            await expect(page.locator("#result .summary")).to_contain_text(path.name)
        assert complaints == []


@contextlib.asynccontextmanager
async def before_its_script(page: Page, name: str, url: str) -> AsyncIterator[None]:
    """A screen whose script comes only after what is done within."""
    ready = asyncio.Event()

    async def late(route: Route) -> None:
        await ready.wait()
        await route.continue_()

    await page.route(f"**/{name}?*", late)
    await page.goto(url, wait_until="commit")
    try:
        yield
    finally:
        ready.set()


async def test_a_document_that_was_chosen_before_the_script_had_come_is_read(house: House) -> None:
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        early = FilePayload(
            name="early.md", mimeType="text/markdown", buffer=b"# Early\n\n```bash\nrm -rf /var/x\n```\n"
        )
        async with before_its_script(page, "drop.js", f"{url}/playbooks/try"):
            await page.locator("input[type=file]").set_input_files(early)
        await expect(page.locator("#result .summary")).to_contain_text("early.md")
        assert complaints == []


async def test_a_blank_that_was_filled_before_the_script_had_come_is_shown_as_it_will_run(open_house: Open) -> None:
    house = await open_house(make_cast("quorum"))
    stream = await house.story.declare("Data Breach")
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        step = page.locator("li.step.v-fill_in").first
        async with before_its_script(page, "live.js", f"{url}/incidents/{stream}"):
            await step.get_by_text("Fill in and run…").click()
            for field in await step.locator(".blanks input").all():
                await field.fill("10.0.0.7")
        await expect(step.locator(".exact .env")).to_contain_text("10.0.0.7")
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_can_be_read_on_every_screen(open_house: Open, scheme: Any) -> None:
    """Contrast of WCAG AA, and no screen wider than a small phone."""
    stage = Stage()
    house = await open_house(make_cast(), make_cast("bazaar"), stage=stage)
    await house.story.alert("ChainHalted", instance="v1")
    await house.story.alert("DatabaseUnavailable", team="bazaar")
    stage.picture = picture(house)
    await house.story.advance("7m")
    ticket = await house.ticket("ana", "quorum-1")
    async with surfing(house) as (browser, url):
        for size in (ViewportSize(width=375, height=812), ViewportSize(width=1360, height=900)):
            context = await browser.new_context(color_scheme=scheme, viewport=size)
            page, complaints = await sign_in(context, house, url)
            for path in (
                *("/", "/incidents/quorum-1", "/incidents/bazaar-1", "/incidents/quorum-1/postmortem"),
                *("/playbooks", "/playbooks/quorum", "/playbooks/try", "/status/quorum", f"/p/{ticket}", "/nowhere"),
                "/demo",
            ):
                await page.goto(url + path)
                await page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
                assert await measure(page, CONTRAST) == [], path
                wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wider <= 0, (path, size, wider)
            assert [each for each in complaints if "404" not in each] == []
            await context.close()


async def test_a_phone_shows_the_button_at_once_and_says_when_it_shows_the_past(house: House) -> None:
    async with surfing(house) as (browser, url):
        phone = ViewportSize(width=390, height=844)
        context = await browser.new_context(viewport=phone)
        page, _ = await sign_in(context, house, url, "lea")
        await page.goto(f"{url}/incidents/quorum-1")
        box = await page.get_by_role("button", name="Acknowledge").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < phone["height"] * 0.8, "above the fold, below what is due"
        await expect(page.get_by_role("link", name="Playbooks")).to_be_hidden()
        await page.get_by_role("button", name="Menu").click()
        await expect(page.get_by_role("link", name="Playbooks")).to_be_visible()
        await see_live(page)
        await context.set_offline(True)
        await expect(page.locator("#stale")).to_contain_text("Connection lost. You see how it stood at ")
        await context.set_offline(False)
        await expect(page.locator("#stale")).to_have_count(0)


async def test_it_can_be_worked_by_keyboard(house: House) -> None:
    async with surfing(house) as (browser, url):
        page, _ = await sign_in(await browser.new_context(), house, url)
        await page.goto(f"{url}/incidents/quorum-1")
        await see_live(page)
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("To the content")
        for _ in range(30):
            await page.keyboard.press("Tab")
            if await page.locator(":focus").inner_text() == "Acknowledge":
                break
        await page.keyboard.press("Enter")
        await expect(page.locator(".head .status")).to_have_text("acknowledged")


CONTINUED = r"""# Till Playbook

## Severity Levels

### SEV-1: Critical
- Response time: 15 minutes

## Common Incident Scenarios

### 1. Till Stuck

**Alert:** `TillStuck`

**Diagnosis:**
```bash
printf '%s|' \
  one \
  "two  words"
printf '%s|' "a \
b" &&
  printf '%s|' end
```
"""


UNHURRIED = "const later = setTimeout; setTimeout = (act, ms, ...given) => ms === 1500 ? 0 : later(act, ms, ...given);"
"""A button goes on saying that it has copied, instead of for a second and a half: nobody may have looked meanwhile."""


@pytest.mark.parametrize("is_secure", [True, False])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_what_is_copied_runs_as_it_is_pasted(open_house: Open, is_secure: bool, newline: str) -> None:
    house = await open_house(make_cast(playbook=CONTINUED.replace("\n", newline).encode()))
    await house.story.alert("TillStuck")
    async with surfing(house) as (browser, url):
        context = await browser.new_context()
        if not is_secure:
            await context.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined });")
        await context.add_init_script(UNHURRIED)
        page, complaints = await sign_in(context, house, url)
        await page.goto(f"{url}/incidents/quorum-1")
        note, printed = page.get_by_label("Note for the timeline"), []
        for button in await page.locator("[data-copy]").all():
            await button.click()
            await expect(button).to_have_text("Copied")
            await note.fill("")
            await note.press("Control+V")
            await expect(note).not_to_have_value("")
            pasted = await note.input_value()
            printed.append(subprocess.run(["/bin/sh", "-c", pasted], capture_output=True, check=True, text=True).stdout)
        assert printed == ["one|two  words|", "a b|end|"]
        assert complaints == []
