"""One box that is kept: what is sent into it, and what becomes of that."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from tocsin.integrations import porter
from tocsin.integrations.box import SCRATCH_BYTES
from tocsin.integrations.capture import CHUNK, Capture
from tocsin.integrations.process import BEGUN, GRACE_S, Ended, Hear, Watch, follow, read_report

MOST_INLINE = 2**16
"""Bytes of an order that go with its message; a longer one has a file of its own."""
MOST_USES = 500
"""Statements that one usher lets in."""
LISTEN_S = 0.005
"""What a statement says is heard from then on, or when it ends."""
KILLED = 128 + signal.SIGKILL
Take = Callable[[bytes], None]


class Unopened(Exception):
    """The box took nothing: nothing was begun, and another box may do."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command for a box that is kept. `otherwise` is run where the first cannot be started; `start_up` is what its
    shell reads first; `limits` are numbers of `resource` with their bounds; `report` is the first of two descriptors.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    otherwise: Sequence[str] = ()
    start_up: str = ""
    limits: Mapping[int, int] = {}
    report: int = 0
    places: Sequence[str] = ()
    hosts: str = ""

    def spell(self, directory: Path) -> bytes:
        """As an usher reads it."""
        env = [f"{name}={value}" for name, value in self.env.items()]
        fields = [str(directory), str(SCRATCH_BYTES), str(self.report), self.start_up, self.hosts]
        for each in (self.places, self.argv, self.otherwise, env):
            fields += [str(len(each)), *each]
        return "\0".join(fields).encode(errors="surrogateescape")

    def spell_limits(self) -> str:
        """The bounds that its usher must have: nobody is ever bounded less than before."""
        return ",".join(f"{which}:{most}" for which, most in self.limits.items()) or "-"


class Usher:
    """Who lets one statement after the other into a box: what is said of the one that runs goes to `hear`."""

    def __init__(self, number: int, limits: str, link: socket.socket, forget: Callable[[socket.socket], None]) -> None:
        self.number, self.limits, self._link, self._forget = number, limits, link, forget
        self.hear: Callable[[bytes], None] = _ignore
        self.is_gone = False
        self.uses = 0
        asyncio.get_running_loop().add_reader(link, self._read)

    def send(self, content: bytes, fds: Mapping[str, int]) -> None:
        """Have an order carried out with these descriptors, which stay the sender's. Raises `OSError`."""
        self.uses += 1
        if len(content) <= MOST_INLINE:
            socket.send_fds(self._link, ["".join(fds).encode() + b"\n" + content], [*fds.values()])
            return
        held = os.memfd_create("order")
        try:
            os.write(held, content)
            socket.send_fds(self._link, [f"o{''.join(fds)}\n".encode()], [held, *fds.values()])
        finally:
            os.close(held)

    def _read(self) -> None:
        try:
            said = self._link.recv(64)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self.close()
        self.hear(said)

    def close(self) -> None:
        """Let it go: whoever is told nothing more has nothing to do."""
        if not self.is_gone:
            self.is_gone = True
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(self._link)
            self._forget(self._link)
            self._link.close()


def _ignore(said: bytes) -> None:
    """Nobody asked."""


