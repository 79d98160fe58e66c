"""A vendor on loopback: it checks each request as strictly as the real one, or is in whatever trouble it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """A form's fields, each given once."""
        fields = parse_qs(self.body.decode(), strict_parsing=True, keep_blank_values=True)
        assert all(len(values) == 1 for values in fields.values()), fields
        return {name: values[0] for name, values in fields.items()}


Reply = tuple[int, bytes]
Check = Callable[[Asked], Reply]

TROUBLES = {
    "garbage": b"\x00\xffno http at all\r\n\r\n",
    "garbage in a 200": b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\nConnection: close\r\n\r\n<html>a captive portal</h>",
    "hung up": b"",
    "429": b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "500": b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops",
    "503": b"HTTP/1.1 503 Oh\r\nRetry-After: 3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "401": b"HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "404": b"HTTP/1.1 404 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "redirect": b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}
FOR_GOOD = {"401", "404", "redirect"}
"""Troubles that patience does not mend."""


class Vendor:
    """What it was asked, what was wrong with that, and its trouble: one of `TROUBLES`, or `slow`."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.asked: list[Asked] = []
        self.faults: list[str] = []
        self.trouble = ""
        self.url = ""

    def answer(self, asked: Asked) -> bytes:
        if self.trouble:
            return TROUBLES[self.trouble]
        try:
            status, body = self.check(asked)
        except Exception as error:  # noqa: BLE001 the test reads it
            self.faults.append(f"{type(error).__name__}: {error}")
            status, body = 400, b"{}"
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + body

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await _read(reader)
        self.asked.append(asked)
        if self.trouble == "slow":
            await asyncio.sleep(30)
        writer.write(self.answer(asked))
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)


@asynccontextmanager
async def serving(check: Check) -> AsyncIterator[Vendor]:
    """The vendor, on a port of its own."""
    vendor, talks = Vendor(check), list[tuple[asyncio.Task[Any] | None, asyncio.StreamWriter]]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append((asyncio.current_task(), writer))
        await vendor.talk(reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    vendor.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield vendor
    finally:
        server.close()
        for task, writer in talks:
            writer.transport.abort()
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task, _ in talks if task), return_exceptions=True)
