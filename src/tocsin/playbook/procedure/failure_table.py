"""Tables that are playbooks in themselves: a row for each failure, a column for how it shows and one for what to do.

Inside a procedure such a row is a branch ("if this is what you see, do that"). Outside of all, it is a small scenario.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind, Row
from tocsin.playbook.imperative import gives_order
from tocsin.playbook.kinds import name_kind
from tocsin.playbook.procedure.said import command_in, commands_of
from tocsin.words import SectionKind

_PROBLEM = compile_late(
    r"\b(?:alerts?|alarms?|symptoms?|problems?|issues?|failures?|errors?|scenarios?|incidents?(?: types?)?|situations?|"
    r"what you see|condition|fault|symptom\w*|problema|fehler|алерт|симптом\w*|проблема)\b|"
    r"告警|症状|问题|故障|场景|現象|事象",
    re.IGNORECASE,
)
_DOING = compile_late(
    r"\b(?:actions?|resolutions?|fix(?:es)?|remed\w+|solutions?|mitigations?|what to do|steps?|response|recovery|"
    r"remediation|ação|lösung|действи\w+|решени\w+)\b|处理|处置|解决|措施|动作|操作|対応",
    re.IGNORECASE,
)
_NO_DOING = compile_late(r"\btimes?\b|\bowner\b|\bitems?\b|\bexpected\b|\bdate\b|\bsla\b|\bobjective\b", re.IGNORECASE)
_SEVERITY = compile_late(r"\b(?:severity|priority|sev)\b", re.IGNORECASE)
_SPLIT = compile_late(r"<br\s*/?>|;\s+|(?:^|\s)\(?\d[.)]\s+(?=\S)", re.IGNORECASE)
_CODE = compile_late(r"`[^`\n]*`")
_MOST_ROWS = 60


class Columns(msgspec.Struct, frozen=True):
    """Which column holds what, by index; ``looks`` are those that say where to look first."""

    problem: int
    doing: tuple[int, ...]
    looks: tuple[int, ...]
    causes: tuple[int, ...]
    severity: int | None


class Doing(msgspec.Struct, frozen=True):
    """One thing to do in a row: a command with what leads to it, or words."""

    text: str
    command: bool
    title: str | None = None


def columns_of(table: Block) -> Columns | None:
    """What the columns of a table of failures hold; None when it is another table."""
    if table.kind is not Kind.TABLE or not 3 <= len(table.rows) <= _MOST_ROWS:
        return None
    header = [inline.name(cell) for cell in table.rows[0].cells]
    problems = [index for index, name in enumerate(header) if _PROBLEM.search(name) and not _DOING.search(name)]
    doing = [index for index, name in enumerate(header) if _DOING.search(name) and not _NO_DOING.search(name)]
    if not problems or not doing or _SEVERITY.search(header[0]):
        return None
    kinds = {index: naming.kind for index, name in enumerate(header) for naming in [name_kind(name)] if naming}
    return Columns(
        problem=problems[0],
        doing=tuple(doing),
        looks=tuple(i for i, kind in kinds.items() if kind is SectionKind.DIAGNOSIS and i not in doing),
        causes=tuple(i for i, kind in kinds.items() if kind is SectionKind.CAUSES),
        severity=next((i for i, name in enumerate(header) if _SEVERITY.search(name)), None),
    )


def cell(row: Row, index: int | None) -> str:
    """A cell as written; empty where the row is too short."""
    return row.cells[index] if index is not None and index < len(row.cells) else ""


def rows_of(table: Block, columns: Columns) -> Iterator[Row]:
    """The rows that name a failure and say what to do about it."""
    for row in table.rows[1:]:
        if inline.name(cell(row, columns.problem)) and any(_says(cell(row, index)) for index in columns.doing):
            yield row


def _says(text: str) -> bool:
    return any(character.isalpha() for character in inline.clean(text)) and text.strip().lower() not in ("n/a", "none")


def doings_of(row: Row, columns: Columns) -> Iterator[Doing]:
    """What a row says to do, where to look first included."""
    for index in (*columns.looks, *columns.doing):
        text = cell(row, index)
        if index in columns.looks and not commands_of(text) and not gives_order(inline.clean(text)):
            continue
        codes = commands_of(text)
        if codes:
            yield from (Doing(code, command=True) for code in codes)
            continue
        for part in _split(text):
            found = command_in(part)
            if found is not None:
                yield Doing(found[1], command=True, title=found[0] or None)
            elif _says(part):
                yield Doing(inline.clean(part), command=False)


def _split(text: str) -> Iterator[str]:
    """The parts of a cell that lists several things; what stands in back-ticks is never cut."""
    masked = _CODE.sub(lambda match: "x" * len(match.group()), text)
    begin = 0
    for match in _SPLIT.finditer(masked):
        yield text[begin : match.start()].strip()
        begin = match.end()
    yield text[begin:].strip()
