"""`tocsin serve`: put the parts together, start them in order, and let them go in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import uvicorn

from tocsin.app.guarding import isolate, say_tmp
from tocsin.app.kill import arm
from tocsin.app.overrides import apply_wishes
from tocsin.app.parts import Parts, build
from tocsin.app.slack import keep_listening
from tocsin.app.storage import Storage, find_node, find_url, open_file, open_shared, require_nodes
from tocsin.app.workspace import Workspace, load_workspace
from tocsin.engine.clock import SystemClock
from tocsin.engine.failpoint import Reach
from tocsin.engine.loop import Engine
from tocsin.errors import UserError
from tocsin.integrations.isolation import Isolation
from tocsin.store.lock import take_lock
from tocsin.timeline.events import PlaybookActivated
from tocsin.web import create_app
from tocsin.web.desk import Stage
from tocsin.web.rotas import Rotas
from tocsin.web.server import make_server
from tocsin.words import Mode

LOG = logging.getLogger("tocsin")

LINK_GOOD_FOR = timedelta(hours=1)
TOKEN_GOOD_FOR = timedelta(days=3650)
BACKLOG = 2048  # uvicorn's own default
MOST_TOLD = 5
"""Findings about schedules that a start tells of."""
LOOK_EVERY_S = 2.0
LOOK_SOON_S = 0.02
FINISH_S = 5.0
"""How long pages and steps in flight may take at the end; with the web server's grace it is the ten seconds after which
docker kills.
"""
TURN_S = 1.0
"""How much of that the turn may take that is under way."""
GC_THRESHOLDS = (20_000, 20, 100)
SWITCH_S = 0.0005
"""How long the loop may wait for the thread that writes, and it for the loop; Python's own 5 ms are a page's time."""
ADMIN = "local-admin"
"""Who the credential file stands for: whoever can read the workspace's private files."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to serve. `data` defaults to `.tocsin/data` in the workspace; `stage` is the demo's and `leave_with`
    its process, if this is the demo.
    """

    root: Path
    host: str = "127.0.0.1"
    port: int = 8420
    data: Path | None = None
    mode: Mode | None = None
    node: str | None = None
    open_intake: bool = False
    webhook: str | None = None
    group_by: tuple[str, ...] = ()
    group_wait_s: float | None = None
    group_interval_s: float | None = None
    stage: Stage | None = None
    leave_with: int | None = None

    @property
    def called(self) -> str:
        """The name of this node."""
        return find_node(self.node, os.environ)

    @property
    def private(self) -> Path:
        """The workspace's private folder."""
        return self.root / ".tocsin"

    @property
    def data_directory(self) -> Path:
        """Where the data lies."""
        return (self.data or self.private / "data").absolute()


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT. Raises `UserError` with one clear sentence if it cannot begin."""
    _check_exposure(options)
    _keep_private(options.private)
    lock = take_lock(options.data_directory)
    listener = _listen(options)
    try:
        async with _running(options, listener) as server:
            await server.serve(sockets=[listener])
    finally:
        listener.close()
        os.close(lock)


def _keep_private(folder: Path) -> None:
    """The private folder is the owner's alone. A workspace that cannot be written is found by whoever writes first."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)


def _check_exposure(options: Options) -> None:
    if options.open_intake and not _is_loopback(options.host):
        raise UserError(
            f"--open-intake lets anybody who can reach {options.host} open incidents. Use it on 127.0.0.1 only, or "
            "give your sources a team's intake key."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        # From now on, not from the announcement on: whoever reads the address first must not be refused.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UserError(
            f"Port {options.port} on {options.host} cannot be used ({error.strerror}). Give another one with --port."
        ) from error
    return listener


