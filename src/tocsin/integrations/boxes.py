"""Runs a statement in a box: one that is kept where there is one, else one of its own."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tocsin.integrations import berth, pty
from tocsin.integrations.berths import Berths
from tocsin.integrations.box import Box
from tocsin.integrations.isolation import Isolation, Layout, learn_fence
from tocsin.integrations.passage import Passage
from tocsin.integrations.process import (
    AT_END,
    BASH,
    REPORT,
    Ended,
    Hear,
    Watch,
    find_first,
    run,
    spell_command,
    spell_program,
)
from tocsin.integrations.usher import START_UP_FD

ULIMIT = {resource.RLIMIT_DATA: ("-d", 1024), resource.RLIMIT_FSIZE: ("-f", 1024), resource.RLIMIT_NPROC: ("-u", 1)}
"""How a shell calls a bound, and its unit."""
ENOUGH = 256 * 2**20
"""Less memory than this is bounded by the statement's own shell: what starts it in a kept box needs some too."""
ODD = ("BASH_ENV", "POSIXLY_CORRECT")
"""With these set, what a shell reads first is for that shell to put together."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run: `argv` are its words where it needs no shell; `limits` are the bounds of each of its
    processes, by the numbers of `resource`. With a `terminal` it has one of its own; one that
    `changes` something is not ended there for its words alone.

    Memory is bounded as what a process may write to, not as its address space, of which Java, Node and Go reserve far
    more than they use. If the machine runs out all the same, the kernel ends a step before the server.
    """

    text: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    limits: Mapping[int, int]
    timeout_s: int
    terminal: bool = False
    changes: bool = False

    def spell(self) -> list[str]:
        """The command that bounds itself and runs it. A bound that is lower already stays."""
        lines = ["echo 1000 > /proc/self/oom_score_adj", "ulimit -c 0"]
        for which, most in self.limits.items():
            flag, unit = ULIMIT[which]
            lines.append(f"ulimit {flag} {most // unit}")
        return spell_program(self.argv, lines) if self.argv else spell_command(self.text, lines)


class Boxes:
    """Boxes of one isolation at a time."""

    def __init__(self) -> None:
        self._berths = Berths()

    def sweep(self) -> None:
        """Let go of those that nobody has used for long."""
        self._berths.sweep()

    def close(self) -> None:
        """Keep none any more."""
        self._berths.close()

    async def run(
        self,
        statement: Statement,
        isolation: Isolation,
        box: Box,
        layout: Layout,
        passage: Passage,
        hear: Hear,
        watch: Watch,
        begun: Callable[[], None],
    ) -> Ended:
        """Run it to its end. Raises `OSError` if nothing could be started; `begun` is called once that was tried."""
        await learn_fence(layout)
        if statement.terminal:
            argv, spawn = isolation.wrap((*pty.TAKE, *statement.spell()), box, passage, layout)
            ways = pty.Ways(fds=passage.fds, uid=isolation.uid, changes=statement.changes)
            return await pty.run(argv, spawn, statement.env, statement.timeout_s, hear, watch, begun, ways)
        for _ in range(2):  # one that turns out to be stale is made anew
            kept = await self._berths.find(isolation, box, layout)
            if kept is None:
                break
            order = spell_order(statement, box.directory, passage)
            with contextlib.suppress(berth.Unopened):
                return await berth.run(kept, order, passage.fds[:1], statement.timeout_s, hear, watch, begun)
        argv, spawn = isolation.wrap(statement.spell(), box, passage, layout)
        return await run(argv, spawn, statement.env, statement.timeout_s, hear, watch, begun, passage.fds)


def spell_order(statement: Statement, directory: Path, passage: Passage) -> berth.Order:
    """A statement for a box that is kept: bounded by numbers, and with no shell before its own."""
    env, limits, first = statement.env, {resource.RLIMIT_CORE: 0, **statement.limits}, find_first()
    hosts = passage.doors.spell_hosts().decode() if passage.places else ""
    ways: dict[str, Any] = {"places": passage.places, "hosts": hosts}
    if any(name in env for name in ODD) or limits.get(resource.RLIMIT_DATA, ENOUGH) < ENOUGH:
        env = {**env, REPORT: f"{first}:{first + 1}"}
        return berth.Order(argv=statement.spell(), env=env, report=first, **ways)
    if statement.argv:
        again: Sequence[str] = (*BASH[:-1], "-pc", 'exec -- "$@"', "tocsin", *statement.argv)
        env = {"PWD": str(directory), **env}
        return berth.Order(argv=statement.argv, otherwise=again, env=env, limits=limits, **ways)
    start_up = AT_END.replace("FD", str(first)).replace("TWIN", str(first + 1))
    env = {**env, "BASH_ENV": f"/dev/fd/{START_UP_FD}"}
    return berth.Order(argv=(*BASH, statement.text), env=env, start_up=start_up, limits=limits, report=first, **ways)
