"""GitHub and Jira as trackers, each against one on loopback that checks what it is asked: one ticket whatever becomes
of a try, words that stay words, and every trouble told for what it is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected, Unavailable
from tocsin.integrations import post
from tocsin.integrations.github import Github, GithubSettings
from tocsin.integrations.jira import Jira, JiraSettings
from tocsin.integrations.tickets import Draft, Tickets, Tracker, make_mark
from tocsin.timeline.events import TicketDone, TicketRequested
from tocsin.words import TicketAct

from .vendor import FOR_GOOD, TROUBLES, Asked, Reply, Vendor, serving

pytestmark = pytest.mark.anyio
SECRET = "s3cret-token"
EVIL = "@everyone fixes #1 <img src=x> {noformat} ```` [link](https://evil.example) [~admin]"
MARK = make_mark("till-1", "work")


class FakeGithub:
    """A repository's issues, as its REST API gives them."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.comments: dict[int, list[str]] = {}

    def check(self, asked: Asked) -> Reply:
        assert asked.headers["authorization"] == f"Bearer {SECRET}"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        url = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert url.path.startswith("/repos/acme/shop/issues")
        rest = url.path.removeprefix("/repos/acme/shop/issues").strip("/").split("/")
        given = json.loads(asked.body) if asked.body else {}
        if rest == [""]:
            return self._make(given) if asked.method == "POST" else self._list(query)
        number = int(rest[0])
        if number > len(self.issues):
            return 404, b'{"message":"Not Found"}'
        if rest[1:] == ["comments"]:
            return self._comment(number, given) if asked.method == "POST" else self._told(number)
        assert asked.method == "PATCH"
        self.issues[number - 1].update(given)
        return 200, json.dumps(self.issues[number - 1]).encode()

    def _make(self, given: dict[str, Any]) -> Reply:
        assert 0 < len(given["title"]) <= 256
        number = len(self.issues) + 1
        self.issues.append({"number": number, "html_url": f"https://github.com/acme/shop/issues/{number}", **given})
        self.comments[number] = []
        return 201, json.dumps(self.issues[-1]).encode()

    def _list(self, query: dict[str, str]) -> Reply:
        assert query["labels"] == "tocsin"
        start, size = (int(query["page"]) - 1) * int(query["per_page"]), int(query["per_page"])
        found = [each for each in reversed(self.issues) if "tocsin" in each["labels"]]
        return 200, json.dumps(found[start : start + size]).encode()

    def _comment(self, number: int, given: dict[str, Any]) -> Reply:
        self.comments[number].append(given["body"])
        return 201, b'{"id":1}'

    def _told(self, number: int) -> Reply:
        return 200, json.dumps([{"body": body} for body in self.comments[number]]).encode()

    def list_all(self) -> list[str]:
        return [f"{each['title']}\n{each['body']}" for each in self.issues]

    def said(self) -> list[str]:
        return self.comments[1]

    def is_closed(self) -> bool:
        return self.issues[0].get("state") == "closed"


class FakeJira:
    """A project's issues in Jira Cloud."""

    def __init__(self) -> None:
        self.issues: dict[str, dict[str, Any]] = {}
        self.comments: list[str] = []
        self.status = {"name": "To Do", "statusCategory": {"key": "new"}}
        self.ways = {"31": {"name": "Done", "statusCategory": {"key": "done"}}}

    def check(self, asked: Asked) -> Reply:
        login = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        assert login == f"bot@example.org:{SECRET}"
        url = urlsplit(asked.path)
        rest = url.path.removeprefix("/rest/api/2/").split("/")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        given = json.loads(asked.body) if asked.body else {}
        match asked.method, rest:
            case "GET", ["search", "jql"]:
                return self._search(query["jql"])
            case "POST", ["issue"]:
                return self._make(given["fields"])
            case _, ["issue", key, *_] if key not in self.issues:
                return 404, b'{"errorMessages":["Issue does not exist"]}'
            case "GET", ["issue", _, "comment"]:
                return 200, json.dumps({"comments": [{"body": each} for each in self.comments]}).encode()
            case "POST", ["issue", _, "comment"]:
                self.comments.append(given["body"])
                return 201, b"{}"
            case "GET", ["issue", _, "transitions"]:
                ways = [{"id": way, "name": "x", "to": to} for way, to in self.ways.items()]
                return 200, json.dumps({"transitions": ways}).encode()
            case "POST", ["issue", _, "transitions"]:
                self.status = self.ways[given["transition"]["id"]]
                return 204, b""
            case "GET", ["issue", _]:
                return 200, json.dumps({"fields": {"status": self.status}}).encode()
        raise AssertionError(f"{asked.method} {asked.path}")

    def _search(self, jql: str) -> Reply:
        found = re.fullmatch(r'project = "SHOP" AND labels = "([\w-]+)"', jql)
        assert found, jql
        keys = [{"key": key} for key, each in self.issues.items() if found[1] in each["labels"]]
        return 200, json.dumps({"issues": keys}).encode()

    def _make(self, fields: dict[str, Any]) -> Reply:
        assert fields["project"] == {"key": "SHOP"}
        assert fields["issuetype"] == {"name": "Task"}
        assert 0 < len(fields["summary"]) <= 255
        assert not any(" " in label for label in fields["labels"])
        key = f"SHOP-{len(self.issues) + 1}"
        self.issues[key] = fields
        return 201, json.dumps({"id": "1", "key": key}).encode()

    def list_all(self) -> list[str]:
        return [f"{each['summary']}\n{each['description']}" for each in self.issues.values()]

    def said(self) -> list[str]:
        return self.comments

    def is_closed(self) -> bool:
        return self.status["name"] == "Done"


