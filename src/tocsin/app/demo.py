"""`tocsin demo`: five teams with their playbooks, a small shop that breaks for real, a phone, and one address.

This process keeps the world, the phone and the referee; the tocsin server is a child of its own, so that it can be
killed and comes back. Everything lies in one folder and on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import msgspec

from tocsin.app.demo_workspace import write_workspace
from tocsin.app.stage import STAGE_FILE, Address
from tocsin.drill.fault import ConnectionLeak
from tocsin.drill.phone import Phone
from tocsin.drill.ports import choose_port
from tocsin.drill.referee import Referee
from tocsin.drill.stage import Server, Stage
from tocsin.drill.watcher import Watcher
from tocsin.drill.world import World
from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Clock
from tocsin.errors import Conflict, UserError
from tocsin.integrations.isolation import STEP_UID

READY_S = 240.0
"""A server that has ended is known at once; one that is still starting on a busy machine is waited for."""
MOST_STARTS = 3
MARK = "demo.lock"
"""What says that a folder is a demo's own, and holds it while one runs there."""
POLL_S = 0.1
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Child:
    """The tocsin server: started, killed on request, started again at once."""

    def __init__(self, workspace: Path, port: int, stage: Path, log: Path, clock: Clock) -> None:
        self._workspace, self._port, self._stage, self._log, self._clock = workspace, port, stage, log, clock
        self._process: asyncio.subprocess.Process | None = None
        self._since = clock.now()
        self._killed_at: datetime | None = None
        self.restarts = 0

    async def keep(self) -> None:
        """Keep it running until cancelled."""
        while True:
            with self._log.open("ab") as log:
                self._process = await self._spawn(log.fileno())
            self._since = self._clock.now()
            try:
                await self._process.wait()
            except asyncio.CancelledError:
                await self._end()
                raise
            self.restarts += 1
            await asyncio.sleep(POLL_S)

    async def _spawn(self, log: int) -> asyncio.subprocess.Process:
        verb = ["serve", "--workspace", str(self._workspace), "--port", str(self._port)]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tocsin", *verb),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, STAGE_FILE: str(self._stage)},
        )

    async def _end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self._process.wait()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def kill(self) -> None:
        """SIGKILL, without a word before."""
        if self._process is not None and self._process.returncode is None:
            self._killed_at = self._clock.now()
            self._process.kill()

    def look(self) -> Server:
        """How it is."""
        process = self._process
        alive = process is not None and process.returncode is None
        uptime = (self._clock.now() - self._since).total_seconds() if alive else 0.0
        return Server(
            pid=process.pid if process and alive else None,
            uptime_s=uptime,
            restarts=self.restarts,
            killed_at=self._killed_at,
            started_at=self._since if alive else None,
        )


async def run_demo(folder: Path, port: int) -> None:
    """Run the demo until it is interrupted; if the port is taken, on another one.

    Raises `UserError` if the folder is not a demo's own, cannot be written, or another demo runs in it.
    """
    folder, wanted = folder.absolute(), port
    port = _free(port)
    with _claim(folder):
        shutil.rmtree(folder / "workspace", ignore_errors=True)
        if port != wanted:
            print(f"Port {wanted} is taken, so this demo uses another one. Give one with --port.", flush=True)
        print("Starting five teams, a small shop and a server …", flush=True)
        await _play(folder, port)


async def _play(folder: Path, port: int) -> None:
    async with _stop_on_signals() as stopped, _world(folder) as world, Phone() as phone, Referee(world) as referee:
        workspace = folder / "workspace"
        key = write_workspace(workspace, world.layout, phone.url)
        clock = SystemClock()
        child = Child(workspace, port, folder / "stage.json", folder / "server.log", clock)
        alerts = f"http://127.0.0.1:{port}/in/{key}/api/v2/alerts"
        async with Watcher(world, alerts) as watcher:
            fault = ConnectionLeak(world)
            stage = Stage(
                world, fault, referee=referee, watcher=watcher, phone=phone, kill=child.kill, server=child.look
            )
            async with stage:
                _write_stage(folder / "stage.json", stage, spell_signin(workspace))
                await _show(child, workspace, port, world, stopped)


