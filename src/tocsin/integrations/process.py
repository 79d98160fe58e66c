"""One statement as a process: bounded, watched to its end, and asked how the parts of its pipe ended.

The shell that runs a statement writes two things to a descriptor of its own, far above any that a statement uses: that
it has begun, just before the statement's own shell takes over, and at its end the status of every part of the last pipe
(`PIPESTATUS`). The statement's shell runs the very bytes that were approved; what reports is read from `BASH_ENV`, and
leaves the target's own `BASH_ENV` and `POSIXLY_CORRECT` (with which bash would read none) as they were.

It is a socket, which nobody opens anew by its path, and it has a twin: where both are no longer the same, the statement
has put something else there and nothing is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from tocsin.integrations.capture import Capture

GRACE_S = 2.0
SOON_S = 0.1
"""What has ended by then was never watched: to watch costs more than most statements take."""
FIRST_REPORT_FD = 700
MOST_REPORT = 65536
BEGUN = "begun"
REPORT = "TOCSIN_REPORT"
"""The variable that names the descriptor and its twin, until the statement's own shell begins."""

BASH = ("/bin/bash", "--noprofile", "--norc", "-c")

AT_END = (
    r"\builtin unset BASH_ENV; \exec 198<&-; \builtin trap '{ "
    r'TOCSIN_STATUSES=("${PIPESTATUS[@]}"); '
    r"\builtin test /proc/self/fd/FD -ef /proc/self/fd/TWIN && "
    r'\builtin echo "${TOCSIN_STATUSES[@]}" >&FD; '
    r"} 2>/dev/null' EXIT"
)
"""What the statement's shell reads first; `FD` and `TWIN` stand for the descriptors. No alias of the statement is used
and no function called, but for `exec`, which shuts nothing for good after `builtin`.
"""
RESTORE = (
    '[[ -v POSIXLY_CORRECT ]] && set -- "$@" "export POSIXLY_CORRECT=${POSIXLY_CORRECT@Q}"; '
    '[[ -n $BASH_ENV ]] && set -- "$@" "export BASH_ENV=${BASH_ENV@Q}" '
    '"[[ ! -r ${BASH_ENV@Q} ]] || . ${BASH_ENV@Q}"; '
    "unset POSIXLY_CORRECT"
)
"""Adds what must be as it was to what the statement's shell reads first."""

Hear = Callable[[str, bytes], None]
"""Is given each piece of output, with the name of its stream."""

Watch = Callable[[], Awaitable[str]]
"""Returns why a statement must be stopped, once it must."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended. `statuses` are those of the parts of its last pipe, if its shell said them; `why`, who stopped it.

    `begun` is false where the statement surely never ran: whatever isolates it refused before.
    """

    out: Capture
    err: Capture
    exit_code: int
    begun: bool
    statuses: tuple[int, ...] = ()
    why: str = ""


def spell_command(text: str, bounds: Sequence[str]) -> list[str]:
    """The command that runs a statement in a shell of its own, after the `bounds` (statements of the shell)."""
    begin = "{ " + "; ".join(bounds) + "; } 2>/dev/null"
    twins = f'set -- "$1" "${{2//FD/${{{REPORT}%:*}}}}"; set -- "$1" "${{2//TWIN/${{{REPORT}#*:}}}}"'
    report = f'export -n {REPORT}; {twins}; echo {BEGUN} >&"${{{REPORT}%:*}}"'
    start = 'exec 198<<<"$(IFS=$\'\\n\'; echo "${*:2}")"'
    return [
        *BASH[:-1],
        "-pc",
        f'{begin}; {report}; {RESTORE}; {start}; BASH_ENV=/dev/fd/198 exec {" ".join(BASH)} "$1"',
        "tocsin",
        text,
        AT_END,
    ]


def spell_program(argv: Sequence[str], bounds: Sequence[str]) -> list[str]:
    """The command that runs a program with its words, as they are: no shell reads them."""
    begin = "{ " + "; ".join(bounds) + "; } 2>/dev/null"
    ends = f'export -n {REPORT}; TOCSIN_NEAR="${{{REPORT}%:*}}" TOCSIN_TWIN="${{{REPORT}#*:}}"'
    shut = "exec {TOCSIN_NEAR}>&- {TOCSIN_TWIN}>&-; unset TOCSIN_NEAR TOCSIN_TWIN"
    return [
        *BASH[:-1],
        "-pc",
        f'{begin}; {ends}; echo {BEGUN} >&"$TOCSIN_NEAR"; {shut}; exec -- "$@"',
        "tocsin",
        *argv,
    ]


