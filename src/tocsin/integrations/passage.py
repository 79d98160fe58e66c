"""A step's way out of its box: what its command needs to be given, and what serves it from outside while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

from tocsin.integrations import sieve
from tocsin.integrations.doors import OPEN, Doors, Network, Relays, Scout

HOSTS = os.path.realpath("/etc/hosts")
MOST_DOORS = 250
"""What Linux hands over in one message (`SCM_MAX_FD`), with room to spare."""


class Passage:
    """The doors of one step. `fds` are to be given to what is spawned, `places` are where it is to listen."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.relays = Relays()
        self.places = tuple(door.spell() for door in doors.doors[:MOST_DOORS])
        self.fds: tuple[int, ...] = ()
        self._ours: socket.socket | None = None
        self._opening: asyncio.Task[None] | None = None
        if not self.places:
            return
        self._ours, theirs = socket.socketpair()
        self._ours.setblocking(False)
        hosts = os.memfd_create("hosts")
        os.write(hosts, doors.spell_hosts())
        os.lseek(hosts, 0, os.SEEK_SET)
        self.fds = (theirs.detach(), hosts)
        asyncio.get_running_loop().add_reader(self._ours, self._take)

    @property
    def fd(self) -> str:
        """Where the sockets are to be handed out, as an argument."""
        return str(self.fds[0]) if self.places and self.fds else "-"

    def spell_hosts(self) -> tuple[str, ...]:
        """The arguments of bubblewrap for the hosts that the step knows."""
        return ("--ro-bind-data", str(self.fds[1]), HOSTS) if self.places and self.fds and os.path.isfile(HOSTS) else ()  # noqa: PTH113

    def spell_sieve(self, *, mute: bool) -> tuple[str, ...]:
        """The arguments of bubblewrap for the calls that the step has none of; they need one descriptor more."""
        program = os.memfd_create("sieve")
        os.write(program, sieve.spell(has_files=not mute))
        os.lseek(program, 0, os.SEEK_SET)
        self.fds = (*self.fds, program)
        return ("--seccomp", str(program))

    def give(self) -> None:
        """What was spawned has what it was given; it is nobody else's."""
        for fd in self.fds:
            os.close(fd)
        self.fds = ()

    async def close(self) -> None:
        """Let go of everything."""
        self.give()
        if self._ours is not None:
            asyncio.get_running_loop().remove_reader(self._ours)
            self._ours.close()
        if self._opening is not None:
            with contextlib.suppress(OSError):
                await self._opening
        self.relays.close()

    def _take(self) -> None:
        assert self._ours is not None
        asyncio.get_running_loop().remove_reader(self._ours)
        said, fds, _, _ = socket.recv_fds(self._ours, 4096, MOST_DOORS)
        made = [door for door, has in zip(self.doors.doors, said[1:], strict=False) if has]
        listening = [(door, socket.socket(fileno=fd)) for door, fd in zip(made, fds, strict=False)]
        self._opening = asyncio.ensure_future(self.relays.open(listening))


@contextlib.asynccontextmanager
async def open_passage(network: Network, scout: Scout) -> AsyncIterator[Passage]:
    """The way out for what a box may reach, as that is at this moment."""
    passage = Passage(Doors() if network == OPEN else await scout.find(network))
    try:
        yield passage
    finally:
        await passage.close()