@contextlib.asynccontextmanager
async def _running(options: Options, listener: socket.socket) -> AsyncIterator[uvicorn.Server]:
    gc.disable()  # what a server reads as it begins stays; to look at it again and again keeps it from being ready
    url = f"http://{_spell_host(options.host)}:{listener.getsockname()[1]}"
    failpoints = arm(os.environ)
    isolation = await _isolate(options)
    workspace = _load(options, isolation)
    storage = await _open(options, workspace, failpoints)
    parts = await build(storage, options.data_directory, workspace, isolation, failpoints, url, options)
    server = make_server(create_app(parts.desk))
    await _go_on_in_time(parts)
    await parts.engine.start()  # before anything is handed out: it takes back all that this node has
    going = [
        parts.engine.run(),
        parts.engine.waking.run(),
        parts.engine.intake.keep_flushing(),
        _watch(options, parts, isolation),
        parts.keep_sweeping(),
        parts.calendars.keep_reading(),
        parts.housekeeping.run(),
        parts.elsewhere.run(),
        parts.own_rules.run(),
        parts.shadow_files.run(),
        _settle_in(parts, storage, server),
        keep_listening(parts.desk, parts.desk.channels),
        *parts.lookout.list_chores(),
        *parts.public.list_chores(parts.desk),
        *storage.chores(parts.journal),
    ]
    if options.leave_with is not None:
        going.append(_leave_with(options.leave_with, server))
    tasks = [asyncio.create_task(each) for each in going]
    for task in tasks:
        task.add_done_callback(lambda ended: _end_loudly(ended, server))
    try:
        await _activate_first(parts)
        await _announce(options, parts, url)
        await _tell_schedules(parts)
        yield server
    finally:
        await _end_engine(parts.engine, tasks[:2])
        for task in tasks[2:]:  # until here they renewed what this node holds
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(Exception):  # a later end that is lost is heard of again
            await parts.engine.intake.flush()
        await parts.fleet.close()
        await storage.close()


