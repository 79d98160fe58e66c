"""A world: a small shop below one directory, with its processes, its commands and a referee's view of its data.

Nothing in it touches the machine outside: no system service, no package, no port but one free loopback port. Its
processes end when ``stop`` is called and also when this process dies without a word.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import msgspec

from tocsin.drill.demo.world.place import BACKUP, DATABASE_FILE, PROJECT, SERVER_PORT
from tocsin.drill.ground import claim, git_environment, lay_out
from tocsin.drill.interpreter import find_interpreter, identity
from tocsin.drill.ports import choose_port, is_listening
from tocsin.drill.supervisor import Process, Supervisor
from tocsin.errors import Unavailable

READY_SECONDS = 10.0
FILL_SECONDS = 20.0
PORT_ATTEMPTS = 3
POLL = 0.02


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox must show and allow, so that a playbook's statements work in this world.

    ``directory`` is where statements start. Every path must be visible at the same place as outside. ``env`` must be
    set as it stands; ``path`` is its PATH as a list. ``readable`` and ``writable`` are directories. ``uid`` is the user
    that owns the world (statements run as this user, or as root, or as the same user inside a user namespace).
    ``network`` says that the host's loopback interface must be reachable, for curl; the other commands reach the world
    through a socket below ``directory``.
    """

    directory: Path
    path: tuple[str, ...]
    env: dict[str, str]
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    uid: int
    network: bool


class World:
    """A shop that can break. Use it as ``async with World(directory) as world``."""

    name = PROJECT

    def __init__(self, directory: Path, *, uid: int | None = None) -> None:
        """``directory`` is emptied if it held a world before, and must otherwise be empty or absent.

        With ``uid`` (only root can) the world belongs to that user and runs as it: the same one as the sandbox in which
        the playbook's statements run.
        """
        self.directory = directory.resolve()
        self.uid = uid
        self.port = 0
        self.interpreter = ""
        self._claim: int | None = None
        self._supervisor: Supervisor | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where the order service really listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def instance(self) -> str:
        """The address that the team knows the order service by; the world's curl finds it there."""
        return f"localhost:{SERVER_PORT}"

    @property
    def database_file(self) -> Path:
        """The file that holds the orders."""
        return self.directory / DATABASE_FILE

    @property
    def calls_file(self) -> Path:
        """The record of every command called in the world: one JSON object a line (at, argv, cwd, exit, seconds)."""
        return self.directory / "log" / "calls.jsonl"

    @property
    def backup_file(self) -> Path:
        """Last night's backup."""
        return self.directory / BACKUP

    @property
    def layout(self) -> Layout:
        """What a sandbox must show and allow."""
        commands = self.directory / "bin"
        path = (str(commands), "/usr/local/bin", "/usr/bin", "/bin")
        found = Path(self.interpreter)
        prefixes = (found.resolve().parents[1], found.parents[1])
        own = tuple(
            each for each in dict.fromkeys(prefixes) if each not in {Path("/usr"), Path("/usr/local"), Path("/")}
        )
        return Layout(
            directory=self.directory,
            path=path,
            env=git_environment(self.directory) | {"PATH": ":".join(path), "CURL_HOME": str(self.directory)},
            readable=(Path("/usr"), Path("/bin"), Path("/lib"), Path("/lib64"), *own),
            writable=(self.directory,),
            uid=os.getuid() if self.uid is None else self.uid,
            network=True,
        )

    async def start(self) -> None:
        """Lay the world out and start it; returns when it takes orders.

        Raises Unavailable with the reason when it cannot, Conflict when the directory is in use; then nothing is left
        running.
        """
        try:
            self._claim = await asyncio.to_thread(claim, self.directory)
            self.interpreter = await find_interpreter(self.directory, self.uid)
            await asyncio.to_thread(lay_out, self.directory, self.interpreter, self.uid)
            await self._fill()
            await self._start_on_a_free_port()
        except (OSError, subprocess.SubprocessError) as error:
            await self.stop()
            raise Unavailable(f"The drill world cannot be laid out in {self.directory}: {error}.") from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End every process of the world; what it has written stays for whoever wants to look."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            await supervisor.stop()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    async def processes(self) -> tuple[Process, ...]:
        """How the world's processes stand."""
        return await self.supervisor.ask("ps")

    async def act(self, verb: str, *services: str) -> tuple[Process, ...]:
        """``start``, ``stop``, ``restart`` or ``kill`` processes (none named: all); returns how they stand then."""
        return await self.supervisor.ask(verb, *services)

    async def renew_orders(self) -> None:
        """Put the orders back as they were in the beginning; for a world whose data a response has destroyed."""
        await self.act("stop")
        await self._fill()
        await self.act("start")

    async def owns_its_port(self) -> bool:
        """Is it our own server that listens on the port? Asked before anything is broken."""
        pids = [process.pid for process in await self.processes() if process.service == "server"]
        return any(pid and is_listening(pid, self.port) for pid in pids)

    async def is_healthy(self) -> bool:
        """Does our own server say that it is well?"""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=3.0) as client:
                answer = await client.get(f"{self.url}/api/health")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and await self.owns_its_port()

    @property
    def supervisor(self) -> Supervisor:
        """The running supervisor; raises Unavailable before the start and after the end."""
        if self._supervisor is None:
            raise Unavailable("The drill world is not running; start it first.")
        return self._supervisor

    async def spawn(self, program: str) -> asyncio.subprocess.Process:
        """Start one of the world's programs as the world's user; it ends with us, and speaks on its standard output."""
        return await asyncio.create_subprocess_exec(
            self.interpreter,
            "-IS",
            str(self.directory / "app" / "launch.py"),
            program,
            cwd=self.directory,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            **identity(self.uid),
        )

    async def _fill(self) -> None:
        filling = await self.spawn("orders")
        try:
            async with asyncio.timeout(FILL_SECONDS):
                code = await filling.wait()
        except TimeoutError:
            filling.kill()
            code = await filling.wait()
        if code:
            raise Unavailable(
                f"The drill world's orders could not be written below {self.directory}; is the disk full?"
            )

    async def _start_on_a_free_port(self) -> None:
        for _ in range(PORT_ATTEMPTS):
            self.port = choose_port()
            self._supervisor = await Supervisor.start(self.directory, self.interpreter, self.port, self.uid)
            if await self._becomes_ready():
                return
            await self._supervisor.stop()
            self._supervisor = None
        raise Unavailable(f"The drill world did not start within {READY_SECONDS:.0f} s:\n{self._last_words()}")

    async def _becomes_ready(self) -> bool:
        """Wait until orders can be taken; False when a process gave up, as it does when its port was taken."""
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                states = await self.processes()
                if any(process.state == "exited" for process in states):
                    return False
                if await self.is_healthy():
                    return True
            except Unavailable:
                if not self.supervisor.running:
                    return False
            await asyncio.sleep(POLL)
        return False

    def _last_words(self) -> str:
        logs = sorted((self.directory / "log").glob("*.log"))
        return "\n".join(f"{log.name}: {text[-500:]}" for log in logs if (text := log.read_text(errors="replace")))
