"""Server-sent events over a real connection: delivered, resumed, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tocsin.incident.commands import AddNote
from tocsin.web import live

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio


class Ear:
    """A screen that listens."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def line(self) -> str:
        return await asyncio.wait_for(anext(self._lines), 60)

    async def event(self) -> dict[str, Any]:
        """The next event: its name, id and data."""
        found: dict[str, Any] = {}
        while True:
            name, _, value = (await self.line()).partition(": ")
            if not name and found.get("event"):
                return {**found, "data": json.loads(found["data"])}
            found[name] = value


@asynccontextmanager
async def listening(url: str, house: House, path: str, last: str = "") -> AsyncIterator[Ear]:
    secret = await house.desk.sessions.begin("token", "bo", house.story.clock.now() + timedelta(days=1))
    headers = {"Authorization": f"Bearer {secret}"} | ({"Last-Event-ID": last} if last else {})
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        yield Ear(answer)


async def until(true: Any) -> None:
    """Wait until something is so; a minute is for ever."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.005)


async def test_a_new_entry_is_told_to_whoever_listens(house: House) -> None:
    async with house.serving() as url, listening(url, house, "/events?incident=quorum-1") as ear:
        assert ear.answer.headers["content-type"].startswith("text/event-stream")
        assert ear.answer.headers["cache-control"] == "no-store"
        await until(lambda: len(house.app.state.live) == 1)
        entries = await house.story.do(AddNote(by="bo", text="hello"))
        event = await ear.event()
        assert event["event"] == "entry"
        assert event["id"] == f"quorum-1:{entries[0].seq}"
        assert event["data"] == {"stream": "quorum-1", "seq": entries[0].seq, "kind": "note_added"}


async def test_others_incidents_are_not_told(open_house: Open) -> None:
    house = await open_house(make_cast(), make_cast("bazaar"))
    one, two = await house.story.alert("ChainHalted"), await house.story.alert("DatabaseUnavailable", team="bazaar")
    async with (
        house.serving() as url,
        listening(url, house, f"/events?incident={two}") as only,
        listening(url, house, "/events") as everything,
    ):
        await until(lambda: len(house.app.state.live) == 2)
        await house.story.do(AddNote(by="bo", text="x"), one)
        await house.story.do(AddNote(by="bo", text="y"), two)
        assert (await only.event())["data"]["stream"] == two
        assert [(await everything.event())["data"]["stream"] for _ in range(2)] == [one, two]


async def test_a_listener_that_was_away_is_told_what_it_missed(house: House) -> None:
    seq = await house.count()
    for text in ("a", "b"):
        await house.story.do(AddNote(by="bo", text=text))
    async with house.serving() as url:
        async with listening(url, house, "/events?incident=quorum-1", last=f"quorum-1:{seq}") as ear:
            assert [(await ear.event())["data"]["seq"] for _ in range(2)] == [seq + 1, seq + 2]
        async with listening(url, house, f"/events?incident=quorum-1&after={seq + 1}") as ear:
            assert (await ear.event())["data"]["seq"] == seq + 2, "what came since the screen was drawn"
        async with listening(url, house, "/events", last="quorum-1:1") as ear:
            assert (await ear.event())["data"] == {"stream": "quorum-1", "seq": seq + 2, "kind": ""}
        async with listening(url, house, f"/events?incident=quorum-1&after={'9' * 5000}") as ear:
            assert ear.answer.status_code == 400
        for odd in ("nonsense", "quorum-1:x", ":", "other-1:5"):
            async with listening(url, house, "/events?incident=quorum-1", last=odd) as ear:
                assert (await ear.event())["data"]["seq"] == 1


async def test_what_happens_while_a_listener_catches_up_is_told_once(house: House) -> None:
    async def look() -> list[live.Notice]:
        (entry,) = await house.story.do(AddNote(by="bo", text="between"))
        return [live.Notice("quorum-1", seq, "note_added") for seq in (entry.seq - 1, entry.seq)]

    follow = house.app.state.live.follow("quorum-1", "bo", look)
    told = [await anext(follow) for _ in range(4)]
    assert [chunk.partition(b"\n")[0] for chunk in told] == [b"retry: 1000", *([b"event: entry"] * 2), b": here"]
    await follow.aclose()


async def test_nothing_is_left_of_a_listener_that_has_gone(house: House) -> None:
    before = len(house.story.journal._listeners)
    async with house.serving() as url:
        for _ in range(5):
            async with listening(url, house, "/events") as ear:
                assert (await ear.line()).startswith("retry:")
                assert len(house.story.journal._listeners) == before + 1
            await until(lambda: len(house.story.journal._listeners) == before)
            assert len(house.app.state.live) == 0


async def test_a_quiet_connection_is_seen_to_live(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.02)
    async with house.serving() as url, listening(url, house, "/events") as ear:
        lines = [await ear.line() for _ in range(6)]
        assert lines.count(": here") >= 1


async def test_one_that_cannot_keep_up_is_ended_and_comes_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_WAITING", 3)
    follow = house.app.state.live.follow("quorum-1", "bo")
    assert (await anext(follow)).startswith(b"retry")
    for _ in range(4):
        await house.story.do(AddNote(by="bo", text="x"))
    rest = [chunk async for chunk in follow]
    assert len(rest) == 4, "what it had is told, then it ends"
    assert len(house.app.state.live) == 0


async def test_an_open_screen_does_not_hold_up_the_servers_end(house: House) -> None:
    loop = asyncio.get_running_loop()
    async with house.serving() as url, listening(url, house, "/events") as ear:
        await ear.line()
        started = loop.time()
        assert house.server is not None
        house.server.config.timeout_graceful_shutdown = 120  # what is waited for is waited for long
        house.server.should_exit = True
        while True:
            try:
                await ear.line()
            except (StopAsyncIteration, httpx.RemoteProtocolError):
                break
        assert loop.time() - started < 60


async def test_only_for_those_signed_in_and_what_exists(house: House) -> None:
    assert (await house.client().get("/events")).status_code == 401
    caller = await house.caller()
    assert (await caller.get("/events", params={"incident": "quorum-9"})).status_code == 404
    assert (await caller.head("/events")).status_code == 200
    assert len(house.app.state.live) == 0
