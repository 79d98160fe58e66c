"""Runs a command as another uid and leaves nothing of it behind: ``python -IS leash.py UID COMMAND …``, as root.

Whatever the command starts stays below this process, also what leaves its session or loses its parent; when the command
ends, or this process is told to end or loses its own parent, all of it is killed. The uid cannot signal this process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
"""From linux/prctl.h."""

GRACE_S = 1.0
"""How long what is asked to end has for it."""


class _ToldToEnd(Exception):
    pass


def main(uid: int, command: list[str]) -> int:
    """Run the command; its exit code, as a shell has it."""
    parent = os.getppid()
    _control(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, _raise)
    _control(PR_SET_PDEATHSIG, signal.SIGTERM)
    code = 128 + signal.SIGTERM
    try:
        if os.getppid() == parent:
            code = _run(uid, command)
    except _ToldToEnd:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(signal.SIGTERM, GRACE_S)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end(signal.SIGKILL, None)
    return code


def _run(uid: int, command: list[str]) -> int:
    child = os.fork()
    if child == 0:
        _become(uid, command)
    while True:
        ended, status = os.wait()
        if ended == child:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _become(uid: int, command: list[str]) -> None:
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        _control(PR_SET_NO_NEW_PRIVS, 1)
        _control(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.execvp(command[0], command)  # noqa: S606 the command brings its shell
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201 it is the step's own output
    os._exit(127)


def _end(number: int, patience_s: float | None) -> None:
    """Signal all that is below this process until none is left, or the patience is over."""
    until = None if patience_s is None else time.monotonic() + patience_s
    signalled: set[int] = set()
    while until is None or time.monotonic() < until:
        for process in _find_below():
            if patience_s is None or process not in signalled:
                signalled.add(process)
                _signal(process, number)
        if not _reap():
            return
        time.sleep(0.005)


def _signal(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


def _reap() -> bool:
    """Take in what has ended; whether anything is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _find_below() -> list[int]:
    """All processes below this one, by what each says of its parent."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 no more is loaded than a process that lives for one step needs
        if name.isdigit():
            parents.setdefault(_find_parent(name), []).append(int(name))
    below, left = [], [os.getpid()]
    while left:
        found = parents.get(left.pop(), [])
        below += found
        left += found
    return below


def _find_parent(process: str) -> int:
    """The parent of a process; 0 if it has just ended. A program's name may hold anything, hence the last bracket."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123 as above
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _control(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused")


def _raise(number: int, frame: FrameType | None) -> None:
    raise _ToldToEnd


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
