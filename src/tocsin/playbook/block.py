"""The pieces that an outline is made of: every block of a document in one tree, with its exact lines.

A block that contains others (document, heading, bold label, list item) has ``children``; the rest are leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from tocsin.playbook import inline
from tocsin.playbook.sign import Sign


class Kind(Sign):
    """What a block is. A ``label`` is a run-in heading such as ``**Response:**``."""

    __slots__ = ()

    DOCUMENT: ClassVar[Kind]
    HEADING: ClassVar[Kind]
    LABEL: ClassVar[Kind]
    ITEM: ClassVar[Kind]
    TEXT: ClassVar[Kind]
    FENCE: ClassVar[Kind]
    TABLE: ClassVar[Kind]
    RULE: ClassVar[Kind]


CONTAINERS = frozenset({Kind.DOCUMENT, Kind.HEADING, Kind.LABEL, Kind.ITEM})


class Row:
    """One row of a table: its line and its cells as written."""

    __slots__ = ("cells", "line")

    def __init__(self, line: int, cells: list[str]) -> None:
        self.line = line
        self.cells = cells

    @property
    def text(self) -> str:
        """The words of all cells, without marks."""
        return " | ".join(map(inline.clean, self.cells))


class Block:
    """One block. ``raw`` is the source with its marks, ``text`` the same without; lines are 1-based and inclusive.

    ``title`` are the words of a heading, label or item as a name: no leading symbols, no closing colon. ``lines`` are
    the lines of the block's own words with their numbers, without marks; rows of a table, but not its header. All
    three are there once the block is settled. ``end_line`` is the last line of the block's own words, ``last_line``
    that of everything inside it. ``level`` is a heading's level, ``position`` the place among its siblings; ``number``
    an ordered item's number; ``checked`` a check box (None: there is none); ``value`` what follows a label on its line;
    ``reach`` the last line of what follows it up to the next part, once that is known (see ``section.label_end``), and
    ``topics`` the subjects that it stands under (see ``topics.topics_of``); ``lang``, ``body`` and ``first_line``
    belong to fences, ``rows`` to tables.
    """

    __slots__ = (
        "_below", "body", "checked", "children", "end_line", "fenced", "first_line", "indent", "kind", "lang",
        "last_line", "level", "line", "lines", "number", "ordered", "parent", "position", "quoted", "raw", "reach",
        "rows", "text", "title", "topics", "value",
    )  # fmt: skip

    text: str
    title: str
    lines: tuple[tuple[int, str], ...]

    def __init__(self, kind: Kind, line: int, raw: str = "", indent: int = 0) -> None:
        self.kind = kind
        self.line = self.end_line = self.last_line = self.first_line = line
        self.raw = raw
        self.indent = indent
        self.level = self.position = 0
        self.number: int | None = None
        self.ordered = self.quoted = False
        self.checked: bool | None = None
        self.value = ""
        self.lang: str | None = None
        self.body: tuple[str, ...] = ()
        self.fenced = True
        self.rows: Sequence[Row] = ()
        self.children: list[Block] = []
        self.parent: Block | None = None
        self.reach = -1
        self.topics: tuple[Any, ...] | None = None
        self._below: list[Block] | None = None

    def __repr__(self) -> str:
        return f"<{self.kind} {self.line}-{self.last_line} {self.raw[:40]!r}>"

    def say_more(self, words: str, line: int) -> None:
        """Add a continuation line to the block's own words; lines of comments before it stand there as empty ones."""
        self.raw += "\n" * (line - self.end_line) + words
        self.end_line = line

    def settle(self) -> None:
        """Work the words out: nothing is added to them any more."""
        self.text = inline.clean(self.raw)
        self.title = inline.bare(self.text)
        self.lines = self._read_lines()

    def walk(self) -> Sequence[Block]:
        """Every block below this one, in document order."""
        if not self.children:
            return ()
        if self._below is None:
            self._below = []
            waiting = [*reversed(self.children)]
            while waiting:
                block = waiting.pop()
                self._below.append(block)
                waiting += reversed(block.children)
        return self._below

    def remember(self, below: list[Block]) -> None:
        """Take a list of all the blocks below, in document order, for the true one."""
        self._below = below

    def _read_lines(self) -> tuple[tuple[int, str], ...]:
        if self.kind is Kind.ITEM or self.kind is Kind.TEXT:
            if "\n" not in self.raw:
                return ((self.line, self.text),)
            told = enumerate(self.raw.split("\n"), self.line)
            return tuple((line, inline.clean(words)) for line, words in told if words or line == self.line)
        if self.kind is Kind.HEADING or self.kind is Kind.LABEL:
            return ((self.line, f"{self.title}: {inline.clean(self.value)}" if self.value else self.title),)
        if self.kind is Kind.TABLE:
            return tuple((row.line, row.text) for row in self.told_rows)
        return ()

    @property
    def told_rows(self) -> Sequence[Row]:
        """The rows of a table that say something: all but the header, unless a table of pairs has a pair for one."""
        header = self.rows[0].cells
        paired = len(header) == 2 and any(character.isdigit() for character in header[1])
        return self.rows if paired else self.rows[1:]

    def ancestors(self) -> Iterator[Block]:
        """The blocks that this one stands in, innermost first."""
        block = self.parent
        while block is not None:
            yield block
            block = block.parent

    def after(self) -> Iterator[Block]:
        """The blocks beside this one that follow it."""
        siblings = self.parent.children if self.parent else []
        for index in range(self.position + 1, len(siblings)):
            yield siblings[index]

    def before(self) -> Iterator[Block]:
        """The blocks beside this one that precede it, nearest first."""
        siblings = self.parent.children if self.parent else []
        for index in range(self.position - 1, -1, -1):
            yield siblings[index]

    def of(self, *kinds: Kind) -> list[Block]:
        """The direct children of these kinds."""
        return [child for child in self.children if child.kind in kinds]


class Fault:
    """Something wrong with the Markdown itself: which rule, where."""

    __slots__ = ("line", "rule")

    def __init__(self, rule: str, line: int) -> None:
        self.rule = rule
        self.line = line
