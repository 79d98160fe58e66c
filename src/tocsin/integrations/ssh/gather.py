"""A connection's packets, sent together: what is written in one turn of the loop goes out in one piece.

SSH writes packet by packet, and each that is sent by itself wakes the other end: a small step is five of them, and
asyncssh puts an empty one before each. Gathered they are four pieces, and the empty ones are only sent where they hide
something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncssh

MOST_GATHERED = 65536


MSG_IGNORE = 2
"""RFC 4253, 11.2: it says nothing, and whoever receives it does nothing."""


def leave_out_fillers(connection: asyncssh.SSHClientConnection) -> None:
    """Send no empty packets. They are for ciphers in CBC mode, where the beginning of a packet could be foreseen by
    whoever listens (RFC 4251, 9.3.1); in counter mode it cannot.
    """
    if "gcm" not in connection.get_extra_info("send_cipher", ""):
        return
    send = connection.send_packet

    def send_packet(kind: int, *args: bytes, **more: Any) -> None:
        if kind != MSG_IGNORE:
            send(kind, *args, **more)

    connection.send_packet = send_packet  # type: ignore[assignment]


class _Gathered(asyncio.Transport):
    """A transport that sends at the end of the loop's turn; at once what is more than a little."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport, self._loop = transport, asyncio.get_running_loop()
        self._waiting: list[bytes | bytearray | memoryview[Any]] = []
        self._size = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)
        self._size += len(data)
        if self._size > MOST_GATHERED:
            self._send()

    def _send(self) -> None:
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting, self._size = [], 0

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def abort(self) -> None:
        self._send()
        self._transport.abort()


class _Opening(asyncio.Protocol):
    """Stands in for a protocol until there is a transport to give it."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self.protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_protocol(self.protocol)
        self.protocol.connection_made(_Gathered(transport))


class Straight:
    """The way to a host itself, for who wants a tunnel: SSH asks it for a connection to speak over."""

    async def create_connection(
        self, factory: Callable[..., asyncio.Protocol], host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """A connection by TCP, and who speaks over it."""
        loop = asyncio.get_running_loop()
        transport, opening = await loop.create_connection(lambda: _Opening(factory()), host, port)
        return transport, opening.protocol

    def close(self) -> None:
        """There is nothing between us and the host."""

    async def wait_closed(self) -> None:
        """There is nothing to wait for."""
