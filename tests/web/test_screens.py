"""The screens: they draw whatever they are given, nothing on them acts by being looked at, and every form works."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import Acknowledge, AddNote, Resolve, SetSeverity
from tocsin.oncall.settings import Person
from tocsin.run.commands import ProposeStep
from tocsin.testing.recorder import Answer
from tocsin.timeline.events import Closed, Merged, NoteAdded
from tocsin.web.auth import COOKIE, TOKEN_FIELD, make_form_token
from tocsin.words import Audience, Mode

from .conftest import Open
from .house import LINK_KEY, House, make_cast

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert(1)</script>\x1b[31m\x1b]0;owned\x07\u202egnp.exe\u2066\x00\"'><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """What a browser would find: links, forms, scripts, handlers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.forms: list[dict[str, Any]] = []
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.styles = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.handlers += [name for name in found if name.startswith("on")]
        self.styles += "style" in found or tag == "style"
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        if tag == "script":
            self.scripts.append(found.get("src", ""))
        if tag == "form":
            self.forms.append({"action": found.get("action", ""), "method": found.get("method", "get"), "fields": {}})
        if tag in ("input", "textarea", "select") and self.forms and "name" in found:
            self.forms[-1]["fields"][found["name"]] = found.get("value", "")


async def plain_browser(house: House, person: str = "bo") -> httpx.AsyncClient:
    """A browser without scripts."""
    secret = (await house.browser(person)).cookies[COOKIE]
    return house.client(cookies={COOKIE: secret}, headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})


async def busy(open_house: Open) -> House:
    """Three teams, with an incident in about every state."""
    house = await open_house(make_cast(), make_cast("bazaar", mode=Mode.SHADOW), make_cast("ledgerline"))
    await house.story.alert("ChainHalted", instance="v1")
    await house.story.alert("DatabaseUnavailable", team="bazaar")
    await house.story.alert("Unheard", team="bazaar")
    await house.story.do(PostUpdate(by="bo", text="On it", audiences=(Audience.PUBLIC,)), "quorum-1")
    await house.story.do(ProposeStep(by="bo", text="rm -rf /tmp/x"), "quorum-1")
    await house.story.declare("Data Breach", team="quorum")
    over = await house.desk.engine.intake.declare("ledgerline", "Slow", None, None, "lea")
    await house.story.do(Resolve(by="lea"), over)
    await house.story.advance("20m")
    return house


async def test_looking_at_everything_changes_nothing(open_house: Open) -> None:
    house = await busy(open_house)
    browser = await plain_browser(house)
    cards = await house.story.store.cards()
    before = {card.id: await house.count(card.id) for card in cards}
    ticket = await house.ticket("ana", "quorum-1")
    waiting, seen = ["/", f"/p/{ticket}", "/playbooks", "/status/quorum", f"/signin/{await house.link()}"], set()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.startswith("/") or path.startswith("/api/evidence"):
            continue
        seen.add(path)
        answer = await browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        assert (await browser.head(path)).status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            page = Page(answer.text)
            assert page.handlers == [], path
            assert page.styles == 0, path
            assert all(src.startswith("/static/") for src in page.scripts), path
            waiting += [link.partition("#")[0] or path for link in page.links]
            waiting += [form["action"] for form in page.forms if form["method"] == "get"]
    assert len(seen) > 25
    assert {card.id: await house.count(card.id) for card in cards} == before


async def test_every_form_carries_the_token_and_leads_to_an_address(open_house: Open) -> None:
    house = await busy(open_house)
    browser = await plain_browser(house)
    token = make_form_token(LINK_KEY, browser.cookies[COOKIE])
    for path in ("/", "/incidents/quorum-1", "/incidents/quorum-2", "/incidents/bazaar-1", "/playbooks/quorum"):
        for form in Page((await browser.get(path)).text).forms:
            if form["method"] != "post" or form["action"] == "/signout":
                continue
            assert form["fields"].get(TOKEN_FIELD) == token, (path, form)
            answer = await browser.post(form["action"], data={TOKEN_FIELD: token})
            assert answer.status_code in (303, 400, 403, 404, 409), (form, answer.status_code)
            assert "Traceback" not in answer.text


