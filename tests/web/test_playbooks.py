"""Dropping a playbook: an answer within two seconds, whatever was dropped, and each finding with its line quoted."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from tocsin.testing.story import Story
from tocsin.timeline.events import PlaybookActivated
from tocsin.web.auth import COOKIE, TOKEN_FIELD, make_form_token
from tocsin.web.compile import MOST_SOURCE

from .conftest import Open
from .house import LINK_KEY, PLAYBOOKS, House, make_cast

pytestmark = pytest.mark.anyio


async def drop(house: House, content: bytes, name: str = "runbook.md") -> httpx.Response:
    secret = (await house.browser()).cookies[COOKIE]
    browser = house.client(cookies={COOKIE: secret}, headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})
    token = make_form_token(LINK_KEY, secret)
    return await browser.post("/playbooks/try", files={"file": (name, content)}, data={TOKEN_FIELD: token})


@pytest.mark.parametrize("path", sorted(PLAYBOOKS.glob("*.md")), ids=lambda path: path.stem)
async def test_a_playbook_is_read_in_two_seconds(house: House, path: Path) -> None:
    source = path.read_text(encoding="utf-8").splitlines()
    started = time.process_time()
    answer = await drop(house, path.read_bytes(), path.name)
    assert time.process_time() - started < 2
    assert answer.status_code == 200
    for word in ("would run by themselves", "Severities and clocks", "Scenarios", "Dangerous or missing"):
        assert word in answer.text
    levels = re.findall(r'<li class="l-(\w+)">', answer.text)
    order = ["error", "warning", "remark"]
    assert levels == sorted(levels, key=order.index), "the dangerous ones come first"
    quoted = re.findall(r'class="quoted"><span class="gutter">(\d+)</span><code>([^<]*)', answer.text)
    assert quoted
    for line, text in quoted:
        plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&#34;", '"')
        assert plain.replace("&amp;", "&").rstrip("…")[:60] in source[int(line) - 1]


async def test_pasting_does_the_same_and_htmx_gets_the_part(house: House) -> None:
    text = (PLAYBOOKS / "parity.md").read_text(encoding="utf-8")
    part = await (await house.browser()).post("/playbooks/try", data={"text": text})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "pasted.md" in part.text


@pytest.mark.parametrize(
    "content",
    [
        b"# Hello\n\nA letter to my aunt.\n",
        b"\x00\x01\x02" * 1000,
        b"\xff\xfe" + "# Uhr".encode("utf-16-le"),
        b"```bash\n" * 2000,
        b"> " * 20_000,
        b"[" * 50_000,
        b"| a " * 20_000,
        b"- " * 3000 + b"x",
        "🔥".encode() * 10_000,
        b"<script>alert(1)</script>\n# Outage\n## Steps\n1. <img src=x onerror=alert(1)>\n",
    ],
    ids=lambda content: repr(content[:12]),
)
async def test_anything_may_be_dropped(house: House, content: bytes) -> None:
    answer = await drop(house, content, "<script>.md")
    assert answer.status_code == 200, answer.text[:300]
    assert "Traceback" not in answer.text
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text.replace('<img src="/static', "")


async def test_what_is_empty_or_too_large_is_said(house: House) -> None:
    for content in (b"", b"  \n"):
        empty = await drop(house, content, "nothing.md")
        assert empty.status_code == 200, "a file with nothing in it is a finding, as in the terminal"
        assert "nothing.md" in empty.text
        assert "PB002" in empty.text
    unfilled = await (await house.browser()).post("/playbooks/try", data={"text": " \n"})
    assert (unfilled.status_code, "choose a file or paste its text" in unfilled.text) == (400, True)
    large = await drop(house, b"x" * (MOST_SOURCE + 1))
    assert large.status_code == 413
    assert "10 MiB" in large.text
    body = {"file": ("huge.md", b"x" * (MOST_SOURCE + 200_000))}
    huge = await (await house.browser()).post("/playbooks/try", files=body)
    assert huge.status_code == 413
    assert "over 10 MiB" in huge.text
    assert "tocsin compile" in huge.text, "a way out"


async def test_a_stranger_cannot_drop(house: House) -> None:
    answer = await house.client().post("/playbooks/try", files={"file": ("x.md", b"# x")})
    assert answer.status_code == 401


async def test_a_changed_playbook_is_read_before_it_is_activated(open_house: Open) -> None:
    house = await open_house()
    story: Story = house.story
    old = story.shelf.settings.teams["quorum"].source
    before = await house.desk.blobs.put(old.replace(b"Response time: 5 minutes", b"Response time: 7 minutes"))
    await story.journal.change_team("quorum", PlaybookActivated(digest=before, by="ana"))
    secret = (await house.browser()).cookies[COOKIE]
    browser = house.client(cookies={COOKIE: secret}, headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})
    shown = (await browser.get("/playbooks/quorum")).text
    assert "Not activated" in shown
    assert "Response time: 7 minutes" in shown
    assert "+- Response time: 5 minutes" in shown
    form = {
        TOKEN_FIELD: make_form_token(LINK_KEY, secret),
        "digest": story.shelf.settings.teams["quorum"].playbook.digest,
    }
    stale = await browser.post("/playbooks/quorum/activate", data={**form, "digest": "0" * 64})
    assert stale.status_code == 409
    assert (await browser.post("/playbooks/quorum/activate", data=form)).status_code == 303
    assert "Activated by bo" in (await browser.get("/playbooks/quorum")).text
    await browser.post("/playbooks/quorum/freeze", data={**form, "on": "true"})
    assert "Frozen by bo" in (await browser.get("/playbooks/quorum")).text


async def test_the_counts_are_those_of_the_rules(house: House) -> None:
    """What the screen says runs by itself is what an incident of that scenario then runs by itself."""
    from tocsin.web.library import read_lines
    from tocsin.web.views.playbook import show_playbook

    team = house.story.shelf.settings.teams["quorum"]
    view = show_playbook(team.playbook, house.story.shelf.blank(), read_lines(team.source), house.story.start)
    promised = next(each for each in view.scenarios if each.title == "Chain Halted")
    ran = {step.step for step in house.story.recorder.steps}
    assert {step.id for step in promised.by_itself} == ran


async def test_the_corpus_is_read_too(shared: Path, open_house: Open) -> None:
    """Runbooks of strangers, a handful of each collection."""
    house = await open_house(make_cast())
    for folder in sorted((shared / "corpus" / "playbooks").iterdir()):
        for path in sorted(folder.rglob("*.md"))[:2]:
            answer = await drop(house, path.read_bytes(), path.name)
            assert answer.status_code == 200, path


async def test_an_alternative_is_not_shown_as_a_condition(house: House) -> None:
    fence = "```bash\ndocker stop web  # Or another service\ndocker logs web  # If it still runs\n```\n"
    text = f"# Incident Playbook\n\n## Playbook 1: Breach\n\n**Symptoms**: odd\n\n**Fix**:\n\n{fence}"
    shown = (await drop(house, text.encode())).text
    assert "<span>another way</span> Or another service" in shown
    assert "<span>only</span> If it still runs" in shown


_ASIDE = "<!-- tocsin: allow PB113 until 2099-12-31: the cache is rebuilt by itself -->\n"
_SHOP = "## Disk full\n\n**Symptoms:**\n- Writes fail\n\n**Fix:**\n\n{}```sh\nrm -rf /var/cache/shop\n```\n"


async def test_what_a_comment_sets_aside_is_shown_with_its_reason(house: House) -> None:
    answer = await drop(house, _SHOP.format(_ASIDE).encode())
    shown = answer.text.partition("Set aside by comments in the playbook")[2]
    assert "PB113" in shown
    assert "the cache is rebuilt by itself" in shown
    assert "2099-12-31" in shown
    assert "Set aside by comments" not in (await drop(house, _SHOP.format("").encode())).text


async def test_remarks_alone_are_not_called_dangerous_or_missing(house: House) -> None:
    answer = await drop(house, b"## Shop is down\n\n**Symptoms:**\n- Slow\n\n**Fix:**\n1. Restart it\n")
    assert "<strong>0</strong> dangerous or missing" in answer.text
    assert ">Remarks</h3>" in answer.text


async def test_a_team_sees_which_duties_cannot_be_kept_and_by_what_lines_they_could(house: House) -> None:
    browser, caller = await house.browser(), await house.caller()
    shown = (await browser.get("/playbooks/quorum")).text
    assert "Cannot be kept as the settings are" in shown and "war_room = &#34;web&#34;" in shown
    listed = (await caller.get("/api/teams/quorum/lacks")).json()
    room = next(each for each in listed if each["kind"] == "room")
    assert f'href="/playbooks/quorum/source#L{room["duties"][0]["line"]}"' in shown
    assert (await caller.get("/api/teams/nobody/lacks")).status_code == 404
    shelf = house.story.shelf
    team = shelf.settings.teams["quorum"]
    changed = replace(team, policy=replace(team.policy, war_room="web"))
    shelf.settings = replace(shelf.settings, teams={**shelf.settings.teams, "quorum": changed})
    after = (await caller.get("/api/teams/quorum/lacks")).json()
    assert after == [each for each in listed if each["kind"] != "room"]
