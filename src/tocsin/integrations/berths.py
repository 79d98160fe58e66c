"""Boxes that stay laid out for the next statement of the same incident on the same target.

To lay a box out is most of what a short statement costs. What is kept is the mounts alone: `porter` is in there, and
begins ushers, each of whom lets one statement after the other into namespaces that are made for it and gone with it. A
box is as it was made: it is used only while its whole command is what would be written now, the machine's mounts are
what they were, and the usher finds in it nothing mounted, moved or taken away; then it is made anew. Before its first
statement a step's own identity tries in it what it must not be able to do. Where none can be had, each statement has a
box of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import logging
import os
import socket
import subprocess
import time
from collections import OrderedDict
from typing import Any

import msgspec

from tocsin.integrations import doorway, porter, sieve, usher
from tocsin.integrations.berth import Berth, Order, Unopened, run
from tocsin.integrations.box import Box, Mount
from tocsin.integrations.doors import OPEN
from tocsin.integrations.isolation import PROOF_S, Isolation, Layout, find_inside, spell_proof

LOG = logging.getLogger("tocsin.steps")

IDLE_S = 60.0
"""How long a box is kept that nothing runs in."""
MOST = 24
"""Boxes at once: each is three or four sleeping processes, and one more for each of its statements that run at once."""
READY_S = 20.0
NOT_AGAIN_S = 300.0
"""How long no other is tried where one could not be made."""

LOADER = """
import sys, types
def load(name, text=""):
    made = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), made.__dict__)
    return made
texts = sys.stdin.buffer.read().decode().split("\\0")
load("tocsin"), load("tocsin.integrations")
room = sys.modules["tocsin.integrations"]
room.doorway = load("tocsin.integrations.doorway", texts[0])
room.sieve = load("tocsin.integrations.sieve", texts[1])
room.usher = load("tocsin.integrations.usher", texts[2])
sys.exit(load("tocsin.integrations.porter", texts[3]).main(sys.argv[1], int(sys.argv[2])))
"""
"""The box may not show where tocsin is installed: its four modules come in as text."""

PROVED = 7
"""What a proof answers that has found nothing."""


class _Spelt(msgspec.Struct, frozen=True):
    """The whole command that makes a box, for as long as its layout is the same one, and the machine has the same
    mounted; `key` has both.
    """

    layout: Layout
    mounts: bytes
    command: list[str]
    spawn: dict[str, Any]
    key: str


class Berths:
    """The boxes that are kept; they belong to one event loop."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, asyncio.Task[Berth | None]] = OrderedDict()
        self._left: list[Berth] = []
        self._spelt: dict[Box, _Spelt] = {}
        self._not_before = 0.0
        self._sweeping: asyncio.TimerHandle | None = None

    async def find(self, isolation: Isolation, box: Box, layout: Layout) -> Berth | None:
        """A box that was made so; null where there can be none, or none more."""
        if isolation.bwrap is None or not layout.kept or Mount.SCRATCH in layout.mounts.values():
            return None
        spelt = self._spell(isolation, box, layout)
        making = self._open.get(spelt.key)
        if making is not None and _is_stale(making):
            self._retire(spelt.key)
            making = None
        if making is None:
            if asyncio.get_running_loop().time() < self._not_before or not self._has_room():
                return None
            making = self._open[spelt.key] = asyncio.ensure_future(self._make(isolation, box, spelt))
        self._open.move_to_end(spelt.key)
        return await asyncio.shield(making)

    def close(self) -> None:
        """End whatever runs in any."""
        for key in tuple(self._open):
            self._retire(key)
        for berth in self._left:
            berth.close()
        self._left.clear()

    def _spell(self, isolation: Isolation, box: Box, layout: Layout) -> _Spelt:
        known, mounts = self._spelt.get(box), usher.read_mounts()
        if known is not None and known.layout is layout and known.mounts == mounts:
            return known
        if len(self._spelt) >= 2 * MOST:
            self._spelt.clear()
        python = find_inside(layout)
        bare = box if box.network == OPEN else msgspec.structs.replace(box, network=())
        whose = porter.MUTE if layout.box.mute else porter.LOUD
        command, spawn = isolation.wrap([python, "-IS", "-c", LOADER, whose], bare, None, layout)
        whole = repr((command, spawn, mounts))
        key = hashlib.blake2b(whole.encode(errors="surrogateescape")).hexdigest()
        self._spelt[box] = made = _Spelt(layout, mounts, command, spawn, key)
        return made

    async def _make(self, isolation: Isolation, box: Box, spelt: _Spelt) -> Berth | None:
        loop, berth = asyncio.get_running_loop(), None
        try:
            berth = start(spelt.command, spelt.spawn, box)
            async with asyncio.timeout(READY_S):
                why = await berth.is_ready() or await _prove(isolation, box, berth)
        except (OSError, TimeoutError, Unopened) as error:
            why = str(error) or f"no answer within {READY_S:g} s"
        if berth is not None and not why:
            self._sweeping = self._sweeping or loop.call_later(IDLE_S / 2, self.sweep)
            return berth
        LOG.info("Boxes are not kept for the next step, each has its own: %s", why)
        self._not_before = loop.time() + NOT_AGAIN_S
        if berth is not None:
            berth.close()
        self._open.pop(spelt.key, None)
        return None

    def _has_room(self) -> bool:
        """Whether one more may be open, once the one is gone that nobody has used for longest."""
        if len(self._open) < MOST:
            return True
        idle = next((key for key, each in self._open.items() if (berth := _get(each)) and not berth.users), None)
        if idle is not None:
            self._retire(idle)
        return idle is not None

    def _retire(self, key: str) -> None:
        """Let nothing more in; what runs goes on."""
        berth = _get(self._open.pop(key))
        if berth is not None:
            self._left.append(berth)
            self._close_left()

    def _close_left(self) -> None:
        for berth in [each for each in self._left if not each.users]:
            self._left.remove(berth)
            berth.close()

    def sweep(self) -> None:
        """Let go of those that nobody has used for long."""
        now, loop = time.monotonic(), asyncio.get_running_loop()
        for key, each in tuple(self._open.items()):
            berth = _get(each)
            if berth is not None and not berth.users and now - berth.used_at > IDLE_S:
                self._retire(key)
        self._close_left()
        self._sweeping = loop.call_later(IDLE_S / 2, self.sweep) if self._open or self._left else None


