"""What holds of every compiled document, whatever its bytes: said once, for the property tests and for the fuzzer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tocsin.playbook import source
from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.model import Playbook, Statement

_LARGEST = 10 * 2**20
_OTHER_LINES = frozenset({"section", "branch"})
"""Fields that hold the line of something else."""


def find_breaches(content: bytes, playbook: Playbook) -> Iterator[str]:
    """Every place where a model breaks a law, in words."""
    lines = source.read(content, _LARGEST).lines
    for where, value in _values(playbook, "playbook"):
        yield from _judge_lines(where, value, len(lines))
        if isinstance(value, Statement):
            yield from _judge_statement(where, value, lines)
        elif isinstance(value, Diagnostic):
            yield from _judge_columns(where, value, lines)


def _values(value: object, where: str) -> Iterator[tuple[str, msgspec.Struct]]:
    """Every struct of a model with its path."""
    if isinstance(value, msgspec.Struct):
        yield where, value
        for name in value.__struct_fields__:
            yield from _values(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _values(one, f"{where}[{index}]")


def _judge_lines(where: str, value: msgspec.Struct, count: int) -> Iterator[str]:
    """Lines count from 1 to the file's last; only a diagnostic may name none (0), when it is about the whole file."""
    least = 0 if isinstance(value, Diagnostic) else 1
    for name in value.__struct_fields__:
        found = getattr(value, name)
        if name == "line" or name.endswith("_line") or name in _OTHER_LINES:
            numbers = () if found is None else (found,)
        else:
            numbers = found if name == "lines" else ()
        if not all(least <= number <= count for number in numbers):
            yield f"{where}.{name} is {found} in a file of {count} lines"
    end = getattr(value, "end_line", None)
    if end is not None and end < getattr(value, "line", end):
        yield f"{where} ends on line {end} before it begins"


def _judge_statement(where: str, statement: Statement, lines: tuple[str, ...]) -> Iterator[str]:
    """What is run stands in the file: a command that nobody wrote must never be offered."""
    first, *rest = statement.text.split("\n")
    if first not in lines[statement.line - 1]:
        yield f"{where}: {first!r} does not stand on line {statement.line}"
    behind = "\n".join(lines[statement.line : statement.line + len(rest)])
    if not all(line.strip() in behind for line in rest):
        yield f"{where}: {rest!r} does not stand behind line {statement.line}"


def _judge_columns(where: str, found: Diagnostic, lines: tuple[str, ...]) -> Iterator[str]:
    if not found.column and not found.end_column:
        return
    longest = len(lines[found.line - 1]) if found.line else 0
    if not 1 <= found.column <= found.end_column <= longest + 1:
        yield f"{where}: columns {found.column} to {found.end_column} on a line of {longest} characters"