Opening = Callable[[str], Tracker]


def open_github(url: str) -> Tracker:
    return Github(GithubSettings(kind="github", repository="acme/shop", token_file="t", api=url), SECRET)


def open_jira(url: str) -> Tracker:
    settings = JiraSettings(kind="jira", url=url, project="SHOP", token_file="t", login="bot@example.org")
    return Jira(settings, SECRET)


KINDS: dict[str, tuple[type[FakeGithub | FakeJira], Opening, str]] = {
    "github": (FakeGithub, open_github, "#1"),
    "jira": (FakeJira, open_jira, "SHOP-1"),
}


class Ground:
    """A tracker's adapter and the tracker."""

    def __init__(self, fake: FakeGithub | FakeJira, vendor: Vendor, opening: Opening, first: str) -> None:
        self.fake, self.vendor, self.first = fake, vendor, first
        self.tracker = opening(vendor.url)
        self.performer = Tickets(lambda: {"it": self.tracker}, lambda: "https://tocsin.example")

    async def do(self, act: TicketAct, seq: int = 4, **changes: Any) -> TicketDone:
        request = TicketRequested(act=act, tracker="it", key="work", **{"title": "Disk full", "text": "x", **changes})
        done = await self.performer.perform(Key("till-1", seq), request)
        assert isinstance(done, TicketDone)
        return done


@pytest.fixture(params=KINDS)
async def ground(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Ground]:
    kind, opening, first = KINDS[request.param]
    fake = kind()
    async with serving(fake.check) as vendor:
        yield Ground(fake, vendor, opening, first)
        assert vendor.faults == []


async def test_a_ticket_is_made_told_and_closed(ground: Ground) -> None:
    made = await ground.do(TicketAct.CREATE, labels=("incident",))
    assert (made.ticket, made.found) == (ground.first, False)
    assert made.link.endswith(ground.first.strip("#"))
    assert "https://tocsin.example/incidents/till-1" in ground.fake.list_all()[0]
    await ground.do(TicketAct.COMMENT, ticket=made.ticket, text="It goes on")
    assert not ground.fake.is_closed()
    await ground.do(TicketAct.CLOSE, seq=9, ticket=made.ticket, text="It is over")
    assert ground.fake.is_closed()
    assert ["It goes on" in each or "It is over" in each for each in ground.fake.said()] == [True, True]


async def test_the_same_is_asked_twice_and_done_once(ground: Ground) -> None:
    await ground.do(TicketAct.CREATE)
    again = await ground.do(TicketAct.CREATE, seq=12)
    assert (again.ticket, again.found) == (ground.first, True)
    assert len(ground.fake.list_all()) == 1
    for _ in range(2):
        await ground.do(TicketAct.CLOSE, ticket=ground.first, text="It is over")
    assert len(ground.fake.said()) == 1
    assert ground.fake.is_closed()


async def test_a_ticket_of_another_incident_is_another(ground: Ground) -> None:
    await ground.do(TicketAct.CREATE)
    assert await ground.tracker.find(make_mark("till-2", "work")) is None
    assert await ground.tracker.find(MARK) is not None


async def test_words_of_strangers_stay_words(ground: Ground) -> None:
    await ground.do(TicketAct.CREATE, title=f"{EVIL}\n{'x' * 400}", text=EVIL)
    text = ground.fake.list_all()[0]
    body = text.partition("\n")[2]
    opening, closing = ("````text\n", "\n````") if ground.first == "#1" else ("{noformat}\n", "\n{noformat}")
    inside = body.partition(opening)[2].partition(closing)[0]
    assert "@everyone" in inside
    assert opening.strip() not in inside
    assert "@everyone" not in body.replace(inside, "")


@pytest.mark.parametrize("trouble", [*TROUBLES, "slow"])
async def test_each_trouble_is_told_and_what_is_over_is_over(
    ground: Ground, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "TIMEOUT_S", 0.3)
    ground.vendor.trouble = trouble
    for_good = trouble in FOR_GOOD and trouble != "401"
    with pytest.raises(Rejected if for_good else Unavailable) as error:
        await ground.do(TicketAct.CREATE)
    assert SECRET not in f"{error.value}"
    ground.vendor.trouble = ""
    assert (await ground.do(TicketAct.CREATE)).ticket == ground.first


async def test_one_that_is_gone_is_unavailable() -> None:
    for opening in (open_github, open_jira):
        with pytest.raises(Unavailable):
            await opening("http://127.0.0.1:9").find(MARK)


async def test_a_limit_of_github_is_no_refusal() -> None:
    async def ask(body: bytes) -> None:
        async with serving(lambda asked: (403, body)) as vendor:
            await open_github(vendor.url).find(MARK)

    with pytest.raises(Unavailable, match="a limit of its own"):
        await ask(b'{"message":"You have exceeded a secondary rate limit."}')
    with pytest.raises(Rejected):
        await ask(b'{"message":"Resource not accessible by integration"}')


async def test_a_jira_without_a_way_to_done_says_what_to_do() -> None:
    fake = FakeJira()
    fake.ways = {"11": {"name": "In Progress", "statusCategory": {"key": "indeterminate"}}}
    async with serving(fake.check) as vendor:
        tracker = open_jira(vendor.url)
        made = await tracker.create(Draft(mark=MARK, title="x", text="y"))
        with pytest.raises(Rejected, match="close it in Jira"):
            await tracker.close(made.id, "over", "m")
