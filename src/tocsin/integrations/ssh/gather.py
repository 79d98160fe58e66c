"""A connection's packets, sent together: what is written in one turn of the loop goes out in one piece.

SSH writes packet by packet, and each that is sent by itself wakes the other end: a small step is ten of them. Gathered
they are four.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

MOST_GATHERED = 65536


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
