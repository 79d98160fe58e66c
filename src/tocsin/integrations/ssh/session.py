"""One program on one connection: sent, followed to its end, and ended over there when it must not go on.

What is known is told apart: it surely was not begun (`NotBegun`); it ended, with its code; or the connection was lost
while it ran (`Lost`), and then nobody here knows whether it goes on.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import asyncssh
import msgspec

from tocsin.errors import NotBegun, Unavailable
from tocsin.integrations.capture import Capture
from tocsin.integrations.question import COLUMNS, ROWS, Asking, watch_for_question
from tocsin.integrations.ssh.link import Link
from tocsin.integrations.ssh.program import AT_TERMINAL, COMMAND, Program, Reports, Unspeakable, spell, spell_end

END_S = 6.0
"""How long it may take over there to end a step that must not go on."""
WINDOW = 2**21
_AS_IT_COMES = (
    asyncssh.PTY_ICANON, asyncssh.PTY_ECHO, asyncssh.PTY_ISIG, asyncssh.PTY_IEXTEN, asyncssh.PTY_ICRNL,
    asyncssh.PTY_IXON, asyncssh.PTY_OPOST,
)  # fmt: skip
TERMINAL: dict[str, Any] = {
    "request_pty": True, "term_type": "dumb", "term_size": (COLUMNS, ROWS),
    "term_modes": dict.fromkeys(_AS_IT_COMES, 0),
}  # fmt: skip
"""A terminal that takes long lines, and passes on bytes as they come."""

Arrive = Callable[[], Awaitable[None]]
"""Returns when the step may begin, and raises `NotBegun` if it must not."""
Hear = Callable[[str, bytes], None]
Watch = Callable[[Callable[[str], None]], AbstractContextManager[None]]
"""While it is held, what it is given is called with the sentence that says who wants the step ended."""


def _watch_nobody(stop: Callable[[str], None]) -> AbstractContextManager[None]:
    """Nobody will want it ended."""
    return nullcontext()


class Lost(Unavailable):
    """The connection went away while the step ran."""


class Unopened(NotBegun):
    """A connection that seemed open gives no shell: another one may."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to run: `most` bytes of each stream are kept. What `changes` is only sent once the shell is known to be
    there, so that nobody need doubt whether it began. With a `terminal` it has one of its own. By `watch` it hears who
    wants it ended.
    """

    text: str
    env: Mapping[str, str]
    directory: str
    timeout_s: float
    most: int
    changes: bool = False
    terminal: bool = False
    watch: Watch = _watch_nobody


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a step ended; `why` says who stopped it, `statuses` are those of the parts of its last pipe."""

    out: Capture
    err: Capture
    exit_code: int
    statuses: tuple[int, ...] = ()
    why: str = ""


class _Session(asyncssh.SSHClientSession[bytes]):
    """Takes what comes, keeps what there is room for, and knows when it is over.

    What is to be `given` goes with the command, before anybody has said that it was taken.
    """

    def __init__(self, most: int, nonce: str, hear: Hear, given: bytes = b"", *, terminal: bool = False) -> None:
        self.out, self.err, self._hear, self._given = Capture(most), Capture(most), hear, given
        self.asking = Asking() if terminal else None
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self.may_run = False
        self.reports = Reports(nonce)
        self.code: int | None = None
        self.error: Exception | None = None
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self.turned: asyncio.Future[None] = loop.create_future()
        self.halted = ""

    def halt(self, why: str) -> None:
        """Somebody wants it ended."""
        self.halted = why
        if not self.turned.done():
            self.turned.set_result(None)

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan
        if self._given:
            asyncio.get_running_loop().call_soon(self._give, chan)

    def _give(self, channel: asyncssh.SSHClientChannel[bytes]) -> None:
        """The command has just been written: this comes behind it, as soon as the other end takes anything."""
        self.may_run = True
        with suppress(asyncssh.Error, OSError):
            channel.write(self._given)
            channel.write_eof()

    async def find_process(self) -> str:
        """Its number over there, once its shell has told it: also where nobody waits for the channel any more, which
        asyncssh lets read only then.
        """
        if self._channel is not None:
            self._channel.resume_reading()
        await asyncio.shield(self.ready)
        process = self.reports.said.get("ready", "")
        return process if process.isascii() and process.isdecimal() else ""

    def abort(self) -> None:
        """Leave it, if it is not over."""
        if self._channel is not None and not self.over.done():
            self._channel.abort()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if datatype is None and self.asking is None:
            self.out.add(data)
            self._hear("out", data)
            return
        shown = self.reports.take(data)
        if shown and self.asking is not None:  # on a terminal all is one
            self.out.add(shown)
            self.asking.hear(shown)
            self._hear("out", shown)
        elif shown:
            self.err.add(shown)
            self._hear("err", shown)
        if not self.ready.done() and self.reports.said:
            self.ready.set_result(None)

    def exit_status_received(self, status: int) -> None:
        self.code = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.code = 128 + _SIGNALS.get(signal, 9)

    def connection_lost(self, exc: Exception | None) -> None:
        self.error = exc
        (self.err if self.asking is None else self.out).add(self.reports.finish())
        for each in (self.ready, self.over, self.turned):
            if not each.done():
                each.set_result(None)


_SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9, "SEGV": 11, "PIPE": 13, "TERM": 15}


async def run(link: Link, order: Order, hear: Hear, gate: Arrive | None, begun: Callable[[], None]) -> Ran:
    """Run it to its end or its deadline. `begun` is called at the point from which on nobody can say that it was not.

    Raises `NotBegun`, or `Lost`. Whoever cancels this has the step ended over there.
    """
    nonce = secrets.token_hex(8)
    try:
        program = spell(order.text, order.env, order.directory, nonce, terminal=order.terminal)
    except Unspeakable as error:
        raise NotBegun(f"Nothing was run: {error}.") from None
    async with link.sessions:
        command, given = AT_TERMINAL if order.terminal else COMMAND, b""
        if gate is None and not (order.changes or order.terminal):
            framed = program.frame() if link.proof.command else None
            command, given = (link.proof.command, framed) if framed else (COMMAND, program.before + program.run)
        session = _Session(order.most, nonce, hear, given, terminal=order.terminal)
        try:
            with order.watch(session.halt):
                _require_wanted(session)
                channel = await _open(link, session, command)
                if not given:
                    await _begin(link, channel, session, program, gate)
                begun()
                return await _follow(link, session, order)
        except asyncio.CancelledError:
            if session.may_run:
                await asyncio.shield(asyncio.ensure_future(_end(link, session)))
            raise
        finally:
            session.abort()


async def _open(link: Link, session: _Session, command: str) -> asyncssh.SSHClientChannel[bytes]:
    try:
        async with asyncio.timeout(link.way.connect_s):
            ways = TERMINAL if session.asking is not None else {}
            channel, _ = await link.connection.create_session(
                lambda: session, command, encoding=None, window=WINDOW, **ways
            )
    except TimeoutError:
        if session.may_run:
            raise Lost(f"{link.way} did not say whether it began; it may run there.") from None
        raise Unopened(f"Nothing was run: {link.way} is connected and gives no shell. Try it again.") from None
    except (asyncssh.Error, OSError) as error:
        if session.may_run and not isinstance(error, asyncssh.ChannelOpenError):
            raise _find_fault(link, session) from error
        raise Unopened(f"Nothing was run: {link.way} gives no shell ({error}). Try it again.") from error
    return channel


async def _begin(
    link: Link,
    channel: asyncssh.SSHClientChannel[bytes],
    session: _Session,
    program: Program,
    gate: Arrive | None,
) -> None:
    """Send it, only once the shell over there is ready, and with a gate everybody else too."""
    _send(link, channel, program.before, whole=False)
    try:
        async with asyncio.timeout(link.way.connect_s):
            await asyncio.shield(session.ready)
    except TimeoutError:
        raise NotBegun(f"Nothing was run: the shell of {link.way} is not ready. Try it again.") from None
    _require_ready(link, session)
    if gate is not None:
        await gate()
        _require_ready(link, session)
    _require_wanted(session)
    session.may_run = True
    _send(
        link, channel, program.run, whole=session.asking is None
    )  # the end of a terminal's input would be typed there
    await asyncio.sleep(0)  # it leaves this machine at the end of the loop's turn


