"""Packets of one turn of the loop go out in one piece, and none is lost or late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tocsin.integrations.ssh.gather import MOST_GATHERED, MSG_IGNORE, Straight, leave_out_fillers


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


class Connection:
    """Notes which packets it is given; before each it puts an empty one, as asyncssh does."""

    def __init__(self, cipher: str) -> None:
        self.cipher, self.sent = cipher, list[tuple[int, tuple[bytes, ...]]]()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"send_cipher": self.cipher}.get(name, default)

    def send_packet(self, kind: int, *args: bytes, handler: object = None) -> None:
        if kind != MSG_IGNORE:
            self.send_packet(MSG_IGNORE, b"\0\0\0\0")
        self.sent.append((kind, args))


@pytest.mark.parametrize(("cipher", "fillers"), [
    ("aes128-gcm@openssh.com", 0), ("aes256-gcm@openssh.com", 0), ("aes128-cbc", 1), ("", 1),
])  # fmt: skip
def test_empty_packets_are_sent_only_where_they_hide_something(cipher: str, fillers: int) -> None:
    connection = Connection(cipher)
    leave_out_fillers(connection)  # type: ignore[arg-type] # it is all that is asked of one
    connection.send_packet(94, b"data", handler=None)
    assert [kind for kind, _ in connection.sent] == [MSG_IGNORE] * fillers + [94]
    assert connection.sent[-1] == (94, (b"data",))
