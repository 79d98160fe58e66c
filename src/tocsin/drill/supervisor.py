"""Our end of a world's supervisor: starts it, asks it things, and makes sure that it ends and takes everything along.

The supervisor itself runs inside the world (``demo/world/supervise.py``). It holds its processes as children, so that
a signal never goes to a stranger who was given a dead process's number.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import msgspec

from tocsin.drill.interpreter import identity
from tocsin.errors import Unavailable

ANSWER_SECONDS = 20.0
STOP_SECONDS = 5.0
ANSWER_LIMIT = 1 << 20


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a world. Times are seconds since the epoch; ``exit`` is null while it runs."""

    service: str
    container: str
    state: str
    pid: int
    exit: int | None
    started: float
    ended: float
    restarts: int


class _Answer(msgspec.Struct, frozen=True):
    services: tuple[Process, ...] = ()
    error: str = ""


class Supervisor:
    """A started supervisor; ``stop`` it, or let this process end, and nothing of the world is left running."""

    def __init__(self, process: asyncio.subprocess.Process, run: int) -> None:
        self._process = process
        self._run = run

    @classmethod
    async def start(cls, directory: Path, interpreter: str, port: int, uid: int | None) -> Supervisor:
        """Start it in a laid-out directory; its own words go to ``log/supervisor.log``."""
        log = directory / "log" / "supervisor.log"
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644), "ab") as file:
            process = await asyncio.create_subprocess_exec(
                interpreter,
                "-IS",
                str(directory / "app" / "launch.py"),
                "supervise",
                str(port),
                cwd=directory,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                stdin=asyncio.subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
                **identity(uid),
            )
        return cls(process, os.open(directory / "run", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))

    @property
    def running(self) -> bool:
        """Is it there?"""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id, which is also the process group of everything that it started."""
        return self._process.pid

    def address(self, name: str) -> str:
        """A path to the world's socket ``name`` that is short however deep the directory lies."""
        return f"/proc/self/fd/{self._run}/{name}"

    async def ask(self, verb: str, *services: str) -> tuple[Process, ...]:
        """Have it do something (``ps``, ``start``, ``stop``, ``restart``, ``kill``); returns how things stand then.

        Raises Unavailable when it does not answer or refuses.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                line = await self._converse(msgspec.json.encode({"do": verb, "services": services}))
            answer = msgspec.json.decode(line, type=_Answer)
        except (OSError, TimeoutError, ValueError) as error:
            raise Unavailable(
                f"The drill world's supervisor does not answer ({error}); start the world anew."
            ) from error
        if answer.error:
            raise Unavailable(f"The drill world's supervisor refused: {answer.error}.")
        return answer.services

    async def stop(self) -> None:
        """End the world: by closing its lifeline, and if that is not enough by killing its process group."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()
        os.close(self._run)

    async def _converse(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.address("supervisor.sock"), limit=ANSWER_LIMIT)
        try:
            writer.write(request + b"\n")
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
