"""The words of a document without its commands: line by line, or as sentences put together over wrapped lines."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block, Kind

_END = compile_late(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z\"'“(*])")


class Sentence:
    """One sentence (or one row, title, item) with its block; wrapped lines are joined by a space.

    ``cells`` are those of a row of a table, as written.
    """

    __slots__ = ("_lines", "_starts", "block", "cells", "text")

    def __init__(self, text: str, block: Block, starts: list[int], lines: list[int], cells: Sequence[str] = ()) -> None:
        self.text = text
        self.cells = cells
        self.block = block
        self._starts = starts
        self._lines = lines

    @property
    def line(self) -> int:
        """Where it begins."""
        return self._lines[0]

    def line_at(self, offset: int) -> int:
        """The line that a character of the sentence stands on."""
        return self._lines[max(0, bisect.bisect_right(self._starts, offset) - 1)]


def lines_of(root: Block) -> list[tuple[int, str, Block]]:
    """Every line of words of a block and of everything below it, without marks, with its number and its block."""
    return [(line, text, block) for block in (root, *root.walk()) for line, text in block.lines]


def sentences_in(blocks: Iterable[Block]) -> Iterator[Sentence]:
    """The sentences of these blocks alone, in order."""
    for block in blocks:
        if block.kind in (Kind.ITEM, Kind.TEXT):
            if len(block.lines) == 1 and not _END.search(block.lines[0][1]):
                yield Sentence(block.lines[0][1], block, [0], [block.line])
            else:
                yield from _sentences(block.lines, block)
        elif block.kind is Kind.TABLE:
            for row in block.told_rows:
                yield Sentence(row.text, block, [0], [row.line], row.cells)
        else:
            for line, text in block.lines:
                yield Sentence(text, block, [0], [line])


def _sentences(lines: Sequence[tuple[int, str]], block: Block) -> Iterator[Sentence]:
    whole = " ".join(text for _, text in lines)
    starts = [0]
    for _, text in lines[:-1]:
        starts.append(starts[-1] + len(text) + 1)
    begin = 0
    for end in [*(match.start() for match in _END.finditer(whole)), len(whole)]:
        text = whole[begin:end]
        lead = len(text) - len(text.lstrip())
        begin += lead
        first = max(0, bisect.bisect_right(starts, begin) - 1)
        last = max(first, bisect.bisect_left(starts, end) - 1)
        yield Sentence(
            text.strip(),
            block,
            [0, *(start - begin for start in starts[first + 1 : last + 1])],
            [line for line, _ in lines[first : last + 1]],
        )
        begin = end
