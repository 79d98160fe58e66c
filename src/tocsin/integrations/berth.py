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
from pathlib import Path

import msgspec

from tocsin.integrations import porter
from tocsin.integrations.box import SCRATCH_BYTES
from tocsin.integrations.capture import CHUNK, Capture
from tocsin.integrations.process import BEGUN, GRACE_S, Ended, Hear, Watch, follow, read_report

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
        """As `porter` reads it."""
        lists = (
            self.places,
            [f"{which}:{most}" for which, most in self.limits.items()],
            self.argv,
            self.otherwise,
            [f"{name}={value}" for name, value in self.env.items()],
        )
        fields = [str(directory), str(SCRATCH_BYTES), str(self.report), self.start_up, self.hosts]
        for each in lists:
            fields += [str(len(each)), *each]
        return "\0".join(fields).encode(errors="surrogateescape")


class Berth:
    """One box with its porter."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, directory: Path, apart: bool) -> None:
        self._control, self._directory, self._apart = control, directory, apart
        self._count = 0
        self.users = 0
        self.used_at = time.monotonic()
        self.is_stale = False
        self._leave: Callable[[], object] = weakref.finalize(self, _leave, process, control)

    async def is_ready(self) -> str:
        """Wait until its porter is there; why it never will be, or nothing. Raises `OSError`."""
        said = await asyncio.get_running_loop().sock_recv(self._control, 64)
        return "" if said == porter.READY else "its first process did not start"

    def send(self, order: Order, fds: Mapping[str, int]) -> int:
        """Have an order carried out with these descriptors, which stay the sender's; the number of what runs then.

        Raises `OSError` where the porter is gone.
        """
        self._count += 1
        content = os.memfd_create("order")
        try:
            os.write(content, order.spell(self._directory))
            word = "apart" if self._apart else "open"
            message = f"run {self._count} o{''.join(fds)} {word}".encode()
            socket.send_fds(self._control, [message], [content, *fds.values()])
        finally:
            os.close(content)
        return self._count

    def kill(self, number: int, which: int) -> None:
        """Signal all that an order has started."""
        with contextlib.suppress(OSError):
            self._control.send(f"kill {number} {which}".encode())

    def close(self) -> None:
        """End whatever runs in it."""
        self._leave()


def _leave(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    process.kill()
    process.wait()


async def run(
    berth: Berth, order: Order, door: Sequence[int], timeout_s: int, hear: Hear, watch: Watch, begun: Callable[[], None]
) -> Ended:
    """Run an order to its end, its time-out, or until `watch` has a reason to stop it; `begun` is called when it has
    begun, and `door` is where the box hands out what listens in it. Raises `Unopened` if the box took nothing.
    """
    out, err, said, report = Capture(), Capture(), _Answers(begun), _Report(needed=bool(order.report))
    streams = _Streams()

    def take(name: str, capture: Capture) -> Take:
        def add(chunk: bytes) -> None:
            capture.add(chunk)
            hear(name, chunk)

        return add

    berth.users += 1
    try:
        fds = {"a": streams.open(said.take), "1": streams.open(take("out", out)), "e": streams.open(take("err", err))}
        number = berth.send(order, fds | report.fds | dict(zip("d", door, strict=False)))
        streams.begin()
        report.give()
        why = await follow(streams.over, timeout_s, watch, lambda: _end(berth, number, streams))
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
        streams.close()
        report.close()


class _Answers:
    """What is said of an order. A first process that says nothing any more was killed."""

    def __init__(self, begun: Callable[[], None]) -> None:
        self._said, self._begun = b"", begun
        self.is_begun = self.is_shut = False
        self.code = KILLED

    def take(self, chunk: bytes) -> None:
        *lines, self._said = (self._said + chunk).split(b"\n")
        for line in lines:
            match line.decode().split():
                case ["start"]:
                    self.is_begun = True
                    self._begun()
                case ["fail"]:
                    self.is_begun = False
                case ["end", code]:
                    self.code = int(code)
                case _:
                    self.is_shut = True


async def _end(berth: Berth, number: int, streams: _Streams) -> None:
    """Ask it to end, then make it, and if even that does not help, end all that the box holds."""
    for which in (signal.SIGTERM, signal.SIGKILL, None):
        if which is None:
            berth.close()
        else:
            berth.kill(number, which)
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
    """Pipes from a statement; `over` is done when each has ended."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._reading: dict[int, Take] = {}
        self._writing: list[int] = []

    def open(self, take: Take) -> int:
        """A pipe: the end to write to."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._reading[reading] = take
        self._writing.append(writing)
        return writing

    def begin(self) -> None:
        """The other ends are in other hands: listen to these."""
        self._let_go()
        for fd in self._reading:
            self._loop.add_reader(fd, self._read, fd)

    def _read(self, fd: int) -> None:
        try:
            chunk = os.read(fd, CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self._reading[fd](chunk)
            return
        self._loop.remove_reader(fd)
        os.close(fd)
        del self._reading[fd]
        if not self._reading and not self.over.done():
            self.over.set_result(None)

    def _let_go(self) -> None:
        while self._writing:
            os.close(self._writing.pop())

    def close(self) -> None:
        """Listen no more."""
        self._let_go()
        for fd in self._reading:
            self._loop.remove_reader(fd)
            os.close(fd)
        self._reading.clear()
