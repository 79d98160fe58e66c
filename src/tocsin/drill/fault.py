"""What goes wrong in a world, on purpose: injected, proved to be there before any clock starts, and undone.

A fault is real. Nothing pretends: the world's own processes fail because of it, and only what would help in life helps.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

import msgspec

from tocsin.drill.world import World
from tocsin.errors import Conflict, Unavailable

PROOF_SECONDS = 20.0
"""How long a fault may take until it shows."""
POLL = 0.1
FULL_HOUSE = "too many connections"


class Fault(Protocol):
    """One thing that can go wrong.

    ``alert`` is the alert that a world's rules raise for it, ``remedy`` the command of the playbook that mends it.
    """

    name: str
    alert: str
    story: str
    remedy: str

    async def inject(self) -> None:
        """Break it and return once it is broken; raises Conflict or Unavailable and then leaves nothing broken."""

    async def probe(self) -> bool:
        """Is the fault itself there at this moment? Looks at the cause, not at what users notice."""

    async def undo(self) -> None:
        """Take the fault away, whatever has become of it; harmless when there is none."""


class ConnectionLeak:
    """A client takes every connection of the database and hangs; restarting the database is what ends it.

    Restarting the order service does not help: its connections were taken while it was away.
    """

    name = "connection leak"
    alert = "DatabaseUnavailable"
    story = "An export job hangs and holds every connection of the database; orders fail with 503."
    remedy = "docker compose restart database"

    def __init__(self, world: World) -> None:
        self._world = world
        self._client: asyncio.subprocess.Process | None = None

    async def inject(self) -> None:
        """Start the client that hangs, as a process of its own that is none of the shop's containers."""
        if self._client is not None and self._client.returncode is None:
            raise Conflict("The connection leak is already there; undo it first.")
        await insist_on_a_sound_world(self._world)
        self._client = await self._world.spawn("stuck")
        await self._hear(self._client)
        await prove(self)

    async def _hear(self, client: asyncio.subprocess.Process) -> None:
        """Wait for the client's word that it holds every connection: others may have some left for a second."""
        assert client.stdout is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(PROOF_SECONDS):
                await client.stdout.readline()

    async def probe(self) -> bool:
        """Does the database turn a new client away because every connection is taken?"""
        if self._client is None or self._client.returncode is not None:
            return False
        try:
            greeting = await greet(self._world.supervisor.address("database.sock"))
        except (OSError, TimeoutError):
            return False
        return FULL_HOUSE in greeting.error

    async def undo(self) -> None:
        """Kill the client; the database then has its connections back."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(ProcessLookupError):
                client.kill()
            await client.wait()


class ServerDown:
    """The order service is killed and stays down until somebody starts it."""

    name = "server down"
    alert = "ServerDown"
    story = "The order service was killed and does not come back by itself; nobody answers."
    remedy = "docker compose up -d"

    def __init__(self, world: World) -> None:
        self._world = world

    async def inject(self) -> None:
        """Kill it."""
        await insist_on_a_sound_world(self._world)
        await self._world.act("kill", "server")
        await prove(self)

    async def probe(self) -> bool:
        """Has the order service exited?"""
        try:
            processes = await self._world.processes()
        except Unavailable:
            return False
        return any(process.service == "server" and process.state != "running" for process in processes)

    async def undo(self) -> None:
        """Start it."""
        await self._world.act("start", "server")


class _Greeting(msgspec.Struct, frozen=True):
    slot: int = 0
    error: str = ""


async def greet(address: str) -> _Greeting:
    """Knock at a database's socket and return its first word; raises OSError or TimeoutError."""
    async with asyncio.timeout(2.0):
        reader, writer = await asyncio.open_unix_connection(address)
        try:
            return msgspec.json.decode(await reader.readline() or b"{}", type=_Greeting)
        finally:
            writer.close()


async def insist_on_a_sound_world(world: World) -> None:
    """Refuse to break what is not certainly this world's, or what is broken already."""
    if not await world.owns_its_port():
        raise Conflict(f"Nothing was broken: port {world.port} is not held by this world's own order service.")
    if not await world.is_healthy():
        raise Conflict("Nothing was broken: the world is not in order. Put it in order first.")


async def prove(fault: Fault) -> None:
    """Wait until the fault is there; if it does not come, take it away again and raise Unavailable."""
    deadline = asyncio.get_running_loop().time() + PROOF_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        if await fault.probe():
            return
        await asyncio.sleep(POLL)
    await fault.undo()
    raise Unavailable(
        f"The fault '{fault.name}' did not take hold within {PROOF_SECONDS:.0f} s; the world is as before."
    )