async def _end_engine(engine: Engine, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Begin nothing new, and let what is under way come to its end, within bounds. `tasks` are the engine's loop, and
    what looks ahead of it.
    """
    engine.end()
    for task in tasks[1:]:
        task.cancel()
    await asyncio.wait(tasks, timeout=TURN_S)
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with contextlib.suppress(Exception):  # the store may be gone: what is marked as handed out is found at the start
        async with asyncio.timeout(FINISH_S):
            await engine.dispatch.finish(FINISH_S - 2 * TURN_S)
    engine.handing.stop()
    engine.gaps.stop()


async def _open(options: Options, workspace: Workspace, reach: Reach) -> Storage:
    """The data, where the settings or the environment say that it is."""
    url = find_url(workspace.store, os.environ)
    if url is None:
        return open_file(options.data_directory, reach)
    return await open_shared(url, options.root, options.data_directory, options.called, reach)


async def _settle_in(parts: Parts, storage: Storage, server: uvicorn.Server) -> None:
    """What a server of very many incidents does once it can be asked: have them in memory, and check how they end."""
    while not server.started:
        await asyncio.sleep(LOOK_SOON_S)
    await parts.engine.warm()
    await storage.check_ends()
    _settle_memory()


def _settle_memory() -> None:
    """What is there now stays: the collector need not look at it again, nor stop a page for a look at everything."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
    sys.setswitchinterval(SWITCH_S)


async def _go_on_in_time(parts: Parts) -> None:
    """What was recorded before this server started is not in the future, whatever the machine's clock says."""
    newest = await parts.store.newest()
    if newest is not None and not parts.clock.go_on_from(newest):
        LOG.critical("The last record is of %s, far ahead of this machine's clock; set the clock right.", newest)


async def _leave_with(parent: int, server: uvicorn.Server) -> None:
    """A demo's server ends when the demo has, however that ended: nothing of a demo is left running."""
    while os.getppid() == parent:
        await asyncio.sleep(LOOK_EVERY_S)
    server.should_exit = True


def _end_loudly(task: asyncio.Task[None], server: uvicorn.Server) -> None:
    """A server whose engine has ended must not look alive."""
    if task.cancelled():
        if not server.should_exit:
            LOG.critical("A part of the server was given up on by what it waited for; the server ends too.")
            server.should_exit = True
        return
    if (error := task.exception()) is not None:
        LOG.critical("A part of the server has ended; the server ends too.", exc_info=error)
        server.should_exit = True


def _spell_host(host: str) -> str:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 compared, not bound
    return f"[{shown}]" if ":" in shown else shown


async def _isolate(options: Options) -> Isolation | str:
    """Isolation is tried where the targets' statements would run, with what they must not see and alter."""
    today = SystemClock().now().date()
    return await isolate(load_workspace(options.root, today, node=options.called), options.data_directory)


def _load(options: Options, isolation: Isolation | str) -> Workspace:
    today = SystemClock().now().date()
    workspace = load_workspace(options.root, today, isolation if isinstance(isolation, str) else "", options.called)
    require_nodes(workspace, options.called, find_url(workspace.store, os.environ))
    workspace = say_tmp(workspace, options.data_directory, isolation)
    return apply_wishes(workspace, options)


async def _watch(options: Options, parts: Parts, isolation: Isolation | str) -> None:
    """Look at the files; a change that holds together is taken over, one that does not is said and left out."""
    seen = _stamps(parts.workspace)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now = _stamps(parts.workspace)
        if now == seen:
            continue
        seen = now
        try:
            await parts.take_over(await asyncio.to_thread(_load, options, isolation))
            LOG.warning("The settings have changed and hold together; they are in use.")
        except UserError as error:
            parts.refused = str(error)
            LOG.error("The settings have changed and are not used:\n%s", error)  # noqa: TRY400 a person's slip, no trace
        except Exception as error:
            parts.refused = f"{type(error).__name__}: {error}"
            LOG.exception("The settings have changed and could not be taken over.")
            seen = {}


def _stamps(workspace: Workspace) -> dict[Path, tuple[int, int]]:
    """When each file was last changed and how long it is; what is missing at this moment is left out."""
    found = {}
    for path in workspace.files:
        with contextlib.suppress(OSError):
            status = path.stat()
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


async def _activate_first(parts: Parts) -> None:
    """The first playbook that a server meets was chosen by whoever made the workspace; later ones are activated."""
    for name, team in parts.shelf.settings.teams.items():
        first = PlaybookActivated(digest=team.playbook.digest, by="init")
        await parts.journal.change_team(name, first, lambda standing: not standing.activated)


async def _announce(options: Options, parts: Parts, url: str) -> None:
    """Write down how to reach the server, and how to sign in for the first time.

    The credential comes first: whoever finds the address finds what to ask with.
    """
    now = parts.engine.clock.now()
    credential = options.private / "credential"
    if not await _is_good(parts, credential):
        secret = await parts.sessions.begin("token", ADMIN, now + TOKEN_GOOD_FOR)
        _write_private(credential, secret.encode())
    _write_private(options.private / "server.json", msgspec.json.encode({"url": url, "pid": os.getpid()}))
    person = next(iter(parts.shelf.settings.people), ADMIN)
    link = await parts.sessions.begin("link", person, now + LINK_GOOD_FOR)
    shown = parts.workspace.url or url
    teams = len(parts.shelf.settings.teams)
    print(f"tocsin serves {teams} team{'' if teams == 1 else 's'} at {shown}")
    print(f"Sign in once, within the hour: {shown}/signin/{link}", flush=True)


async def _tell_schedules(parts: Parts) -> None:
    """What is wrong with who is on duty in the weeks to come, before it matters."""
    findings = (await Rotas(parts.desk).view()).findings
    for each in findings[:MOST_TOLD]:
        when = f" from {each.starts_at:%Y-%m-%d %H:%M} UTC" if each.starts_at else ""
        LOG.warning("On call: %s: %s%s.", each.team, each.text, when)
    if len(findings) > MOST_TOLD:
        LOG.warning("On call: %d more; see: tocsin schedules", len(findings) - MOST_TOLD)


async def _is_good(parts: Parts, credential: Path) -> bool:
    if not credential.is_file():
        return False
    secret = credential.read_text(encoding="utf-8").strip()
    return await parts.sessions.whose("token", secret, parts.engine.clock.now()) == ADMIN


def _write_private(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    draft.replace(path)
