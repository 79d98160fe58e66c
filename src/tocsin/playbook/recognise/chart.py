"""Charts drawn with characters inside a fence: what stands below a row of severities, column by column.

        SEV-1/2   SEV-3/4
           ▼         ▼
        Create    Work ticket
        channel   async

Everything else of a chart is prose: it is shown as it stands and demands nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import Phase

_CHUNK = compile_late(r"\S+(?: \S+)*")
_DRAWN = compile_late(r"[\u2190-\u21ff\u2500-\u25ff|+\-=<>^vV/\\_\s]+")
MOST_LINES = 200


class Column(NamedTuple):
    """What a chart says for some severities, on which line, and the clock of the phase that it stands in."""

    severities: tuple[str, ...]
    text: str
    line: int
    starts_s: int | None
    ends_s: int | None


class _Chunk(NamedTuple):
    text: str
    middle: float


def read_columns(draft: Draft) -> Iterator[Column]:
    """The columns of all charts inside the general procedures."""
    for process in draft.processes:
        inside = (block for block in draft.outline.fences if process.line < block.line <= process.end_line)
        for block in inside:
            phase = next((each for each in reversed(process.phases) if each.line <= block.line), None)
            yield from _read(draft, block, phase)


def _read(draft: Draft, block: Block, phase: Phase | None) -> Iterator[Column]:
    rows = [_cut(line) for line in block.body[:MOST_LINES]]
    for at, row in enumerate(rows):
        heads = [(chunk, tuple(draft.levels.find(chunk.text))) for chunk in row]
        if len(heads) < 2 or not all(levels for _, levels in heads):
            continue
        below: list[list[str]] = [[] for _ in heads]
        first: list[int | None] = [None for _ in heads]
        for offset, line in enumerate(rows[at + 1 :], at + 1):
            for chunk in line:
                nearest = min(range(len(heads)), key=lambda n: abs(heads[n][0].middle - chunk.middle))
                below[nearest].append(chunk.text)
                first[nearest] = first[nearest] or block.first_line + offset
        for (_, levels), words, line_of in zip(heads, below, first, strict=True):
            if words and line_of is not None:
                clock = (phase.starts_s, phase.ends_s) if phase else (None, None)
                yield Column(levels, " ".join(words), line_of, *clock)
        return


def _cut(line: str) -> list[_Chunk]:
    """The words of a line, by where they stand; what only draws is left out."""
    found = _CHUNK.finditer(line)
    return [_Chunk(each.group(), (each.start() + each.end()) / 2) for each in found if not _DRAWN.fullmatch(each[0])]
