"""The direct way in and the ordinary parser: whatever bytes come, in whatever pieces, both answer and keep the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import msgspec
import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tocsin.errors import Unavailable
from tocsin.web import Policy
from tocsin.web.hooks.direct import DirectProtocol, make_protocol
from tocsin.web.hooks.fast import FastIntake

from .conftest import Open
from .house import HOST, KEY, House
from .test_fast_intake import kept, ordinary

pytestmark = pytest.mark.anyio
NEVER = 10_000
"""Turns of the loop after which something hangs."""


class Wire:
    """A connection's other end: what was written, and whether anybody reads or hangs up."""

    def __init__(self) -> None:
        self.written, self.is_paused, self.is_closed = b"", False, False

    def write(self, content: bytes) -> None:
        self.written += b"" if self.is_closed else content

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def get_extra_info(self, name: str) -> Any:
        return None


class Line:
    """One connection to a house, by the direct way (and beside it the ordinary one) or by the ordinary parser alone."""

    def __init__(self, house: House, *, direct: bool) -> None:
        self.wire: Any = Wire()
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"today")]
        config = uvicorn.Config(house.app, log_config=None, lifespan="off", ws="none", access_log=False)
        kind: Any = make_protocol(cast("FastIntake", house.app.asgi_handler)) if direct else HttpToolsProtocol
        self.protocol = kind(config=config, server_state=self.state, app_state={})
        self.protocol.connection_made(self.wire)

    async def say(self, *pieces: bytes, eager: bool = False) -> bytes:
        """What is answered to bytes that come in pieces; `eager`: as fast as they are read."""
        for piece in pieces:
            if self.wire.is_paused or not eager:
                await self.rest()
            if not self.wire.is_closed:
                self.protocol.data_received(piece)
        await self.rest()
        return bytes(self.wire.written)

    async def rest(self) -> None:
        """Return when nothing is under way, but what waits for more to come."""
        for _ in range(NEVER):
            await asyncio.sleep(0)
            if not self.is_taking and (not self.state.tasks or self.is_waiting):
                return
            await asyncio.sleep(0.0005)
        raise AssertionError("it hangs")

    async def hang_up(self) -> None:
        """The client goes."""
        self.wire.close()
        self.protocol.connection_lost(None)
        await self.rest()

    @property
    def is_waiting(self) -> bool:
        """Whether a request has not come as a whole."""
        cycle = self.protocol.cycle
        return cycle is not None and cycle.more_body and not cycle.message_event.is_set()

    @property
    def is_taking(self) -> bool:
        return getattr(self.protocol, "_taking", None) is not None


async def count_direct(house: House) -> list[Any]:
    """What is taken in by the direct way from now on."""
    await house.desk.engine.intake.memory()
    fast, taken = cast("FastIntake", house.app.asgi_handler), list[Any]()
    begin = fast.begin

    def spy(team: str | None, body: memoryview) -> Any:
        receipt = begin(team, body)
        taken.append(receipt)
        return receipt

    cast("Any", fast).begin = spy
    return taken


def alert(name: str = "ChainHalted", **more: Any) -> bytes:
    return msgspec.json.encode([{"labels": {"alertname": name, "instance": "a"}, **more}])


def spell(
    body: bytes, *headers: str, first: str = f"POST /in/{KEY}/api/v2/alerts HTTP/1.1", end: str = "\r\n"
) -> bytes:
    lines = [first, "Host: 127.0.0.1", *(headers or (f"Content-Length: {len(body)}",))]
    return (end.join(lines) + 2 * end).encode("latin-1") + body


async def test_what_is_plain_is_taken_directly_and_answered_in_the_same_bytes(open_house: Open) -> None:
    short, long = await open_house(), await open_house()
    taken, request = await count_direct(short), spell(alert(endsAt="2100-01-01T00:00:00Z"))
    line, plain = Line(short, direct=True), Line(long, direct=False)
    for _ in range(3):
        assert await line.say(request) == await plain.say(request)
    assert len(taken) == 3
    assert line.wire.written.count(b"HTTP/1.1 200 OK") == 3
    assert await kept(short) == await kept(long) != []


