"""A terminal of a step's own, for what refuses to run without one; nobody sits at it.

It is made anew for one step and belongs to no other: the step is a session of its own, which has this terminal and
cannot come to any other. Whatever it pushes into its terminal's input only it could read. It is wide and high, so that
nothing is cut or shown by the page, and it leaves lines as they are printed. What waits there for an answer is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tocsin.integrations.capture import CHUNK, Capture
from tocsin.integrations.process import (
    REPORT,
    Ended,
    Hear,
    Watch,
    end_group,
    first,
    follow,
    open_report,
    read_report,
    tell_limit,
)
from tocsin.integrations.question import COLUMNS, ROWS, Asking, watch_for_question

TAKE = ("/usr/bin/setsid", "--ctty", "--wait")
"""What makes the terminal that is its input the one of a new session, around a command."""

READS = {"x86_64": frozenset({"0", "19"}), "aarch64": frozenset({"63", "65"})}
"""The numbers of the calls `read` and `readv`."""


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """What a command gets beside its terminal: open files, and the user to whom the terminal belongs. One that
    `changes` something is ended only where it can be seen that it waits for an answer.
    """

    fds: Sequence[int] = ()
    uid: int | None = None
    changes: bool = False


async def run(
    argv: Sequence[str],
    spawn: Mapping[str, Any],
    env: Mapping[str, str],
    timeout_s: int,
    hear: Hear,
    watch: Watch,
    spawned: Callable[[], None],
    ways: Ways,
) -> Ended:
    """Run a command as `process.run` does, in a terminal of its own. What it prints is all one stream."""
    near, far = open_pty(ways.uid)
    ours, theirs, twin = open_report()
    screen = _Screen(near, hear)
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=far,
                stdout=far,
                stderr=far,
                env={**env, REPORT: f"{theirs}:{twin}"},
                pass_fds=(theirs, twin, *ways.fds),
                **spawn,
            )
        finally:
            os.close(theirs)
            os.close(twin)
        device = os.fstat(far).st_rdev
        os.close(far)
        far = -1
        spawned()
        screen.begin()
        over = asyncio.gather(screen.over, process.wait())

        def watch_both() -> Awaitable[str]:
            asked = watch_for_question(screen.asking, lambda: reads_lines(near, device), changes=ways.changes)
            return first(watch(), asked)

        why = await follow(over, timeout_s, watch_both, lambda: _end(screen, process))
        why += screen.doubt if why == tell_limit(timeout_s) else ""
        begun, statuses = read_report(ours)
    finally:
        screen.close()
        os.close(ours)
        for fd in (near, far):
            if fd >= 0:
                os.close(fd)
    code = process.returncode or 0
    return Ended(
        out=screen.capture,
        err=Capture(),
        why=why,
        exit_code=code if code >= 0 else 128 - code,
        begun=begun,
        statuses=statuses,
    )


def open_pty(uid: int | None = None) -> tuple[int, int]:
    """Our end of a new terminal, and the step's."""
    near, far = pty.openpty()
    modes = termios.tcgetattr(far)
    modes[1] &= ~termios.OPOST
    termios.tcsetattr(far, termios.TCSANOW, modes)
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    os.set_blocking(near, False)
    if uid is not None:
        os.fchown(far, uid, -1)
    return near, far


def reads_lines(near: int, device: int) -> bool | None:
    """Whether a process sleeps in reading a line of the terminal whose other end is `near`; null where lines are not
    what is read there, or the processes cannot be looked at.
    """
    if not termios.tcgetattr(near)[3] & termios.ICANON:
        return None
    number = (os.minor(device) & 0xFF) | (os.major(device) << 8) | ((os.minor(device) & ~0xFF) << 12)
    calls, is_seen = READS.get(os.uname().machine, frozenset()), False
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, *rest = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(rest[3]) != number:
                continue
            call = (folder / "syscall").read_text().split()
            is_seen = True
            if state == "S" and call[0] in calls and _is_terminal(folder / "fd" / str(int(call[1], 16))):
                return True
        except (OSError, IndexError, ValueError):
            continue
    return False if is_seen else None


def _is_terminal(fd: Path) -> bool:
    return str(fd.readlink()).startswith(("/dev/pts/", "/dev/tty", "/pts/"))


async def _end(screen: _Screen, process: asyncio.subprocess.Process) -> None:
    """End it; what stood there before it was told to is remembered."""
    screen.doubt = screen.asking.doubt
    await end_group(process)


class _Screen:
    """Takes what is printed on a terminal; `over` is done once nobody has it open any more. `doubt` is what may have
    been asked when it was ended.
    """

    def __init__(self, near: int, hear: Hear) -> None:
        self._near, self._hear = near, hear
        self._loop = asyncio.get_running_loop()
        self.capture, self.asking, self.doubt = Capture(), Asking(), ""
        self.over: asyncio.Future[None] = self._loop.create_future()

    def begin(self) -> None:
        """Listen. The other end must be in other hands alone."""
        self._loop.add_reader(self._near, self._read)

    def _read(self) -> None:
        try:
            chunk = os.read(self._near, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: the last one has gone
            chunk = b""
        if chunk:
            self.capture.add(chunk)
            self.asking.hear(chunk)
            self._hear("out", chunk)
            return
        self._loop.remove_reader(self._near)
        if not self.over.done():
            self.over.set_result(None)

    def close(self) -> None:
        """Listen no more."""
        with contextlib.suppress(ValueError, OSError):
            self._loop.remove_reader(self._near)