async def test_the_room_works_without_scripts(house: House) -> None:
    browser = await plain_browser(house)
    token = {TOKEN_FIELD: make_form_token(LINK_KEY, browser.cookies[COOKIE])}
    answer = await browser.post("/incidents/quorum-1/acknowledge", data=token)
    assert answer.headers["location"] == "/incidents/quorum-1#top"
    room = (await browser.get("/incidents/quorum-1")).text
    assert "acknowledged" in room
    step = re.search(
        r'action="(/incidents/quorum-1/steps/[^"]+)/approve"[^>]*>.*?name="digest" value="([0-9a-f]{64})"', room
    )
    assert step is not None
    ran = len(house.story.recorder.steps)
    assert (await browser.post(f"{step[1]}/approve", data={**token, "digest": step[2]})).status_code == 303
    await house.story.settle()
    assert len(house.story.recorder.steps) == ran + 1
    assert "Approve" in (await browser.get(step[1])).text or "Run" in (await browser.get(step[1])).text
    declared = await browser.post("/incidents", data={**token, "what": "quorum:", "title": "Odd noises"})
    assert declared.headers["location"] == "/incidents/quorum-2"
    assert "Odd noises" in (await browser.get("/")).text
    unclear = await browser.post("/incidents", data={**token, "what": "quorum"})
    assert unclear.status_code == 400
    assert "Choose a team" in unclear.text


async def test_blanks_are_filled_step_by_step(open_house: Open) -> None:
    house = await open_house(make_cast("quorum"))
    stream = await house.story.declare("Data Breach")
    browser = await plain_browser(house)
    room = (await (await house.caller()).get(f"/api/incidents/{stream}")).json()
    step = next(step for step in room["steps"] if step["blanks"] and step["verdict"]["kind"] == "fill_in")
    name = step["blanks"][0]["name"]
    url = f"/incidents/{stream}/steps/{step['id']}"
    assert "Fill in first" in (await browser.get(url)).text
    filled = await browser.get(url, params={f"bind.{each['name']}": "10.0.0.7" for each in step["blanks"]})
    form = next(form for form in Page(filled.text).forms if form["action"].endswith("/approve"))
    assert form["fields"][f"bind.{name}"] == "10.0.0.7"
    part = await (await house.browser()).get(url, params={f"bind.{name}": "$(reboot)"})
    assert "<html" not in part.text
    assert "does not fit" in part.text
    assert step["blanks"][0]["takes"] in filled.text


async def test_what_strangers_wrote_is_inert(open_house: Open) -> None:
    house = await open_house()
    house.story.recorder.answer = lambda text: Answer(stdout=HOSTILE)
    labels: dict[str, Any] = {
        "instance": HOSTILE,
        "big": "x" * 65536,
        "javascript": "javascript:alert(1)",
        HOSTILE[:40]: "v",
    }
    await house.story.alert("ChainHalted", **labels)
    await house.story.do(AddNote(by="bo", text=HOSTILE))
    await house.story.do(PostUpdate(by="bo", text=HOSTILE, audiences=(Audience.PUBLIC,)))
    await house.story.do(ProposeStep(by="bo", text=f"echo {HOSTILE}"))
    odd = await house.desk.engine.intake.declare("quorum", HOSTILE, None, None, "bo")
    browser, ticket = await plain_browser(house), await house.ticket()
    paths = [
        "/incidents/quorum-1",
        "/incidents/quorum-1?all=true",
        f"/incidents/{odd}",
        "/",
        "/status/quorum",
        f"/p/{ticket}",
    ]
    paths += ["/incidents/quorum-1/postmortem", "/incidents/quorum-1/playbook"]
    for path in paths:
        text = (await browser.get(path)).text
        page = Page(text)
        assert all(src.startswith("/static/") for src in page.scripts), path
        assert page.handlers == [], path
        assert not any(link.startswith(("javascript:", "data:")) for link in page.links), path
        assert not set(text) & set("\x1b\x07\x00\u202e\u2066"), path
        assert len(text) < 600_000, path
    room = (await (await house.caller()).get("/api/incidents/quorum-1")).json()
    assert max(len(pair["value"]) for pair in room["alerts"][0]["labels"]) <= 501


