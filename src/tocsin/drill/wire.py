"""A small HTTP listener on loopback for the range's own two addresses: one bounded request per connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import msgspec

HEAD_LIMIT = 16 * 1024
SECONDS = 10.0
"""How long a request may take to arrive, and its answer to be taken."""
CONNECTIONS = 64


class Request(msgspec.Struct, frozen=True):
    """What was asked: method, path without the query, header fields in lower case, body."""

    method: str
    path: str
    fields: Mapping[str, str]
    body: bytes


class Answer(msgspec.Struct, frozen=True):
    """What is answered: a status and any value that becomes JSON."""

    status: int
    content: Any


Respond = Callable[[Request], Awaitable[Answer]]


class Listener:
    """Serves ``respond`` on a loopback port. Use it as ``async with Listener(respond) as listener``."""

    def __init__(self, respond: Respond, *, port: int = 0, body_limit: int) -> None:
        """``port`` 0 takes a free one; ``body_limit`` is the most bytes that a request may bring."""
        self._respond = respond
        self._body_limit = body_limit
        self.port = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        """Where it listens, once it does."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._attend, "127.0.0.1", self.port, limit=HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) > CONNECTIONS:
                answer = refuse(503)
            else:
                answer = await self._converse(reader)
            writer.write(render(answer))
            async with asyncio.timeout(SECONDS):
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # Cancelled only by our own end; passed on, Python before 3.11.8 reports it as an error (cpython gh-113538).
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader) -> Answer:
        try:
            async with asyncio.timeout(SECONDS):
                request = await receive(reader, self._body_limit)
        except TimeoutError:
            return refuse(408)
        return request if isinstance(request, Answer) else await self._respond(request)


async def receive(reader: asyncio.StreamReader, body_limit: int) -> Request | Answer:
    """Read one request, or return the answer that refuses it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return refuse(431)
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    length = fields.get("content-length", "0")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not (length.isascii() and length.isdigit()):
        return refuse(400)
    if "transfer-encoding" in fields:
        return refuse(411)
    if len(length) > 10 or int(length) > body_limit:
        return refuse(413)
    body = await reader.readexactly(int(length))
    return Request(words[0], words[1].partition("?")[0], fields, body)


def refuse(status: int) -> Answer:
    """A plain no."""
    return Answer(status, {"error": HTTPStatus(status).phrase})


def render(answer: Answer) -> bytes:
    """The bytes of an answer; the connection closes after it."""
    body = msgspec.json.encode(answer.content)
    status = HTTPStatus(answer.status)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
