"""`tocsin` in a process of its own that need not read its modules first.

Half of what a server's start costs, and nearly all of what a verb costs, is Python reading some two thousand modules.
So one process reads them once, and is forked for each server and each verb that a test starts. What is started so is a
process like any other: with an id, an environment, a folder and streams of its own, which can be stopped, killed and
traced. That a new interpreter finds its modules and starts is shown by `tests/cli`, by the demo's tests, by a server in
`test_serve.py`, and by all of `make torture`, which forks nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

AT_START = ("PYTHON", "LC_", "LANG", "TZ")
"""What Python reads from its environment before any of our code runs: where it differs, nothing is forked."""
PATH = "PYTHONPATH"
BESIDE = (
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.httptools_impl",
)
"""What servers load only once they start, beside our own modules."""
ROOMS = ("cli", "app", "web", "store", "engine", "integrations")
LONGEST = 1 << 20


class Forked:
    """A process that was forked, with what is asked of a `subprocess.Popen`."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], out: int, err: int) -> None:
        self.args = ("tocsin", *words)
        self.returncode: int | None = None
        self._reading = threading.Lock()
        self._told, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked = json.dumps({"words": words, "environment": environment, "folder": str(Path.cwd())})
        with telling:
            socket.send_fds(_find_mother(), [asked.encode()], [out, err, telling.fileno()])
        self.pid = int(self._told.recv(64))

    def poll(self) -> int | None:
        """How it ended, negative for a signal; null while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self._read()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has; `timeout` in seconds."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self._read()
        assert self.returncode is not None
        return self.returncode

    def _read(self) -> None:
        with self._reading:
            if self.returncode is None:  # else another thread has waited too
                said = self._told.recv(64)
                assert said, "The process that is forked has ended before its child."
                self.returncode = int(said)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)

    def __del__(self) -> None:
        self._told.close()


Process = Forked | subprocess.Popen[bytes]


def spawn(
    *words: str, out: IO[bytes], err: IO[bytes] | None = None, environment: dict[str, str] | None = None
) -> Process:
    """`tocsin` with these words; `environment` is all of its environment, null for ours."""
    environment = dict(os.environ) if environment is None else environment
    if may_fork(environment):
        return Forked(words, environment, out.fileno(), (err or out).fileno())
    return subprocess.Popen([sys.executable, "-m", "tocsin", *words], stdout=out, stderr=err or out, env=environment)


def run(
    *words: str, environment: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """`tocsin` with these words, to its end, in at most `timeout` seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = spawn(*words, out=out, err=err, environment=environment)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        said = [_read_text(each) for each in (out, err)]
    return subprocess.CompletedProcess(["tocsin", *words], code, *said)


def _read_text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def may_fork(environment: dict[str, str]) -> bool:
    """Whether an interpreter that starts in this environment would be as the one that is forked."""
    return os.environ.get("TOCSIN_TORTURE") != "all" and _find_settings(environment) == _find_settings(_FIRST)


def _find_settings(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(AT_START) and name != PATH}


_FIRST = dict(os.environ)
"""The environment of whoever is forked."""


@functools.cache
def _find_mother() -> socket.socket:
    """The process that is forked, started when it is first needed. It ends when we do."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        argv = [sys.executable, __file__, str(its.fileno())]
        process = subprocess.Popen(argv, pass_fds=[its.fileno()], env=_FIRST, cwd="/", stdout=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait(30)

    atexit.register(end)
    return ours


class _Asked:
    """What a child is to be."""

    def __init__(self, said: bytes, streams: list[int]) -> None:
        asked = json.loads(said)
        self.words, self.environment, self.folder = asked["words"], asked["environment"], asked["folder"]
        self.out, self.err, self.telling = streams

    def become(self) -> None:
        """Be it: nothing is left of the one that was forked but its modules."""
        os.dup2(self.out, 1)
        os.dup2(self.err, 2)
        os.closerange(3, 1 + max(int(each.name) for each in Path("/proc/self/fd").iterdir()))
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        import tocsin

        sys.argv = [str(Path(tocsin.__file__).with_name("__main__.py")), *self.words]
        for place in filter(None, self.environment.get(PATH, "").split(os.pathsep)):
            sys.path.insert(1, place)
            if (Path(place) / "sitecustomize.py").exists():
                runpy.run_path(str(Path(place) / "sitecustomize.py"))


def read_modules() -> None:
    """Read all that a server or a verb may need. What is made of it is kept out of the sight of the collector."""
    import tocsin

    for room in ROOMS:
        for found in pkgutil.walk_packages([str(Path(tocsin.__path__[0]) / room)], f"tocsin.{room}."):
            if ".migrations" not in found.name:  # they ask for a database as soon as they are read
                __import__(found.name)
    for name in BESIDE:
        __import__(name)
    _warm(Path(tocsin.__path__[0]))
    gc.collect()
    gc.freeze()


def _warm(folder: Path) -> None:
    """Read a playbook, so that what is known of commands has been read and the patterns have been compiled."""
    from tocsin.knowledge import load_knowledge
    from tocsin.playbook.compile import compile_playbook

    path = folder / "drill" / "demo" / "playbooks" / "quorum.md"
    compile_playbook(path.read_bytes(), str(path), load_knowledge())


def answer(asking: socket.socket) -> bool:
    """Fork for each who asks, and tell each how its child ended. True in a child, false once nobody asks any more."""
    ends: dict[int, tuple[int, socket.socket]] = {}
    poll = select.poll()
    poll.register(asking, select.POLLIN)
    while True:
        for number, _ in poll.poll():
            if number in ends:
                poll.unregister(number)
                pid, telling = ends.pop(number)
                os.close(number)
                _tell_end(pid, telling)
                continue
            said, streams, _, _ = socket.recv_fds(asking, LONGEST, 3)
            if not said:
                return False
            asked = _Asked(said, streams)
            pid = os.fork()
            if pid == 0:
                asked.become()
                return True
            os.close(asked.out)
            os.close(asked.err)
            telling = socket.socket(fileno=asked.telling)
            telling.send(str(pid).encode())
            end = os.pidfd_open(pid)
            ends[end] = (pid, telling)
            poll.register(end, select.POLLIN)


def _tell_end(pid: int, telling: socket.socket) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with telling, contextlib.suppress(OSError):  # whoever started it may not want to know
        telling.send(str(code).encode())


if __name__ == "__main__":
    sys.path.pop(0)  # the tests' folder, where Python looks for modules of a program
    read_modules()
    assert threading.active_count() == 1, "Only a process of one thread can be forked."
    if answer(socket.socket(fileno=int(sys.argv[1]))):
        from tocsin.cli import main

        main()
