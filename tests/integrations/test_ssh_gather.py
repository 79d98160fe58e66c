"""Packets of one turn of the loop go out in one piece, and none is lost or late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tocsin.integrations.ssh.gather import MOST_GATHERED, Straight


class Speaker(asyncio.Protocol):
    """Does with its transport what a test says, as soon as it has one."""

    def __init__(self, speak: Callable[[asyncio.Transport], None]) -> None:
        self.speak = speak
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        assert transport.get_extra_info("peername")[0] == "127.0.0.1"
        self.speak(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


async def listen(speak: Callable[[asyncio.Transport], None], count: int) -> list[bytes]:
    """The pieces that somebody at the other end reads, who then leaves."""
    pieces: list[bytes] = []
    left = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(b"".join(pieces)) < count and (piece := await reader.read(2**20)):
            pieces.append(piece)
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        port, speaker = server.sockets[0].getsockname()[1], Speaker(speak)
        await Straight().create_connection(lambda: speaker, "127.0.0.1", port)
        await left.wait()
        await speaker.ended.wait()
    return pieces


async def test_what_is_written_in_one_turn_goes_out_in_one_piece() -> None:
    def speak(transport: asyncio.Transport) -> None:
        for each in (b"one ", b"two ", b"three"):
            transport.write(each)

    assert await listen(speak, 13) == [b"one two three"]


async def test_much_is_not_kept_waiting() -> None:
    def speak(transport: asyncio.Transport) -> None:
        for _ in range(40):
            transport.write(b"x" * (MOST_GATHERED // 4))

    assert b"".join(await listen(speak, 10 * MOST_GATHERED)) == b"x" * (10 * MOST_GATHERED)


async def test_whoever_closes_has_said_all() -> None:
    def speak(transport: asyncio.Transport) -> None:
        transport.write(b"bye")
        transport.close()
        assert transport.is_closing()

    assert await listen(speak, 3) == [b"bye"]