@contextlib.contextmanager
def _claim(folder: Path) -> Iterator[None]:
    """Hold the folder; what lies in it is removed later, so it must be new, empty, or a demo's of before."""
    mark = folder / MARK
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not mark.exists() and any(folder.iterdir()):
            raise UserError(f"{folder} is neither empty nor a demo's folder of before. Give another one with --folder.")
        handle = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        problem = f"{folder} cannot be used ({error.strerror}). Give another folder with --folder."
        raise UserError(problem) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Conflict(
            f"Another demo runs in {folder}. Open its address, end it with Ctrl-C, or give this one a --folder."
        ) from error
    try:
        yield
    finally:
        os.close(handle)


def _free(port: int) -> int:
    """The wanted port, or a free one where somebody else has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return choose_port()
    return port


@contextlib.asynccontextmanager
async def _stop_on_signals() -> AsyncIterator[asyncio.Event]:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in STOPS:
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _world(folder: Path) -> AsyncIterator[World]:
    """The world below the folder; for root, whose folder steps may not be able to enter, in a scratch folder."""
    if os.geteuid() != 0 or _is_open(folder):
        async with World(folder / "world", uid=STEP_UID if os.geteuid() == 0 else None) as world:
            yield world
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as scratch:
        Path(scratch).chmod(0o755)
        async with World(Path(scratch) / "world", uid=STEP_UID) as world:
            yield world


def _is_open(folder: Path) -> bool:
    """Whether everybody can enter the folder."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def spell_signin(workspace: Path) -> str:
    """What to type, wherever one stands, for another link into the demo."""
    program = Path(sys.argv[0])
    own = [str(program.absolute())] if program.name == "tocsin" else [sys.executable, "-m", "tocsin"]
    return shlex.join([*own, "signin", "you", "--workspace", str(workspace)])


def _write_stage(path: Path, stage: Stage, signin: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(Address(url=stage.url, token=stage.token, pid=os.getpid(), signin=signin)))


async def _show(child: Child, workspace: Path, port: int, world: World, stopped: asyncio.Event) -> None:
    keeping = asyncio.create_task(child.keep())
    try:
        address = await _sign_in(child, workspace, port)
        print(_describe(world, workspace.parent, address), flush=True)
        await stopped.wait()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def _describe(world: World, folder: Path, address: str) -> str:
    scratch = "" if folder in world.directory.parents else f" and {world.directory.parent} (removed at the end)"
    return "\n".join(
        [
            "",
            f"  Open this address; you are signed in:  {address}",
            "",
            "  Watch one break, or drop your own playbook. Ctrl-C ends it. A second browser signs in with",
            f"  {spell_signin(folder / 'workspace')}",
            "",
            f"  It touches only {folder}{scratch} and ports of this machine's own;",
            "  it starts no system service, sends nothing anywhere, and runs steps only inside its own small shop.",
            "",
        ]
    )


async def _sign_in(child: Child, workspace: Path, port: int) -> str:
    """Wait until the server answers, and ask it for a way in."""
    log = workspace.parent / "server.log"
    url = f"http://127.0.0.1:{port}"
    credential = workspace / ".tocsin" / "credential"
    deadline = asyncio.get_running_loop().time() + READY_S
    async with httpx.AsyncClient(base_url=url, timeout=5) as client:
        while asyncio.get_running_loop().time() < deadline and child.restarts < MOST_STARTS:
            with contextlib.suppress(httpx.HTTPError, OSError):
                headers = {"Authorization": f"Bearer {credential.read_text(encoding='utf-8')}"}
                answer = await client.post("/api/links", json={"person": "you"}, headers=headers)
                if answer.is_success:
                    return f"{answer.json()['url']}?go=1&to=/demo"
            await asyncio.sleep(POLL_S)
    if child.restarts < MOST_STARTS:
        raise UserError(f"The server did not start within {READY_S:.0f} s; look into {log}.")
    last = (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"])[-1]
    raise UserError(f"The server ends as soon as it has started. The last that it said, in {log}: {last}")
