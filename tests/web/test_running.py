"""What a step prints is seen while it runs: in a browser, over the stream, by the API; and how it ended is said."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, Request, Route, expect

from tocsin.testing.recorder import Answer
from tocsin.timeline.events import LeftFile, Part, StepFinished, StepRequested

from .conftest import Open
from .house import House
from .surf import be_patient, is_refresh, see_live, sign_in, surfing
from .test_live import listening

pytestmark = pytest.mark.anyio

DIGEST = "ab" * 32
AT_THE_END = """() => {
  const shown = document.querySelector("#step-A1 .out");
  return shown && shown.scrollHeight - shown.scrollTop - shown.clientHeight < 2;
}"""


class Slow:
    """A target whose steps print what they are told to, and end when they are told to."""

    def __init__(self, house: House) -> None:
        self.house, self.ended = house, asyncio.Event()
        self.output: Any = None
        self.begun = asyncio.Event()

    @classmethod
    def at(cls, house: House) -> Slow:
        slow = cls(house)
        house.story.engine.dispatch._performers[StepRequested] = slow  # type: ignore[assignment]
        return slow

    async def perform(self, key: Any, intent: StepRequested) -> StepFinished:
        self.output = self.house.desk.outputs.begin(key.stream, intent.step)
        self.begun.set()
        await self.ended.wait()
        self.house.desk.outputs.end(key.stream, intent.step)
        return StepFinished(answers=key.seq, step=intent.step, exit_code=0, duration_s=2.0, stdout_head="the end\n")


async def begin(page: Page) -> Locator:
    """Type a step that prints on and on, and run it."""
    await page.get_by_label("Run something else").fill("tail -f /var/log/quorum.log")
    await page.get_by_role("button", name="Put it among the steps").click()
    step = page.locator("#step-A1")
    await step.locator("button, summary").get_by_text("Run").first.click()
    if await step.locator("details.run").count():
        await step.locator("details.run form button").last.click()
    return step


@pytest.mark.needs("chromium")
@pytest.mark.usefixtures("browser")
async def test_the_first_line_is_seen_while_the_step_still_runs(house: House) -> None:
    slow = Slow.at(house)
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url, "lea")
        await page.goto(f"{url}/incidents/quorum-1")
        await see_live(page)
        step = await begin(page)
        await asyncio.wait_for(slow.begun.wait(), 60)
        slow.output.hear("out", b"first <b>line</b>\nhalf")
        await expect(step.locator(".out")).to_have_text("first <b>line</b>\n")
        await expect(step.locator(".state")).to_have_text("running")
        slow.output.hear("out", b" a line\n" + b"more\n" * 200 + b"password=hunter2abc\nnext\n")
        await expect(step.locator(".out")).to_contain_text("half a line")
        await expect(step.locator(".out")).to_contain_text("password=[redacted: secret]")
        await page.wait_for_function(AT_THE_END)
        await page.reload()
        await expect(step.locator(".out")).to_contain_text("half a line")
        await step.get_by_role("button", name="Stop").click()
        await expect(step.locator(".because")).to_have_text("Lea Okafor has stopped it; it is being ended.")
        await expect(step.get_by_role("button", name="Stop")).to_have_count(0)
        slow.ended.set()
        await expect(step.locator(".state")).to_have_text("done")
        await expect(step.locator(".out")).to_have_text("the end\n")
        assert complaints == []


HEAR = """
window.sources = [];
const Real = EventSource;
window.EventSource = class extends Real { constructor(...a) { super(...a); sources.push(this); } };
"""
COME_BACK = """
() => {
  for (const each of ["pagehide", "pageshow"]) dispatchEvent(new Event(each));
  return [sources[0].url, sources[1].url];
}
"""
NOTE = "sources[0].addEventListener('output', () => { document.documentElement.dataset.heard = ''; })"


@pytest.mark.needs("chromium")
@pytest.mark.usefixtures("browser")
async def test_what_is_printed_before_the_screen_has_a_place_for_it_is_seen(house: House) -> None:
    slow, drawn, let_go = Slow.at(house), asyncio.Event(), asyncio.Event()

    async def late(route: Route, request: Request) -> None:
        answer = await route.fetch()
        if is_refresh(request) and "data-output" in await answer.text():
            drawn.set()
            await let_go.wait()
        await route.fulfill(response=answer)

    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url, "lea")
        await page.add_init_script(HEAR)
        await page.route("**/incidents/quorum-1*", late)
        await page.goto(f"{url}/incidents/quorum-1")
        await see_live(page)
        await be_patient(page)
        await page.evaluate(NOTE)
        await begin(page)
        await asyncio.wait_for(slow.begun.wait(), 60)
        await asyncio.wait_for(drawn.wait(), 60)
        slow.output.hear("out", b"first\n")
        await expect(page.locator("html[data-heard]")).to_have_count(1)
        let_go.set()
        await expect(page.locator("#step-A1 .out")).to_have_text("first\n")
        first, back = [int(each.rpartition("=")[2]) for each in await page.evaluate(COME_BACK)]
        assert back > first, "it asks for what came since it heard the last"
        await page.unroute_all(behavior="wait")
        slow.ended.set()
        assert complaints == []


async def test_news_of_output_go_to_those_who_follow_the_incident(house: House) -> None:
    async with (
        house.serving() as url,
        listening(url, house, "/events?incident=quorum-1") as ear,
        listening(url, house, "/events") as other,
    ):
        assert await ear.line() == await other.line() == "retry: 1000"
        output = house.desk.outputs.begin("quorum-1", "L1")
        output.hear("out", b"line\n")
        event = await ear.event()
        assert (event["event"], event["data"]) == ("output", {"step": "L1"})
        await house.story.declare("Data Breach")
        assert (await other.event())["event"] == "entry"


async def test_the_api_shows_what_is_printed_and_only_to_those_signed_in(house: House) -> None:
    caller, path = await house.caller(), "/api/incidents/quorum-1/steps/L1/output"
    assert (await caller.get(path)).json() == {"running": False, "text": "", "skipped": 0}
    house.desk.outputs.begin("quorum-1", "L1").hear("out", b"one\ntw")
    async with asyncio.timeout(60):
        while not (shown := (await caller.get(path)).json())["text"]:
            await asyncio.sleep(0.01)
    assert shown == {"running": True, "text": "one\n", "skipped": 0}
    assert (await caller.get("/api/incidents/quorum-9/steps/L1/output")).status_code == 404
    assert (await house.client().get(path)).status_code == 401


async def show(open_house: Open, answer: Answer) -> tuple[httpx.AsyncClient, str, dict[str, Any]]:
    house = await open_house()
    house.story.recorder.answer = lambda text: answer
    await house.story.alert("ChainHalted", instance="validator-1")
    ran = next(record.step for record in (await house.story.incident()).steps.values())
    caller = await house.browser()
    room = (await caller.get("/incidents/quorum-1")).text
    step = (await caller.get(f"/api/incidents/quorum-1/steps/{ran}")).json()
    at = room.index(f'id="step-{ran}"')
    return (
        caller,
        room[at : room.index('</li>\n<li class="step', at) if '</li>\n<li class="step' in room[at:] else None],
        step,
    )


async def test_a_pipe_that_failed_in_part_is_no_green_done(open_house: Open) -> None:
    parts = (Part(program="curl", exit_code=7), Part(program="jq", exit_code=0))
    _, html, step = await show(open_house, Answer(parts=parts))
    assert (step["ran"]["state"], step["ran"]["partly"]) == ("ok", "curl exited 7")
    assert step["ran"]["outcome"] == "failed in part"
    assert "failed in part" in html
    assert "r-partly" in html
    assert "curl exited 7; only the end of the pipe ended well." in html
    assert "No output." in html


async def test_what_was_written_while_others_ran_is_laid_to_nobody(open_house: Open) -> None:
    left = (LeftFile(path="/tmp/zz", size=7),)
    _, html, step = await show(open_house, Answer(stdout="x", left=left, beside=("A12",)))
    assert step["ran"]["beside"] == ["A12"]
    assert "Written while A12 ran too; by which of them is not known." in html
    assert "written while it and A12 ran: /tmp/zz" in html
    assert "it left" not in html


async def test_what_a_step_left_in_tmp_is_named_with_its_size(open_house: Open) -> None:
    left = (LeftFile(path="/tmp/a<b>.log", size=2048, digest=DIGEST), LeftFile(path="/tmp/b.tar.gz", size=7))
    _, html, step = await show(open_house, Answer(stdout="x", left=left))
    assert step["ran"]["left"] == [
        {"path": "/tmp/a<b>.log", "size": 2048, "digest": DIGEST},
        {"path": "/tmp/b.tar.gz", "size": 7, "digest": ""},
    ]
    assert f'href="/api/evidence/{DIGEST}?incident=quorum-1">/tmp/a&lt;b&gt;.log</a>' in html
    assert "2 KiB" in html