async def test_an_unclassified_incident_shows_lines_to_choose_by(open_house: Open) -> None:
    house = await open_house()
    await house.story.alert("ChainStandsStill")
    browser = await plain_browser(house)
    text = (await browser.get("/incidents/quorum-1")).text
    assert "How bad is it?" in text
    assert "people are called as for SEV-1" in text
    await house.story.do(SetSeverity(by="bo", severity="SEV-2"))
    assert "How bad is it?" not in (await browser.get("/incidents/quorum-1")).text


async def test_who_may_not_act_is_told_so_and_finds_nothing_to_press_but_the_note(open_house: Open) -> None:
    base = make_cast()
    guest = {"zed": Person(name="Zed Guest")}
    house = await open_house(make_cast(people={**base.people, **guest}))
    await house.story.alert("ChainHalted", instance="v1")
    for person, may_act in (("zed", False), ("bo", True)):
        room = (await (await house.browser(person)).get("/incidents/quorum-1")).text
        told = room.partition("<strong>You may read and add notes here.</strong>")[2].partition("</p>")[0]
        assert all((each.name in told) is not may_act for each in base.people.values())
        asked = {form["action"].rpartition("/")[2] for form in Page(room).forms if form["method"] == "post"}
        assert ("approve" in asked or "acknowledge" in asked) is may_act
        assert may_act or asked <= {"note", "signout"}
        assert "note" in asked
    step = next(iter((await house.story.incident()).steps))
    said = (await (await house.browser("zed")).get(f"/incidents/quorum-1/steps/{step}")).text
    assert "whoever answers for the team may run it" in said
    assert "/approve" not in said


@pytest.mark.parametrize(("ended", "own", "others"), [
    (Acknowledge(by="ana"), "answered", "called; Ana Lind answered"),
    (Acknowledge(by="max"), "called; Max Sand answered", "called; Max Sand answered"),
    (Resolve(by="ana"), "called; over", "called; over"),
])  # fmt: skip
async def test_only_who_answered_is_said_to_have_answered(
    open_house: Open, ended: Acknowledge | Resolve, own: str, others: str
) -> None:
    house = await open_house()
    await house.story.alert("ChainHalted", instance="v1")
    await house.story.do(ended)
    room = (await (await house.browser("bo")).get("/incidents/quorum-1")).text
    calls = room[room.index('<ul class="calls">') :].partition("</ul>")[0]
    said = dict(re.findall(r"<strong>(.*?)</strong>\s*<span>(.*?) <time", calls))
    assert said.pop("Ana Lind") == own
    assert set(said.values()) == {others}


async def test_what_is_late_is_said_in_words_with_its_line_and_for_how_long(house: House) -> None:
    await house.story.advance("17m")
    browser = await house.browser()
    room = (await browser.get("/incidents/quorum-1?all=true")).text
    line = next(each.line for each in (await house.story.incident()).obligations.values() if each.key == "update:1")
    told = [re.sub(r"<.*?>", "", each) for each in re.findall(r"<span>(Late: .*?)</span>", room)]
    assert f"Late: Post the next update (line {line}), due 03:15, 2:00 ago" in told
    await house.story.do(PostUpdate(by="bo", text="We look into it"))
    room = (await browser.get("/incidents/quorum-1?all=true")).text
    assert f"<span>Late: Post the next update (line {line}), due 03:15</span>" in room, "it is not owed any more"


