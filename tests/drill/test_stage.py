"""The range's own two addresses: what they take, what they refuse, and what the buttons do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tocsin.drill.fault import ConnectionLeak
from tocsin.drill.phone import KEPT, PAGE_LIMIT, Phone
from tocsin.drill.referee import Colour, Referee
from tocsin.drill.stage import Server, Stage
from tocsin.drill.watcher import Watcher
from tocsin.drill.wire import Answer, Listener, Request
from tocsin.drill.world import World

SERVER = Server(pid=4711, uptime_s=1.5, restarts=2)


def client(**options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=30, **options)


def test_the_phone_keeps_the_newest_pages(loop: asyncio.Runner) -> None:
    async def ring() -> Phone:
        async with Phone() as phone, client() as caller:
            for number in range(KEPT + 3):
                headers = {"Idempotency-Key": f"page-{number}"}
                answer = await caller.post(phone.url, json={"n": number}, headers=headers)
                assert answer.status_code == 200
        return phone

    pages = loop.run(ring()).pages
    assert len(pages) == KEPT
    assert (pages[0].content, pages[-1].content) == ({"n": 3}, {"n": KEPT + 2})
    assert pages[-1].key == f"page-{KEPT + 2}"


@pytest.mark.parametrize(
    ("method", "suffix", "content", "status"),
    [
        ("POST", "", b"not json", 400),
        ("POST", "", b"[" * 20_000, 400),
        ("POST", "", b'"' + b"x" * PAGE_LIMIT + b'"', 413),
        ("GET", "", b"", 405),
        ("POST", "x", b"{}", 404),
    ],
)
def test_the_phone_refuses(loop: asyncio.Runner, method: str, suffix: str, content: bytes, status: int) -> None:
    async def ring() -> tuple[int, int]:
        async with Phone() as phone, client() as caller:
            answer = await caller.request(method, phone.url + suffix, content=content)
            return answer.status_code, len(phone.pages)

    assert loop.run(ring()) == (status, 0)


async def echo(request: Request) -> Answer:
    return Answer(200, {"body": request.body.decode()})


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 200),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / SMTP\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
    ],
)
def test_the_listener_is_bounded(loop: asyncio.Runner, sent: bytes, status: int) -> None:
    async def talk() -> bytes:
        async with Listener(echo, body_limit=10) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(sent)
            answer = await asyncio.wait_for(reader.read(), 60)
            writer.close()
            return answer

    assert loop.run(talk()).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_caller_who_hangs_up_disturbs_nobody(loop: asyncio.Runner) -> None:
    async def talk() -> int:
        async with Listener(echo, body_limit=10) as listener:
            for part in (b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"):
                _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
                writer.write(part)
                writer.close()
            async with client() as caller:
                return (await caller.get(listener.url)).status_code

    assert loop.run(talk()) == 200


def on_stage(
    loop: asyncio.Runner, world: World, play: Callable[[Stage, httpx.AsyncClient], Awaitable[None]]
) -> list[str]:
    """Build a whole stage over the world, play on it, and return the calls of the kill button."""
    killed: list[str] = []

    async def kill() -> None:
        killed.append("killed")

    async def perform() -> None:
        async with (
            Referee(world, every=0.1) as referee,
            Watcher(world, "http://127.0.0.1:1/", interval=0.2) as watcher,
            Phone() as phone,
            Stage(
                world,
                ConnectionLeak(world),
                referee=referee,
                watcher=watcher,
                phone=phone,
                kill=kill,
                server=lambda: SERVER,
            ) as stage,
            client(base_url=stage.url, headers={"Authorization": f"Bearer {stage.token}"}) as caller,
        ):
            assert await referee.wait_for(Colour.GREEN, 60)
            await play(stage, caller)

    loop.run(perform())
    return killed


def test_break_look_and_heal(loop: asyncio.Runner, world: World) -> None:
    async def play(_: Stage, caller: httpx.AsyncClient) -> None:
        before = (await caller.get("/state")).json()
        assert before["fault"]["present"] is False
        began = before["times"].pop("begun_at")
        assert before["times"] == {"injected_at": None, "red_at": None, "alert_at": None, "green_at": None}
        assert before["server"] == {
            "pid": 4711,
            "uptime_s": 1.5,
            "restarts": 2,
            "killed_at": None,
            "started_at": None,
        }
        assert before["doing"] == ""
        assert {process["service"] for process in before["processes"]} == {"database", "server"}

        assert (await caller.post("/break")).status_code == 200
        again = await caller.post("/break")
        assert again.status_code == 409
        assert "already there" in again.json()["error"]
        async with asyncio.timeout(60):
            while (during := (await caller.get("/state")).json())["referee"]["colour"] != "red":
                await asyncio.sleep(0.05)
        assert during["fault"]["present"] is True
        assert during["times"]["injected_at"] is not None

        assert (await caller.post("/heal-reset")).status_code == 200
        after = (await caller.get("/state")).json()
        assert after["referee"]["colour"] == "green"
        assert after["fault"]["present"] is False
        assert after["times"]["injected_at"] is None
        assert after["times"]["begun_at"] > during["times"]["begun_at"] > began

    on_stage(loop, world, play)


def test_it_says_what_is_being_done_meanwhile(loop: asyncio.Runner, world: World) -> None:
    async def play(_: Stage, caller: httpx.AsyncClient) -> None:
        for path, doing in (("/break", "breaking"), ("/heal-reset", "starting over")):
            acting = asyncio.create_task(caller.post(path))
            seen = {""}
            while not acting.done():
                seen.add((await caller.get("/state")).json()["doing"])
            assert (await acting).status_code == 200
            assert seen == {"", doing}
            assert (await caller.get("/state")).json()["doing"] == ""

    on_stage(loop, world, play)


def test_healing_puts_lost_orders_back(loop: asyncio.Runner, world: World) -> None:
    async def play(_: Stage, caller: httpx.AsyncClient) -> None:
        restore = await asyncio.create_subprocess_exec(
            "bash",
            "scripts/restore-database.sh",
            "backups/nightly.db.gz",
            cwd=world.directory,
            env=world.layout.env,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await restore.wait() == 0
        async with asyncio.timeout(60):
            while not (await caller.get("/state")).json()["referee"]["lost_orders"]:
                await asyncio.sleep(0.05)
        assert (await caller.post("/heal-reset")).status_code == 200
        after = (await caller.get("/state")).json()
        assert (after["referee"]["colour"], after["referee"]["lost_orders"]) == ("green", 0)

    on_stage(loop, world, play)


def test_the_kill_button_calls_whoever_keeps_the_server(loop: asyncio.Runner, world: World) -> None:
    async def play(_: Stage, caller: httpx.AsyncClient) -> None:
        assert (await caller.post("/kill")).json() == {"ok": True}

    assert on_stage(loop, world, play) == ["killed"]


def test_nobody_plays_without_the_token(loop: asyncio.Runner, world: World) -> None:
    async def play(stage: Stage, caller: httpx.AsyncClient) -> None:
        for value in ("", "Bearer", f"Bearer {stage.token}x", stage.token, "Bearer \xff"):
            answer = await caller.post("/kill", headers={b"Authorization": value.encode("latin-1")})
            assert answer.status_code == 401
        for method, path in (("GET", "/break"), ("POST", "/state"), ("GET", "/"), ("POST", "/nosuch")):
            assert (await caller.request(method, path)).status_code == 404

    assert on_stage(loop, world, play) == []


def test_the_state_stays_small(loop: asyncio.Runner, world: World) -> None:
    async def play(stage: Stage, caller: httpx.AsyncClient) -> None:
        body = (await caller.get("/state")).content
        assert len(body) < 200_000
        assert json.loads(body)["directory"] == str(world.directory)
        assert stage.token.encode() not in body

    on_stage(loop, world, play)