def _require_wanted(session: _Session) -> None:
    """Nothing begins that somebody has stopped."""
    if session.halted:
        raise NotBegun(f"Nothing was run: {session.halted}")


def _require_ready(link: Link, session: _Session) -> None:
    if "ready" not in session.reports.said or session.over.done():
        raise NotBegun(_tell_unready(link, session))


def _tell_unready(link: Link, session: _Session) -> str:
    if "lost" in session.reports.said:
        return f"Nothing was run: there is no directory on {link.way} as the target's `directory` names it."
    said = (
        (session.err if session.asking is None else session.out).content().decode(errors="replace").strip().splitlines()
    )
    return f"Nothing was run: {link.way} gives no bash ({said[-1] if said else 'the shell ended at once'})."


def _send(link: Link, channel: asyncssh.SSHClientChannel[bytes], lines: bytes, *, whole: bool = True) -> None:
    try:
        channel.write(lines)
    except (asyncssh.Error, OSError) as error:
        raise NotBegun(f"Nothing was run: {link.way} does not listen any more ({error}). Try it again.") from error
    if whole:
        with suppress(asyncssh.Error, OSError):
            channel.write_eof()


async def _follow(link: Link, session: _Session, order: Order) -> Ran:
    try:
        async with asyncio.timeout(order.timeout_s):
            asked = await _watch(session, order)
        if asked:
            return await _stop(link, session, "when it was to be stopped", asked)
    except TimeoutError:
        limit = f"{order.timeout_s:g} s"
        why = f"It was stopped after {limit}, the target's limit.{session.asking.doubt if session.asking else ''}"
        return await _stop(link, session, f"within its limit of {limit}", why)
    if session.code is None:
        raise _find_fault(link, session)
    if "ready" not in session.reports.said:
        raise NotBegun(_tell_unready(link, session))
    return _tell(session, session.code, "")


async def _watch(session: _Session, order: Order) -> str:
    """Wait for its end; if it asks somebody before, or somebody wants it ended, the sentence that says so. Only its
    words are known here, and for words no change is ended in mid-work.
    """
    if session.asking is None or order.changes:  # nobody can look there
        await session.turned
        return "" if session.over.done() else session.halted
    asked = asyncio.ensure_future(watch_for_question(session.asking, lambda: None, changes=order.changes))
    try:
        await asyncio.wait((session.turned, asked), return_when=asyncio.FIRST_COMPLETED)
        return "" if session.over.done() else session.halted or asked.result()
    finally:
        asked.cancel()


async def _stop(link: Link, session: _Session, when: str, why: str) -> Ran:
    """End it over there, and say why. Raises `Lost` if nobody knows whether it has ended."""
    if await _end(link, session):
        return _tell(session, 124, why)
    raise Lost(f"{link.way} did not end it {when} and did not answer when it was told to; it may still run there.")


def _find_fault(link: Link, session: _Session) -> Exception:
    if "lost" in session.reports.said:
        return NotBegun(_tell_unready(link, session))
    why = f" ({session.error})" if session.error else ""
    return Lost(f"The connection to {link.way} was lost while it ran{why}; it may have gone on there.")


def _tell(session: _Session, code: int, why: str) -> Ran:
    last = session.reports.said.get("ended", "").split()
    statuses = tuple(int(each) for each in last if each.isascii() and each.isdecimal() and len(each) < 4)
    return Ran(out=session.out, err=session.err, exit_code=code, statuses=statuses, why=why)


async def _end(link: Link, session: _Session) -> bool:
    """End it over there; whether that is sure. A connection on which not even this works is dropped by its user."""
    with suppress(asyncssh.Error, OSError, TimeoutError):
        async with asyncio.timeout(END_S):
            process = await session.find_process()
            if not process:
                return False
            ending = _Session(4096, "", lambda name, chunk: None)
            channel, _ = await link.connection.create_session(lambda: ending, COMMAND, encoding=None)
            channel.write(spell_end(int(process)))
            channel.write_eof()
            await asyncio.shield(ending.over)
            if ending.code != 0:
                return False
            await asyncio.shield(session.over)
            return True
    return False