LENGTHS = ["{0}", "{0}", "{0}", "+{0}", "0{0}", " {0}", "{0} ", "{1}", "{2}", "0", "-1", "", "{0}, {0}", "0x10"]
MORE = [
    *((), (), (), ("User-Agent: x",), ("Content-Type: application/json", "Accept: */*"), ("X-Other: 1",)),
    *(("Transfer-Encoding: chunked",), ("Transfer-Encoding : chunked",), ("Transfer-Encoding: identity",)),
    *(("Expect: 100-continue",), ("Connection: close",), ("Connection: upgrade", "Upgrade: websocket")),
    *(("Content-Length: 3",), ("Host: evil.example",), (" folded: yes",), ("Accept: a\tb",), ("Bad Name: x",)),
    *(("Accept: \x00",), ("Accept: ü",), ("Accept:",), ("Accept: x\rContent-Length: 2",), ("Accept: x\nHost: y",)),
    *((f"Authorization: Bearer {KEY}",), ("Authorization: Bearer no",), ("Origin: http://evil.example",)),
]
FIRST = [
    *([f"POST /in/{KEY}/api/v2/alerts HTTP/1.1"] * 6),
    *("POST /api/v2/alerts HTTP/1.1", f"POST /in/{KEY}/api/v2/alerts HTTP/1.0", "GET /-/healthy HTTP/1.1"),
    *(f"POST /in/{KEY}/api/v2/alerts?x=1 HTTP/1.1", f"POST  /in/{KEY}/api/v2/alerts HTTP/1.1", "POST / HTTP/9.9"),
    *(f"post /in/{KEY}/api/v2/alerts HTTP/1.1", f"POST http://h/in/{KEY}/api/v2/alerts HTTP/1.1", ""),
]


def make_body(chance: random.Random, at: int) -> bytes:
    plain = alert(f"Fuzz{at}")
    smuggled = spell(alert(f"Smuggled{at}"))
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(plain), plain)
    return chance.choice([plain, plain, plain, b"", b"[]", b"nonsense", smuggled, chunked, plain + smuggled, b"\xff"])


def make_request(chance: random.Random, at: int) -> bytes:
    body = make_body(chance, at)
    if chance.random() < 0.4:
        return spell(body)
    length = chance.choice(LENGTHS).format(len(body), len(body) + 7, max(0, len(body) - 7))
    headers = [f"Content-Length: {length}", *chance.choice(MORE)]
    chance.shuffle(headers)
    end = chance.choice(["\r\n", "\r\n", "\r\n", "\r\n", "\n"])
    return chance.choice([b"", b"", b"\r\n"]) + spell(body, *headers, first=chance.choice(FIRST), end=end)


def cut(chance: random.Random, requests: Sequence[bytes]) -> list[bytes]:
    """The requests each in one piece, or cut anywhere."""
    if chance.random() < 0.5:
        return [each for each in requests if each]
    whole = b"".join(requests)
    places = sorted({0, len(whole), *(chance.randrange(len(whole) + 1) for _ in range(chance.randrange(5)))})
    return [whole[a:b] for a, b in pairwise(places)]


@pytest.mark.parametrize("open_intake", [False, True])
async def test_no_bytes_are_another_request_here_than_there(open_house: Open, open_intake: bool) -> None:
    policy = Policy(url=HOST, open_intake=open_intake)
    short, long = await open_house(policy=policy), await open_house(policy=policy)
    plain_app, taken, chance = ordinary(long), await count_direct(short), random.Random(open_intake)
    for at in range(250):
        pieces = cut(chance, [make_request(chance, 10 * at + each) for each in range(chance.randrange(1, 4))])
        line, plain = Line(short, direct=True), Line(long, direct=False)
        eager = chance.random() < 0.3
        here, there = [await each.say(*pieces, eager=eager) for each in (line, plain)]
        if eager and here != there:  # the ordinary parser hangs up on nonsense before it answers what came before that
            assert there.startswith(b"HTTP/1.1 400 "), pieces
            assert here.endswith(there), pieces
        else:
            assert here == there, pieces
        assert line.wire.is_closed == plain.wire.is_closed, pieces
        await asyncio.gather(line.hang_up(), plain.hang_up())
    assert plain_app is long.app
    assert await kept(short) == await kept(long)
    assert len(taken) > 15


