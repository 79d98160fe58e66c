"""Statements of psql and mysql: where they go, the tables that they name, the files that they run."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.reality import columns, files, reach, tables
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding
from tocsin.playbook.reality.system import System

_DIALECTS = {"psql": "postgres", "mysql": "mysql"}
_SAYS = {"psql": ("-c", "--command"), "mysql": ("-e", "--execute")}


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``psql -h HOST -c SQL -f FILE``."""
    yield from reach.judge_client(command, system)
    parts = take_apart(command.words[1:], reach.CLIENT_VALUES)
    said = parts.values(*_SAYS[command.program])
    yield from tables.judge(said, system)
    yield from columns.judge(said, _DIALECTS[command.program], system)
    if command.program == "psql" and command.is_here:
        for each in parts.values("-f", "--file"):
            yield from files.judge_path(command, each, system)
