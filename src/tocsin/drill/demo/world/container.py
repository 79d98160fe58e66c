"""One of the shop's processes, as the supervisor keeps it: what runs, since when, how it ended, what it said."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .journal import Journal
from .place import LOGS, PROJECT, ROOT

GRACE = 3.0
"""Seconds between asking a process to stop and killing it."""


class Container:
    """A named process; a process that ends by itself is not started again (``restart: "no"``)."""

    def __init__(self, name: str, arguments: tuple[str, ...], ports: str) -> None:
        self.name = name
        self._arguments = arguments
        self._ports = ports
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._log = Journal(ROOT / LOGS / f"{name}.log")
        self._started = self._ended = self._created = 0.0
        self._restarts = 0

    @property
    def running(self) -> bool:
        """Is there a live process?"""
        return self._process is not None and self._process.returncode is None

    def describe(self) -> dict[str, Any]:
        """State as plain values; times are seconds since the epoch, ``exit`` is 128 + signal for a killed process."""
        code = self._process.returncode if self._process else None
        return {
            "service": self.name,
            "container": f"{PROJECT}-{self.name}-1",
            "image": f"{PROJECT}/{self.name}",
            "command": f"python {self.name}.py",
            "state": "running" if self.running else "exited" if self._process else "absent",
            "pid": self._process.pid if self._process and self.running else 0,
            "exit": None if code is None else code if code >= 0 else 128 - code,
            "created": self._created,
            "started": self._started,
            "ended": self._ended,
            "restarts": self._restarts,
            "ports": self._ports if self.running else "",
        }

    async def start(self) -> None:
        """Start the process unless it runs."""
        if self.running:
            return
        self._started = time.time()
        self._created = self._created or self._started
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-IS",
            str(ROOT / "app" / "launch.py"),
            *self._arguments,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self._process))

    async def stop(self) -> None:
        """Ask it to stop, then make it."""
        if self._process is None or not self.running:
            return
        self._process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End it at once and wait until it is gone and all that it said is in the log."""
        if self._process is not None and self.running:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def restart(self) -> None:
        """Stop and start, and count it."""
        await self.stop()
        self._restarts += 1
        await self.start()

    async def remove(self) -> None:
        """Stop it and forget that it was there, its log too, as ``compose down`` does."""
        await self.stop()
        self._process, self._created = None, 0.0
        for path in (self._log.path, self._log.path.with_name(self._log.path.name + ".1")):
            path.unlink(missing_ok=True)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        rest = b""
        while chunk := await process.stdout.read(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._note(line)
            rest = rest[:4096]
        if rest:
            self._note(rest)
        self._ended = time.time()

    def _note(self, line: bytes) -> None:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._log.append(f"{moment} {line.decode(errors='replace')}")


async def measure(container: Container) -> dict[str, Any]:
    """CPU share in percent over a fifth of a second, and resident bytes, both 0 for what does not run."""
    pid = container.describe()["pid"]
    if not pid:
        return {"cpu": 0.0, "memory": 0}
    before = ticks(pid)
    await asyncio.sleep(0.2)
    spent = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK")
    return {"cpu": max(0.0, spent / 0.2 * 100), "memory": resident(pid)}


def ticks(pid: int) -> int:
    """Clock ticks that a process has spent; 0 once it is gone. Fields 14 and 15 of proc_pid_stat(5)."""
    with suppress(OSError, IndexError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0


def resident(pid: int) -> int:
    """Resident bytes of a process; 0 once it is gone."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
