"""A document in one plain form: the same playbook, written the way that every reader of Markdown reads alike.

Headings have their marks in front, labels are bold, fences are closed and stand where they belong, lists are numbered
and indented by the same rule, tables have all their pipes, damaged characters are repaired. Compiled again it gives the
same model; only lines move. Left out is what no reader of the rendered page sees: comments and layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.pattern import compile_late
from tocsin.playbook import kinds, outline, source
from tocsin.playbook.block import Block, Kind, Row
from tocsin.playbook.model import Playbook

_TICKS = compile_late(r"^\s*(`{3,}|~{3,})")
_BOLD = compile_late(r"\*\*|__(?=\S)|(?<=\S)__")
_HEADING = compile_late(r"#{1,6}(?:\s|$)")
_UNDERLINE = compile_late(r"(?:=+|-+)\s*")
_NUMBER_WIDTH = 4


def normalise(content: bytes, playbook: Playbook, max_bytes: int = 10 * 2**20) -> str:
    """The normal form of a document; ``playbook`` is what was compiled from it (texts to be sent stay as they are)."""
    read = source.read(content, max_bytes)
    if not read.readable:
        return ""
    found = outline.build(read.lines, kinds.is_name)
    writer = _Writer(read.lines, {template.line for template in playbook.templates})
    lines = [*_front(read.front), *writer.write(found.root)]
    return "\n".join(_squeeze(lines)) + "\n"


def _front(pairs: Sequence[source.Pair]) -> Iterator[str]:
    if pairs:
        yield "---"
        yield from (f"{pair.key}: {pair.value}" for pair in pairs)
        yield "---"


def _squeeze(lines: Sequence[str]) -> Iterator[str]:
    """One blank line between blocks, none at the ends; what stands in a fence is marked by a leading zero byte."""
    blank = True
    for line in lines:
        inside = line.startswith("\0")
        if line.strip("\0") or inside:
            yield line.removeprefix("\0")
            blank = False
        elif not blank:
            yield ""
            blank = True


class _Writer:
    """Writes the blocks of one document; ``templates`` are lines of titles whose text is kept to the letter."""

    def __init__(self, lines: Sequence[str], templates: set[int]) -> None:
        self.lines = lines
        self.templates = templates

    def write(self, root: Block) -> Iterator[str]:
        yield from self._write_all(root.children, 0)

    def _write_all(self, blocks: Sequence[Block], indent: int) -> Iterator[str]:
        for index, block in enumerate(blocks):
            before = blocks[index - 1] if index else None
            if before is None or not _one_list(before, block) or before.children:
                yield ""
            yield from self._write(block, indent)

    def _write(self, block: Block, indent: int) -> Iterator[str]:
        if block.kind is Kind.HEADING:
            yield f"{'#' * block.level} {block.raw}".rstrip()
            if block.line in self.templates:
                yield from (f"\0{line}" for line in self.lines[block.end_line : block.last_line])
            else:
                yield from self._write_all(block.children, 0)
        elif block.kind is Kind.LABEL:
            yield from self._write_label(block, indent)
        elif block.kind is Kind.ITEM:
            yield from self._write_item(block, indent)
        elif block.kind is Kind.FENCE:
            yield from _write_fence(block, indent)
        elif block.kind is Kind.TABLE:
            yield from (" " * indent + line for line in _write_table(block.rows))
        elif block.kind is Kind.RULE:
            yield "---"
        else:
            mark = "> " if block.quoted else ""
            yield from (f"{' ' * indent}{mark}{line}" for line in _paragraph(block.raw))

    def _write_label(self, block: Block, indent: int) -> Iterator[str]:
        name = _BOLD.sub("", block.raw).rstrip()
        colon = "" if name.endswith((":", "：")) or not block.value else ":"
        yield f"{' ' * indent}**{name}{colon}** {block.value}".rstrip()
        if block.line in self.templates:
            yield from (f"\0{line}" for line in self.lines[block.end_line : block.last_line])
        else:
            yield from self._write_all(block.children, indent)

    def _write_item(self, block: Block, indent: int) -> Iterator[str]:
        mark = f"{block.number}." if block.ordered else "-"
        box = "" if block.checked is None else "[x] " if block.checked else "[ ] "
        first, *more = _paragraph(block.raw)
        yield f"{' ' * indent}{mark} {box}{first}".rstrip()
        inner = indent + (_NUMBER_WIDTH if block.ordered else 2)
        yield from (f"{' ' * inner}{line}" for line in more)
        yield from self._write_all(block.children, inner)


def _one_list(before: Block, block: Block) -> bool:
    return before.kind is block.kind is Kind.ITEM and before.ordered == block.ordered


def _paragraph(raw: str) -> list[str]:
    """The lines of a paragraph. Marks that stood too far in to make a heading, or too far from the line that they seem
    to underline, are kept from making one.
    """
    lines: list[str] = []
    first, *more = raw.split("\n")
    for line in (first, *filter(None, more)):
        if lines and _UNDERLINE.fullmatch(line):
            lines[-1] += f" {line}"
        else:
            lines.append(f"\\{line}" if _HEADING.match(line) else line)
    return lines


def _write_fence(block: Block, indent: int) -> Iterator[str]:
    """A fence with marks longer than any inside it."""
    longest = max((len(match.group(1)) for line in block.body if (match := _TICKS.match(line))), default=2)
    marks = "`" * max(3, longest + 1)
    pad = " " * indent
    yield f"{pad}{marks}{block.lang or ''}"
    yield from (f"\0{pad}{line}" if line.strip() else "\0" for line in block.body)
    yield f"{pad}{marks}"


def _write_table(rows: Sequence[Row]) -> Iterator[str]:
    width = len(rows[0].cells)
    for index, row in enumerate(rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row.cells)} |"
        if index == 0:
            yield "|" + "---|" * max(1, width)