class Berth:
    """One box with its porter."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, directory: Path, apart: bool) -> None:
        self._control, self._directory, self._apart = control, directory, apart
        self._poll, self._count = process.poll, 0
        self._idle: list[Usher] = []
        self._links: set[socket.socket] = set()
        self.users = 0
        self.used_at = time.monotonic()
        self.is_stale = False
        self._leave: Callable[[], object] = weakref.finalize(self, _leave, process, control, self._links)

    async def is_ready(self) -> str:
        """Wait until its porter is there; why it never will be, or nothing. Raises `OSError`."""
        said = await asyncio.get_running_loop().sock_recv(self._control, 64)
        return "" if said == porter.READY else "its first process did not start"

    def call(self, limits: str) -> Usher:
        """An usher with these bounds who has nothing to do, or a new one. Raises `OSError` where the box is gone."""
        if self._poll() is not None:
            raise ConnectionError("the box has ended")
        for usher in tuple(self._idle):  # whoever has been idle for longest is home
            if usher.limits == limits:
                self._idle.remove(usher)
                if not usher.is_gone:
                    return usher
        self._count += 1
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        near.setblocking(False)
        self._links.add(near)
        with far:
            word = "apart" if self._apart else "open"
            socket.send_fds(self._control, [f"usher {self._count} {limits} {word}".encode()], [far.fileno()])
        return Usher(self._count, limits, near, self._links.discard)

    def send(self, usher: Usher, order: Order, fds: Mapping[str, int]) -> None:
        """Have an usher carry out an order."""
        usher.send(order.spell(self._directory), fds)

    def release(self, usher: Usher, *, well: bool) -> None:
        """It has nothing to do any more; one with whom not all went well, or who has served long, is let go."""
        usher.hear = _ignore
        if well and not usher.is_gone and usher.uses < MOST_USES:
            self._idle.append(usher)
        else:
            usher.close()

    def kill(self, usher: Usher, which: int) -> None:
        """Signal all that an usher has let in; what cannot be refused ends the usher too."""
        with contextlib.suppress(OSError):
            self._control.send(f"kill {usher.number} {which}".encode())

    def close(self) -> None:
        """End whatever runs in it."""
        for usher in self._idle:
            usher.close()
        self._idle.clear()
        self._leave()


def _leave(process: subprocess.Popen[bytes], control: socket.socket, links: set[socket.socket]) -> None:
    for each in (control, *links):
        each.close()
    links.clear()
    process.kill()
    process.wait()


async def run(
    berth: Berth, order: Order, door: Sequence[int], timeout_s: int, hear: Hear, watch: Watch, begun: Callable[[], None]
) -> Ended:
    """Run an order to its end, its time-out, or until `watch` has a reason to stop it; `begun` is called when it has
    begun, and `door` is where the box hands out what listens in it. Raises `Unopened` if the box took nothing.
    """
    out, err, report, streams = Capture(), Capture(), _Report(needed=bool(order.report)), _Streams()
    said = _Answers(begun, streams.end_one)

    def take(name: str, capture: Capture) -> Take:
        def add(chunk: bytes) -> None:
            capture.add(chunk)
            hear(name, chunk)

        return add

    berth.users += 1
    usher, why = None, "it was let go of"
    try:
        fds = {"1": streams.open(take("out", out)), "e": streams.open(take("err", err))}
        usher = berth.call(order.spell_limits())
        usher.hear = said.take
        berth.send(usher, order, fds | report.fds | dict(zip("d", door, strict=False)))
        streams.begin()
        report.give()
        why = await follow(streams.over, timeout_s, watch, partial(_end, berth, usher, streams))
        berth.is_stale = berth.is_stale or not said.is_begun
        if said.is_shut or not (said.is_begun or why or err or door):
            raise Unopened
        return Ended(out=out, err=err, why=why, exit_code=said.code, begun=said.is_begun, statuses=report.read())
    except BlockingIOError as error:
        raise Unopened from error
    except OSError as error:
        berth.is_stale = True
        raise Unopened from error
    finally:
        berth.users -= 1
        berth.used_at = time.monotonic()
        if usher is not None:
            berth.release(usher, well=said.is_over and not why)
        streams.close()
        report.close()


class _Answers:
    """What an usher says of an order. One that says nothing any more was killed, and with it all that it had let in."""

    def __init__(self, begun: Callable[[], None], over: Callable[[], None]) -> None:
        self._begun, self._over = begun, over
        self.is_begun = self.is_shut = self.is_over = False
        self.code = KILLED

    def take(self, line: bytes) -> None:
        match line.decode().split():
            case ["start"]:
                self.is_begun = True
                self._begun()
                return
            case ["fail"]:
                self.is_begun = False
                return
            case ["end", code]:
                self.code, self.is_over = int(code), True
            case ["shut"]:
                self.is_shut = True
        self._over()


async def _end(berth: Berth, usher: Usher, streams: _Streams) -> None:
    """Ask it to end, then make it, and if even that does not help, end all that the box holds."""
    for which in (signal.SIGTERM, signal.SIGKILL, None):
        if which is None:
            berth.close()
        else:
            berth.kill(usher, which)
        await asyncio.wait((streams.over,), timeout=GRACE_S)
        if streams.over.done():
            return


class _Report:
    """Where a statement's shell says how the parts of its last pipe ended, if it does."""

    def __init__(self, *, needed: bool) -> None:
        self.fds: dict[str, int] = {}
        self._near: socket.socket | None = None
        if needed:
            self._near, far = socket.socketpair()
            self._near.setblocking(False)
            far.send(f"{BEGUN}\n".encode())  # or nothing else would be sent to it
            self.fds = {"r": far.detach()}

    def give(self) -> None:
        """The other end is in other hands."""
        while self.fds:
            os.close(self.fds.popitem()[1])

    def read(self) -> tuple[int, ...]:
        return read_report(self._near.fileno())[1] if self._near is not None else ()

    def close(self) -> None:
        self.give()
        if self._near is not None:
            self._near.close()


class _Streams:
    """Pipes from a statement; `over` is done when each has ended, and its usher has said the last.

    Most statements end soon and say little: what they have said is read then. What goes on longer is listened to.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._reading: dict[int, Take] = {}
        self._writing: list[int] = []
        self._heard: set[int] = set()
        self._soon: asyncio.TimerHandle | None = None
        self._is_told = False

    def end_one(self) -> None:
        """The usher has said the last: whatever was written is there to be read."""
        self._is_told = True
        for fd in tuple(self._reading):
            while self._read(fd):
                pass
        self._listen()
        self._look()

    def _look(self) -> None:
        if self._is_told and not self._reading and not self.over.done():
            self.over.set_result(None)

    def open(self, take: Take) -> int:
        """A pipe: the end to write to."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._reading[reading] = take
        self._writing.append(writing)
        return writing

    def begin(self) -> None:
        """The other ends are in other hands: listen to these, in a moment."""
        self._let_go()
        self._soon = self._loop.call_later(LISTEN_S, self._listen)

    def _listen(self) -> None:
        self._hush()
        for fd in self._reading.keys() - self._heard:
            self._heard.add(fd)
            self._loop.add_reader(fd, self._read, fd)

    def _hush(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def _read(self, fd: int) -> bool:
        """Take what is there; whether there may be more at once."""
        try:
            chunk = os.read(fd, CHUNK)
        except BlockingIOError:
            return False
        if chunk:
            self._reading[fd](chunk)
            return True
        self._shut(fd)
        self._look()
        return False

    def _shut(self, fd: int) -> None:
        if fd in self._heard:
            self._heard.discard(fd)
            self._loop.remove_reader(fd)
        os.close(fd)
        del self._reading[fd]

    def _let_go(self) -> None:
        while self._writing:
            os.close(self._writing.pop())

    def close(self) -> None:
        """Listen no more."""
        self._let_go()
        self._hush()
        for fd in tuple(self._reading):
            self._shut(fd)