def _get(making: asyncio.Task[Berth | None]) -> Berth | None:
    """The box, if it was made."""
    return making.result() if making.done() and not making.cancelled() and making.exception() is None else None


def _is_stale(making: asyncio.Task[Berth | None]) -> bool:
    berth = _get(making)
    return making.done() and (berth is None or berth.is_stale)


def start(command: list[str], spawn: dict[str, Any], box: Box) -> Berth:
    """Begin to make a box. Raises `OSError` if its command cannot be started."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    text = os.memfd_create("porter")
    try:
        os.write(text, "\0".join(map(inspect.getsource, (doorway, sieve, usher, porter))).encode())
        os.lseek(text, 0, os.SEEK_SET)
        process = subprocess.Popen(
            [*command, str(far.fileno())],
            stdin=text,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},
            pass_fds=(far.fileno(),),
            **spawn,
        )
    except BaseException:
        near.close()
        raise
    finally:
        os.close(text)
        far.close()
    near.setblocking(False)
    return Berth(process, near, box.directory.resolve(), apart=box.network != OPEN)


async def _prove(isolation: Isolation, box: Box, berth: Berth) -> str:
    """Have a step's own identity try in there what it must not be able to do; what it could, or why it cannot be
    trusted otherwise.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        argv = spell_proof(isolation, box, server.getsockname()[1])
        order = Order(argv=argv, env={"PATH": os.defpath})
        ended = await run(berth, order, (), int(PROOF_S), _ignore, _wait, _nothing)
    said = (ended.out.content() or ended.err.content()).decode(errors="replace").strip()
    return said or ("" if ended.exit_code == PROVED else f"its proof ended with {ended.exit_code}")


def _ignore(name: str, chunk: bytes) -> None:
    return


def _nothing() -> None:
    return


async def _wait() -> str:
    never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return await never
