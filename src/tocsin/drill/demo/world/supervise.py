"""The world's supervisor: keeps the shop's two processes and acts on them when asked over a unix socket.

One line of JSON each way. Whoever started it holds the other end of its standard input: when that closes, everything
ends. A connection may introduce itself as one call of a command (``call``); it is recorded when the connection closes,
so that a command killed half-way is in the record too.

    {"do": "ps"}                                        every process
    {"do": "start" | "stop" | "restart" | "kill" | "down" | "up", "services": [NAME, …]}   none named: all
    {"do": "stats"}                                     CPU and memory
    {"do": "call", "argv": [...], "cwd": PATH}          who is calling
    {"do": "exit", "code": N}                           how the call ended
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .container import Container, measure
from .journal import Journal
from .lifeline import die_with_parent
from .place import LOGS, ROOT, SERVER_PORT, SUPERVISOR

REQUEST_LIMIT = 1 << 16
CONNECTION_LIMIT = 64
CONNECTION_SECONDS = 120.0
"""Longest silence on a connection before it is dropped."""


class Supervisor:
    """The processes in the order in which they start, and the record of calls."""

    def __init__(self, port: int) -> None:
        self._containers = {
            "database": Container("database", ("database",), ""),
            "server": Container("server", ("server", str(port)), f"127.0.0.1:{port}->{SERVER_PORT}/tcp"),
        }
        self._calls = Journal(ROOT / LOGS / "calls.jsonl")
        self._turn = asyncio.Lock()
        self._connections = 0

    async def start(self) -> None:
        """Start everything."""
        for container in self._containers.values():
            await container.start()

    async def kill(self) -> None:
        """End everything at once; the last to start goes first."""
        for container in reversed(self._containers.values()):
            await container.kill()

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it closes, asks nonsense or falls silent."""
        self._connections += 1
        call: dict[str, Any] = {}
        began = time.time()
        try:
            while self._connections <= CONNECTION_LIMIT:
                async with asyncio.timeout(CONNECTION_SECONDS):
                    line = await reader.readline()
                if not line:
                    break
                writer.write(json.dumps(await self._answer(json.loads(line), call)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._connections -= 1
            writer.close()
            self._record(call, began)

    def _record(self, call: dict[str, Any], began: float) -> None:
        if call:
            at = datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds")
            self._calls.append(json.dumps({"at": at, **call, "seconds": round(time.time() - began, 3)}))

    async def _answer(self, request: Any, call: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(request, dict):
            return {"error": "a request is a JSON object"}
        match request.get("do"):
            case "ps":
                return {"services": self._describe()}
            case "stats":
                figures = await asyncio.gather(*(measure(each) for each in self._containers.values()))
                return {"services": [a | b for a, b in zip(self._describe(), figures, strict=True)]}
            case "call":
                argv = [str(word)[:500] for word in request.get("argv", [])[:50]]
                call.update(argv=argv, cwd=str(request.get("cwd"))[:500], exit=None)
                return {}
            case "exit":
                call["exit"] = request.get("code")
                return {}
            case "start" | "stop" | "restart" | "kill" | "up" | "down" as verb:
                return await self._act(verb, request.get("services") or list(self._containers))
        return {"error": f"the supervisor does not know {str(request.get('do'))[:40]!r}"}

    async def _act(self, verb: str, names: list[str]) -> dict[str, Any]:
        unknown = [str(name)[:100] for name in names if name not in self._containers]
        if unknown:
            return {"error": f"no such service: {unknown[0]}"}
        chosen = [each for name, each in self._containers.items() if name in names]
        acts: dict[str, Callable[[Container], Awaitable[None]]] = {
            "start": Container.start,
            "up": Container.start,
            "stop": Container.stop,
            "down": Container.remove,
            "kill": Container.kill,
            "restart": Container.restart,
        }
        async with self._turn:
            for each in reversed(chosen) if verb in {"stop", "down"} else chosen:
                await acts[verb](each)
        return {"services": self._describe()}

    def _describe(self) -> list[dict[str, Any]]:
        return [container.describe() for container in self._containers.values()]


async def wait_for_the_end() -> None:
    """Return when standard input closes or somebody asks this process to stop."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    closed = asyncio.create_task(reader.read())
    asked = asyncio.create_task(over.wait())
    await asyncio.wait({closed, asked}, return_when=asyncio.FIRST_COMPLETED)


async def run(port: int) -> None:
    """Serve until the end, and leave nothing running."""
    supervisor = Supervisor(port)
    Path(SUPERVISOR).unlink(missing_ok=True)
    listener = await asyncio.start_unix_server(supervisor.attend, SUPERVISOR, limit=REQUEST_LIMIT)
    try:
        await supervisor.start()
        await wait_for_the_end()
    finally:
        listener.close()
        with suppress(OSError):
            await supervisor.kill()


def lead_to(port: int) -> None:
    """Write down where the server really listens; curl is led there by its own configuration file."""
    Path("run/ports.json").write_text(json.dumps({"server": port}))
    names = ("localhost", "127.0.0.1")
    leads = "".join(f'connect-to = "{name}:{SERVER_PORT}:127.0.0.1:{port}"\n' for name in names)
    Path(".curlrc").write_text('noproxy = "*"\n' + leads)


def main(arguments: list[str]) -> int:
    """Run with the server on loopback port ``arguments[0]``; the working directory is the world's."""
    die_with_parent()
    os.umask(0o077)
    os.chdir(ROOT)
    lead_to(int(arguments[0]))
    asyncio.run(run(int(arguments[0])))
    return 0