async def test_what_comes_while_a_request_is_taken_in_is_answered_behind_it(open_house: Open) -> None:
    house = await open_house()
    await count_direct(house)
    line, health = Line(house, direct=True), b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    line.protocol.data_received(spell(alert()))
    assert line.is_taking
    line.protocol.data_received(health[:20])
    assert line.wire.is_paused
    line.protocol.data_received(health[20:])
    assert line.wire.written == b""
    await line.rest()
    first, second = line.wire.written.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert b"content-length: 0" in first
    assert second.endswith(b"OK\n")
    assert not line.wire.is_paused


async def test_a_body_that_is_still_on_its_way_is_no_request(open_house: Open) -> None:
    """An answer that came before all of a request was read leaves its rest the rest of that request."""
    house = await open_house()
    taken, line = await count_direct(house), Line(house, direct=True)
    smuggled = spell(alert("Smuggled"))
    head = f"POST /in/{KEY}x/api/v2/alerts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(smuggled)}\r\n\r\n"
    await line.say(head.encode())
    await line.say(smuggled)
    await line.hang_up()
    assert taken == []
    assert await kept(house) == []


async def test_a_server_that_ends_answers_first(open_house: Open) -> None:
    house = await open_house()
    await count_direct(house)
    line = Line(house, direct=True)
    line.protocol.data_received(spell(alert()))
    line.protocol.shutdown()
    assert not line.wire.is_closed
    await line.rest()
    assert b"200 OK" in line.wire.written
    assert b"connection: close" in line.wire.written
    assert line.wire.is_closed
    idle = Line(house, direct=True)
    idle.protocol.shutdown()
    assert idle.wire.is_closed


async def test_a_client_that_has_gone_is_not_answered_and_its_alert_is_kept(open_house: Open) -> None:
    house = await open_house()
    await count_direct(house)
    line = Line(house, direct=True)
    line.protocol.data_received(spell(alert()))
    line.wire.close()
    line.protocol.connection_lost(ConnectionResetError())
    await line.rest()
    assert line.wire.written == b""
    assert len(await kept(house)) == 1


@pytest.mark.parametrize("direct", [False, True], ids=["ordinary", "direct"])
@pytest.mark.parametrize("refuses", ["disk", "intake"])
async def test_what_cannot_be_taken_in_now_is_503_with_when_to_come_again(
    open_house: Open, monkeypatch: Any, direct: bool, refuses: str
) -> None:
    house = await open_house()

    async def write(each: Any) -> None:
        raise OSError("disk full")

    def begin(*_: Any) -> Any:
        raise Unavailable("More alerts are coming in than can be written down; send them again in a moment.")

    taken = await count_direct(house)
    if refuses == "disk":
        monkeypatch.setattr(house.story.store, "write", write)
    else:
        monkeypatch.setattr(house.desk.engine.intake, "begin_posts", begin)
    answer = await Line(house, direct=direct).say(spell(alert()))
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"retry-after: 1\r\n" in answer
    assert len(taken) == (direct and refuses == "disk")


async def test_a_key_that_is_taken_back_is_not_known_by_the_heads_that_were_read(open_house: Open) -> None:
    keys = {KEY: "quorum"}
    house = await open_house(keys=lambda: keys)
    taken = await count_direct(house)
    line, request = Line(house, direct=True), spell(alert())
    assert (await line.say(request)).count(b"200 OK") == 1
    keys = {"0" * 32: "quorum"}
    assert b"404 Not Found" in await line.say(request)
    assert len(taken) == 1


async def test_a_connection_on_which_nothing_comes_is_closed_and_one_in_use_is_not(open_house: Open) -> None:
    house = await open_house()
    taken = await count_direct(house)
    line = Line(house, direct=True)
    await line.say(spell(alert()))
    assert len(taken) == 1
    protocol: DirectProtocol = line.protocol
    protocol.timeout_keep_alive_handler()
    assert not line.wire.is_closed
    protocol._heard_at -= protocol.timeout_keep_alive
    protocol.timeout_keep_alive_handler()
    assert line.wire.is_closed