@pytest.mark.parametrize(
    ("end", "how"),
    [(Merged(into="quorum-2", by="bo"), "merged into quorum-2, 03:00:00"), (Closed(by="bo"), "closed, 03:00:00")],
)
async def test_an_alert_of_what_is_closed_is_only_said_to_fire_while_it_does(
    house: House, end: Merged | Closed, how: str
) -> None:
    async def alert() -> str:
        room = (await browser.get("/incidents/quorum-1")).text
        part = room[room.index('data-key="alerts"') :].partition("</summary>")[0]
        return " ".join(re.sub(r"<.*?>", " ", part.rpartition("<summary>")[2]).split()).replace(" ,", ",")

    browser, story = await house.browser(), house.story
    await story.journal.change("quorum-1", lambda incident, book: (end,), cause="command")
    assert await alert() == "ChainHalted fires since 03:00:00"
    await story.advance("90s")
    await story.alert("ChainHalted", resolved=True, instance="validator-1")
    assert await alert() == "ChainHalted cleared 03:01:30"
    await story.alert("ChainHalted", instance="validator-1")
    assert (await story.incident("quorum-2")).is_open, "it comes back as another incident, whose alert it is now"
    assert await alert() == f"ChainHalted fired since 03:00:00, and had not cleared when this incident was {how}"
    (shown,) = (await (await house.caller()).get("/api/incidents/quorum-1")).json()["alerts"]
    assert (shown["fires"], shown["cleared_at"]) == (False, None)


async def test_the_prohibition_is_the_loudest_thing_in_the_room(open_house: Open) -> None:
    house = await open_house()
    breach = await house.story.declare("Data Breach")
    other = await house.story.alert("ChainHalted")
    browser = await plain_browser(house)
    own, its = (await browser.get(f"/incidents/{breach}")).text, (await browser.get(f"/incidents/{other}")).text
    line = re.search(r'class="banner forbidden".*?#L(\d+)', own, re.DOTALL)
    assert line is not None
    assert f"/incidents/{breach}/playbook#L{line[1]}" in own
    assert f'while <a href="/incidents/{breach}">{breach}</a> is open' in its
    assert f"Line {line[1]} forbids it while {breach}" in its
    source = (await browser.get(f"/incidents/{breach}/playbook")).text
    assert f'id="L{line[1]}"' in source


async def test_an_error_on_a_screen_is_a_page_or_a_notice(house: House) -> None:
    browser = await plain_browser(house)
    page = await browser.get("/incidents/quorum-99")
    assert page.status_code == 404
    assert "There is no incident" in page.text
    assert "<html" in page.text
    notice = await (await house.browser()).post("/incidents/quorum-1/close")
    assert notice.status_code == 409
    assert "<html" not in notice.text
    assert "cannot be asked to close" in notice.text
    assert (await (await house.browser()).post("/incidents/quorum-1/explode")).status_code == 404


async def test_htmx_gets_only_what_changes(house: House) -> None:
    part = (await (await house.browser()).get("/incidents/quorum-1")).text
    assert "<html" not in part
    assert 'data-key="timeline"' in part


async def fill(house: House, count: int) -> None:
    """Many entries in one change."""
    notes = [NoteAdded(text=f"note {at}", by="bo") for at in range(count)]
    await house.story.journal.change("quorum-1", lambda incident, book: notes, cause="command")


async def test_a_long_incident_is_drawn_quickly_and_in_part(open_house: Open) -> None:
    house = await open_house()
    await house.story.alert("ChainHalted")
    await fill(house, 6000)
    browser = await plain_browser(house)
    await browser.get("/incidents/quorum-1")
    started = time.process_time()
    text = (await browser.get("/incidents/quorum-1")).text
    took = time.process_time() - started
    assert took < 5, f"{took:.3f} s"
    assert text.count('class="t-') == 200
    assert "Show all" in text
    everything = (await browser.get("/incidents/quorum-1", params={"all": "true"})).text
    assert everything.count('class="t-') > 6000
