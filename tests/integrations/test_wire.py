"""The plain way of a webhook: connections are kept, and every way in which they break is told apart from an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tocsin.integrations.wire import Broken, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def answering(
    answer: Callable[[int], bytes | None], *, then_close: bool = False
) -> AsyncIterator[tuple[Wire, list[int]]]:
    """A server that answers the n-th request of each connection; and how many requests each connection has had."""
    counts: list[int] = []
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        task.add_done_callback(served.discard)
        counts.append(0)
        at = len(counts) - 1
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            counts[at] += 1
            said = answer(counts[at])
            if said is not None:
                writer.write(said)
            if said is None or then_close:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = Wire("127.0.0.1", port, f"127.0.0.1:{port}")
    try:
        yield wire, counts
    finally:
        wire.close()
        async with asyncio.timeout(60):
            while served:
                await asyncio.gather(*served)
        server.close()


async def post(wire: Wire, timeout_s: float = 60.0) -> int:
    return await wire.post("/hook", {"Content-Length": "2"}, b"{}", timeout_s, lambda: None)


async def test_a_connection_is_kept_and_used_again() -> None:
    async with answering(lambda n: OK) as (wire, counts):
        assert [await post(wire) for _ in range(5)] == [200] * 5
        assert counts == [5]
        assert await asyncio.gather(*(post(wire) for _ in range(3))) == [200] * 3
        assert sum(counts) == 8


async def test_a_connection_that_the_other_side_ends_is_not_used_again() -> None:
    async with answering(lambda n: OK, then_close=True) as (wire, counts):
        for _ in range(3):
            assert await post(wire) == 200
            await asyncio.sleep(0.02)
        assert counts == [1, 1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ],
)
async def test_answers_of_every_kind(answer: bytes) -> None:
    async with answering(lambda n: answer) as (wire, _):
        assert await post(wire) == 204
        assert await post(wire) == 204


async def test_an_answer_in_chunks_and_one_that_says_no() -> None:
    chunked = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"
    async with answering(lambda n: chunked) as (wire, counts):
        assert [await post(wire), await post(wire)] == [503, 503]
        assert counts == [2]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nServer: simple\r\n\r\ntaken",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntaken",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\ntaken",
    ],
)
async def test_an_answer_without_a_length_is_whole_when_the_connection_ends(answer: bytes) -> None:
    """As the simplest servers answer; the page was taken, so it has not failed."""
    async with answering(lambda n: answer, then_close=True) as (wire, counts):
        assert [await post(wire), await post(wire)] == [200, 200]
        assert counts == [1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nServer: half",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nServer: half",
    ],
)
async def test_one_that_is_cut_off_is_none(answer: bytes) -> None:
    async with answering(lambda n: answer, then_close=True) as (wire, _):
        with pytest.raises(Broken, match="without an answer"):
            await post(wire)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2**21,
    ],
)
async def test_what_breaks_is_no_answer(answer: bytes | None) -> None:
    async with answering(lambda n: answer) as (wire, counts):
        with pytest.raises(Broken):
            await post(wire, timeout_s=0.3)
        assert sum(counts) == 1, "it is not sent again by itself"


async def test_each_request_has_its_whole_time_and_no_more() -> None:
    """The one after the first ones is never answered, on a connection that was kept."""
    async with answering(lambda n: OK if n < 4 else b"") as (wire, counts):
        assert [await post(wire, timeout_s=each) for each in (60, 20, 60)] == [200] * 3
        with pytest.raises(Broken, match=r"within 0\.3 s"):
            await post(wire, timeout_s=0.3)
        assert counts == [4]
        assert await post(wire, timeout_s=20) == 200, "over a new connection"


async def test_nobody_there() -> None:
    with pytest.raises(Broken):
        await post(Wire("127.0.0.1", 1, "127.0.0.1:1"))
