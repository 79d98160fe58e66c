"""What of the network a step's box lets through: destinations that were declared, each with the addresses it has now.

A destination that refuses, or that does not answer in `PATIENCE_S`, gets no door: a step that asks for it is refused as
it would be outside, and is not told by an open door that somebody listens there.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Sequence
from urllib.parse import urlsplit

import msgspec

OPEN = "open"
Network = str | tuple[str, ...]
"""`OPEN`, all that the machine reaches, or only these destinations (``host:port``); none is nothing at all."""

PATIENCE_S = 1.0
"""How long a destination may take to answer before a step begins; together, not each."""

SEEN_S = 5.0
"""How long what was seen holds: a playbook's reads come close together, and each look is a connection."""

MOST_CONNECTIONS = 64
"""Of one step at once. Each is two of the server's own descriptors, of which alerts need some too."""

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?")
_V6 = re.compile(r"[0-9A-Za-z:.]+")
_PORT = re.compile(r"[0-9]{1,5}")


class Door(msgspec.Struct, frozen=True):
    """One address of a declared destination; `spelt` is how it was declared."""

    address: str
    port: int
    spelt: str
    host: str

    def spell(self) -> str:
        """``ADDRESS:PORT``, as it is asked for from the box."""
        return f"{self.address}:{self.port}"


class Doors(msgspec.Struct, frozen=True):
    """The doors that have somebody behind them; `shut` says of the other destinations why they have none."""

    doors: tuple[Door, ...] = ()
    shut: tuple[tuple[str, str], ...] = ()
    known: tuple[tuple[str, str], ...] = ()

    def spell_hosts(self) -> bytes:
        """What a box has as ``/etc/hosts``: itself, and the hosts that were declared."""
        own = [("127.0.0.1", "localhost"), ("::1", "localhost ip6-localhost ip6-loopback")]
        named = [(address, host) for address, host in self.known if host not in (address, "localhost")]
        return "".join(f"{address}\t{host}\n" for address, host in [*own, *dict.fromkeys(named)]).encode()


def read_destination(spelt: str) -> tuple[str, int]:
    """Host and port of ``host:port``, ``10.0.0.7:5432`` or ``[::1]:8080``. Raises `ValueError` with what is wrong."""
    host, colon, port = spelt.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise ValueError(f'{spelt!r} names no port; write host:port, such as "localhost:8080".')
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in bare and _V6.fullmatch(bare):
        if bare == host:
            raise ValueError(f'{spelt!r}: write an IPv6 address in brackets, such as "[::1]:8080".')
        try:
            return str(ipaddress.IPv6Address(bare)), int(port)
        except ValueError:
            raise ValueError(f"{spelt!r}: {bare!r} is no address.") from None
    if not _HOST.fullmatch(bare):
        raise ValueError(f"{spelt!r} names no single host; patterns and ranges cannot be declared.")
    return bare, int(port)


def spell_destination(url: str) -> str:
    """``host:port`` of a web address. Raises `ValueError` for one that names no host, or no port that there is."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    spelt = f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    read_destination(spelt)
    return spelt


class Found(msgspec.Struct, frozen=True):
    """What was found of one destination: its doors, why it has none, and the addresses of its host."""

    doors: tuple[Door, ...] = ()
    why: str = ""
    known: tuple[tuple[str, str], ...] = ()


class Scout:
    """Looks which destinations answer; what it saw a moment ago it does not ask again."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, Found]] = {}

    async def find(self, network: Sequence[str]) -> Doors:
        """The doors of these destinations, as they are reached at this moment."""
        spelt = list(dict.fromkeys(network))
        found = await asyncio.gather(*(self._look(each) for each in spelt))
        doors = {(door.address, door.port): door for each in found for door in each.doors}
        return Doors(
            tuple(doors.values()),
            tuple((name, each.why) for name, each in zip(spelt, found, strict=True) if each.why),
            tuple(known for each in found for known in each.known),
        )

    async def _look(self, spelt: str) -> Found:
        loop = asyncio.get_running_loop()
        seen = self._seen.get(spelt)
        if seen is not None and loop.time() - seen[0] < SEEN_S:
            return seen[1]
        found = await _find(spelt)
        self._seen[spelt] = (loop.time(), found)
        return found


async def _find(spelt: str) -> Found:
    host, port = read_destination(spelt)
    try:
        async with asyncio.timeout(PATIENCE_S):
            addresses = await _resolve(host, port)
    except TimeoutError:
        return Found(why="its name was not resolved in time")
    except OSError as error:
        return Found(why=f"its name is not known here: {error.strerror}")
    if host not in addresses and not (addresses := [each for each in addresses if not _is_of_this_link(each)]):
        return Found(why="its name leads to an address of this link alone, where a cloud keeps its keys; declare that")
    doors = [Door(address, port, spelt, host) for address in addresses]
    whys = await asyncio.gather(*(_try(door) for door in doors))
    alive = tuple(door for door, why in zip(doors, whys, strict=True) if not why)
    known = tuple((door.address, host) for door in alive or doors)
    return Found(alive, "" if alive else whys[0], known)


def _is_of_this_link(address: str) -> bool:
    """Whoever answers for a name could send a read there, to a cloud's metadata."""
    return ipaddress.ip_address(address).is_link_local


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found if "%" not in str(each[4][0])))


async def _try(door: Door) -> str:
    """Why nobody answers at an address; empty if somebody does."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, writer = await asyncio.open_connection(door.address, door.port)
    except TimeoutError:
        return f"no answer within {PATIENCE_S:g} s"
    except OSError as error:
        return tell_refused(error)
    writer.close()
    return ""


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def tell_refused(error: OSError) -> str:
    """Why a connection was not made; the loop puts words of its own in the system's."""
    return os.strerror(error.errno).lower() if error.errno else "connection refused"


class Relays:
    """Carries bytes between what listens in a box and what it stands for, while a step runs."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost: list[tuple[str, str]] = []
        """What could not be reached after all, and why."""

    async def open(self, listening: Iterable[tuple[Door, socket.socket]]) -> None:
        """Serve each of these sockets, on which a box's own programs connect."""
        for door, listener in listening:
            listener.setblocking(False)
            self._servers.append(await asyncio.start_server(self._make(door), sock=listener))

    def close(self) -> None:
        """Take nothing more, and let go of what is open."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()

    def _make(self, door: Door) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if len(self._tasks) >= MOST_CONNECTIONS:
                self._lose(door, f"the step had {MOST_CONNECTIONS} connections open already")
                _reset(writer)
                return
            if task is not None:
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await self._join(door, reader, writer)

        return serve

    def _lose(self, door: Door, why: str) -> None:
        """Note it once: a step may try without end."""
        if (door.spelt, why) not in self.lost:
            self.lost.append((door.spelt, why))

    async def _join(self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(door.address, door.port)
        except OSError as error:
            self._lose(door, tell_refused(error))
            _reset(writer)
            return
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        except OSError:
            _reset(writer)
        finally:
            far_writer.close()
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection off, so that nobody takes it for one that has ended well; the other end may have done so."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
