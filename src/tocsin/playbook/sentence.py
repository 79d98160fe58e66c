"""The words of a document without its commands: line by line, or as sentences put together over wrapped lines."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence

from tocsin.playbook.block import Block, Kind

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z\"'“(*])")


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


def lines_of(root: Block) -> Iterator[tuple[int, str, Block]]:
    """Every line of words of a block and of everything below it, without marks, with its number and its block."""
    for block in (root, *root.walk()):
        for line, text in block.lines:
            yield line, text, block


class Words:
    """All words of a document in one text, so that a pattern is looked for once rather than on every line.

    What is found is a superset: a match may run on into the next line, so whoever asks looks at the line again.
    """

    def __init__(self, root: Block) -> None:
        self.lines = [*lines_of(root)]
        self.foreign = frozenset(id(block) for _, text, block in self.lines if not text.isascii())
        self._starts: list[int] = []
        parts = []
        length = 0
        last: Block | None = None
        for _, text, block in self.lines:
            lowered = text.lower()
            parts += [" " if block is last else "\n", lowered]
            self._starts.append(length + 1)
            length += 1 + len(lowered)
            last = block
        self._text = "".join(parts)
        self._blocks: dict[re.Pattern[str], frozenset[int]] = {}

    def matching(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, str, Block]]:
        """The lines in which a pattern for lower case may be found, in order."""
        starts = self._starts
        match = pattern.search(self._text)
        while match is not None:
            index = bisect.bisect_right(starts, match.start()) - 1
            if index >= 0:
                yield self.lines[index]
            if index + 1 == len(starts):
                return
            match = pattern.search(self._text, starts[index + 1])

    def blocks_with(self, pattern: re.Pattern[str]) -> frozenset[int]:
        """The ids of the blocks that may hold a pattern for lower case, and of those with other letters than ASCII."""
        found = self._blocks.get(pattern)
        if found is None:
            found = self._blocks[pattern] = self.foreign.union(id(block) for _, _, block in self.matching(pattern))
        return found


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
