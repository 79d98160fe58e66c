"""Whether the shell that a machine gives to whoever comes in is as a clean bash is: looked at, never assumed.

A machine runs each command in the shell of whoever comes in, which may read start-up files first. So a step has a bash
of its own in it, which reads none; that costs over there about as much as all the rest. Where the first one is a bash
too and everything in it (variables, functions, aliases, options, traps, built-ins) is to the letter what a bash finds
that it begins, a read can do without the second. A change never does.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import asyncssh

from tocsin.integrations.ssh.program import FLAGS, OPTIONS, quote, spell_one

GOOD_FOR_S = 300.0
"""Start-up files may be changed while a connection is open."""
LOOK_S = 5.0
MOST_SAID = 2**18

_TELL = (
    r'unset -v BASH_EXECUTION_STRING; printf "%s\n" "$0" "$-" "$!" "$SHELLOPTS" "$BASHOPTS"; '
    "declare -p; declare -f; alias -p; shopt -p; set +o; trap -p; enable -a; hash -l; dirs"
)
_BOTH = (
    f'test $# = 0 && set -- {quote(_TELL)} && eval "$1" && printf "\\036" && '
    'exec bash --noprofile --norc -c \'eval "$1"\' bash "$1"'
)
LOOK = f'test -n "$BASH_VERSION" && eval {quote(_BOTH)}'
"""Has the shell tell all about itself, then a clean one; another shell than bash does nothing upon it."""

_COUNTED = (b'\ndeclare -a BASH_ARGC=([0]="0")\n', b"\ndeclare -a BASH_ARGC=()\n")
"""All that remains of start-up files that were read and did nothing: the number of their arguments."""
_NAMES = re.compile(r"[a-z0-9_:]+")


class _Answer(asyncssh.SSHClientSession[bytes]):
    """What a shell says about itself."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if len(self.said) < MOST_SAID:
            self.said += data
        else:
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end()

    def end(self) -> None:
        """Nothing more is wanted."""
        if not self.over.done():
            self.over.set_result(None)


class Proof:
    """What is known about the shell at the other end of one connection. `command` is the one that does without a bash
    of its own; empty where nobody knows that it may.
    """

    def __init__(self) -> None:
        self.command = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def renew(self, connection: asyncssh.SSHClientConnection, wait_s: float) -> None:
        """Look, unless somebody has done so a moment ago. A machine that gives no answer proves nothing."""
        now = asyncio.get_running_loop().time
        if now() < self._until:
            return
        async with self._lock:
            if now() >= self._until:
                self.command = judge(await _look(connection, min(LOOK_S, wait_s)))
                self._until = now() + GOOD_FOR_S


async def _look(connection: asyncssh.SSHClientConnection, wait_s: float) -> bytes:
    answer = _Answer()
    with suppress(asyncssh.Error, OSError, TimeoutError):
        async with asyncio.timeout(wait_s):
            channel, _ = await connection.create_session(lambda: answer, LOOK, encoding=None)
            try:
                channel.write_eof()
                await answer.over
                return bytes(answer.said)
            finally:
                channel.abort()
    return b""


def judge(said: bytes) -> str:
    """The command of a shell that has said this about itself and about a clean one; empty where they differ."""
    its, _, clean = said.partition(b"\x1e")
    its = its.replace(*_COUNTED, 1)
    _, flags, begun, options, shopt = (clean.decode(errors="replace").split("\n") + [""] * 5)[:5]
    if its != clean or (flags, begun, options) != (FLAGS, "", OPTIONS) or not _NAMES.fullmatch(shopt):
        return ""
    return spell_one(shopt)