async def run(
    argv: Sequence[str],
    spawn: Mapping[str, Any],
    env: Mapping[str, str],
    timeout_s: int,
    hear: Hear,
    watch: Watch,
    spawned: Callable[[], None],
    fds: Sequence[int] = (),
) -> Ended:
    """Run a command to its end, its time-out, or until `watch` has a reason to stop it. Raises `OSError` if it cannot
    be spawned; `spawned` is called once it is. It is given `fds`.
    """
    ours, theirs, twin = open_report()
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**env, REPORT: f"{theirs}:{twin}"},
            pass_fds=(theirs, twin, *fds),
            **spawn,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
        os.close(twin)
    try:
        spawned()
        out, err, why = await _read(process, timeout_s, hear, watch)
        begun, statuses = read_report(ours)
    finally:
        os.close(ours)
    code = process.returncode or 0
    return Ended(out=out, err=err, why=why, exit_code=code if code >= 0 else 128 - code, begun=begun, statuses=statuses)


def open_report() -> tuple[int, int, int]:
    """Our end, and theirs twice."""
    near, far = socket.socketpair()
    with far:
        first = find_first()
        theirs, twin = [fcntl.fcntl(far, fcntl.F_DUPFD_CLOEXEC, first) for _ in range(2)]
    near.setblocking(False)
    return near.detach(), theirs, twin


def find_first() -> int:
    """The first descriptor for a report."""
    return min(FIRST_REPORT_FD, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


def read_report(fd: int) -> tuple[bool, tuple[int, ...]]:
    """Whether a statement has begun, and how the parts of its last pipe ended, by what its shell reports."""
    try:
        lines = os.read(fd, MOST_REPORT).decode(errors="replace").splitlines()
    except BlockingIOError:
        return False, ()
    last = lines[-1].split() if len(lines) > 1 else []
    return BEGUN in lines, tuple(int(each) for each in last if each.isascii() and each.isdecimal() and len(each) < 4)


async def _read(
    process: asyncio.subprocess.Process, timeout_s: int, hear: Hear, watch: Watch
) -> tuple[Capture, Capture, str]:
    """Read until the end; if it is stopped before, the whole process group is ended."""
    out, err = Capture(), Capture()
    assert process.stdout is not None
    assert process.stderr is not None
    reading = asyncio.gather(
        out.drain(process.stdout, lambda chunk: hear("out", chunk)),
        err.drain(process.stderr, lambda chunk: hear("err", chunk)),
        process.wait(),
    )
    return out, err, await follow(reading, timeout_s, watch, lambda: end_group(process))


async def follow(over: asyncio.Future[Any], timeout_s: int, watch: Watch, end: Callable[[], Awaitable[None]]) -> str:
    """Wait until it is over; where it must be stopped before, `end` does that. Why it was, or nothing."""
    watching: asyncio.Future[str] | None = None
    try:
        if await _is_soon(over):
            return ""
        async with asyncio.timeout(timeout_s - SOON_S):
            watching = asyncio.ensure_future(watch())
            await asyncio.wait((over, watching), return_when=asyncio.FIRST_COMPLETED)
        return "" if over.done() else watching.result()
    except TimeoutError:
        return tell_limit(timeout_s)
    finally:
        if watching is not None:
            watching.cancel()
        if not over.done():
            await end()
            over.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await over


async def first(*waited: Awaitable[str]) -> str:
    """What is said by the first that says anything."""
    tasks = [asyncio.ensure_future(each) for each in waited]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def tell_limit(timeout_s: int) -> str:
    """Why a command was stopped that took too long."""
    return f"It was stopped after {timeout_s} s, the target's limit."


async def _is_soon(over: asyncio.Future[Any]) -> bool:
    """Wait for a moment; whether it is over then."""
    loop = asyncio.get_running_loop()
    waits = loop.create_future()

    def wake(_: object = None) -> None:
        if not waits.done():
            waits.set_result(None)

    timer = loop.call_later(SOON_S, wake)
    over.add_done_callback(wake)
    try:
        await waits
    finally:
        timer.cancel()
        over.remove_done_callback(wake)
    return over.done()


async def end_group(process: asyncio.subprocess.Process) -> None:
    """End a process and its group: ask, then make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            continue
        return
