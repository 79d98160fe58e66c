"""Lists, tables and headings read alike: an entry has a title, perhaps a value, and fields by name.

A team writes its levels as bullets, as a table or as a heading each; whoever looks for levels sees the same entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind, Row
from tocsin.playbook.memory import remember

_TICKED_KEY = compile_late(r"(`[^`]+`|#[\w-]+)\s*(?:[-–—:]|->|→)\s+(.*)", re.DOTALL)
_PLAIN_KEY = compile_late(r"((?:(?!:\s)[^.!?|`\[])(?:(?!:\s)[^!?|`\[]){0,59}?):(?:\s+|$)(.*)", re.DOTALL)
_DASHED_KEY = compile_late(r"([^.!?|`\[]{1,60}?)\s+(?:[-–—]|->|→)\s+(.*)", re.DOTALL)
_ORDINAL_HEADER = compile_late(r"#|no\.?|nr\.?|number|№|step|order|seq\w*|position|", re.IGNORECASE)
_SEPARATOR = compile_late(r"^\s*(?:[:：]|[-–—](?=\s)|->|→)\s*")
_NO_DIGITS = compile_late(r"\D")


class Field:
    """A named value of an entry, both without marks; ``raw`` keeps them."""

    __slots__ = ("key", "line", "raw", "value")

    def __init__(self, key: str, raw: str, line: int) -> None:
        self.key = key
        self.raw = raw
        self.value = inline.clean(raw)
        self.line = line


class Entry:
    """One record. ``text`` is the whole of its first line; ``value`` what follows the title there.

    ``number`` is an ordered item's number or the figure in a table's first column; ``group`` the title of the label or
    heading right above it.
    """

    __slots__ = (
        "block",
        "end_line",
        "fields",
        "group",
        "keyed",
        "line",
        "number",
        "raw_value",
        "text",
        "title",
        "value",
    )

    def __init__(self, block: Block, line: int, end_line: int, text: str) -> None:
        self.block = block
        self.line = line
        self.end_line = end_line
        self.text = text
        self.title = text
        self.raw_value = ""
        self.value = ""
        self.keyed = False
        self.fields: list[Field] = []
        self.number: int | None = None
        self.group = ""

    def field(self, pattern: re.Pattern[str]) -> Field | None:
        """The first field whose key matches."""
        return next((field for field in self.fields if pattern.search(field.key)), None)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Every line of words of the entry, with its number."""
        yield self.line, self.text
        for field in self.fields:
            yield field.line, f"{field.key}: {field.value}" if field.key else field.value


@remember
def split_key(raw: str) -> tuple[str, str, bool]:
    """Title, marked value, and whether the two were told apart, of a line such as ``**Level 1**: on-call engineer``."""
    bold = inline.bold_start(raw)
    if bold is not None:
        name, rest = bold
        match = _SEPARATOR.match(rest)
        colon = name.rstrip().endswith((":", "："))
        value = rest[match.end() :] if match else rest
        return inline.name(name), value.strip(), bool(match or colon or not rest)
    for pattern in (_TICKED_KEY, _PLAIN_KEY, _DASHED_KEY):
        match = pattern.match(raw)
        if match:
            return inline.name(match.group(1)), match.group(2).strip(), True
    return inline.name(raw), "", False


def of_item(item: Block) -> Entry:
    """The entry that a list item is, with nested items as its fields."""
    entry = Entry(item, item.line, item.last_line, item.text)
    entry.number = item.number
    title, value, entry.keyed = split_key(item.raw)
    entry.title, entry.raw_value, entry.value = title, value, inline.clean(value)
    entry.fields = fields_of(item)
    return entry


def of_part(part: Block) -> Entry:
    """The entry that a heading or label is, with what is listed below it as fields."""
    entry = Entry(part, part.line, part.last_line, part.text)
    entry.title = part.title
    entry.raw_value, entry.value = part.value, inline.clean(part.value)
    entry.keyed = bool(part.value)
    entry.fields = fields_of(part)
    return entry


def fields_of(block: Block) -> list[Field]:
    """What is said below a block, by name: nested items, value labels, two-column tables, plain text without a name."""
    found: list[Field] = []
    for child in block.children:
        if child.kind is Kind.ITEM:
            key, value, keyed = split_key(child.raw)
            found.append(Field(key, value, child.line) if keyed and value else Field("", child.raw, child.line))
            found += fields_of(child) if child.children else []
        elif child.kind in (Kind.LABEL, Kind.HEADING):
            found += _fields_of_label(child)
        elif child.kind is Kind.TEXT:
            found.append(Field("", child.raw, child.line))
        elif child.kind is Kind.TABLE:
            found += _fields_of_table(child)
    return found


def _fields_of_label(label: Block) -> list[Field]:
    own = [Field(label.title, label.value, label.line)] if label.value else []
    below = fields_of(label)
    for field in below:
        if not field.key:
            field.key = label.title
    return own + below


def _fields_of_table(table: Block) -> list[Field]:
    header = table.rows[0].cells
    if len(header) == 2 and _ORDINAL_HEADER.fullmatch(inline.name(header[0])):
        return [Field("", row.cells[-1], row.line) for row in table.rows[1:]]
    if len(header) == 2:
        return [
            Field(inline.name(row.cells[0]), row.cells[-1], row.line) for row in table.rows[1:] if len(row.cells) == 2
        ]
    return [Field("", " ".join(filter(None, row.cells)), row.line) for row in table.rows[1:]]


def of_row(table: Block, row: Row, header: list[str], column: int | None = None) -> Entry:
    """The entry that a row of a table is: its first telling cell (or that of ``column``) is the title, every cell a
    field by its column.
    """
    cells = [*row.cells, *[""] * (len(header) - len(row.cells))]
    first = int(len(header) > 1 and (bool(_ORDINAL_HEADER.fullmatch(header[0])) or cells[0].strip(" .)").isdigit()))
    entry = Entry(table, row.line, row.line, " | ".join(inline.clean(cell) for cell in cells))
    number = _NO_DIGITS.sub("", cells[0]) if first else ""
    entry.number = int(number[:6]) if number else None
    at = first if column is None else column
    entry.title = inline.name(cells[at])
    entry.fields = [Field(key, cell, row.line) for key, cell in zip(header, cells, strict=False) if cell]
    if len(header) == first + 2:
        entry.raw_value = cells[first + (at == first)]
        entry.value = inline.clean(entry.raw_value)
    entry.keyed = True
    return entry


def of_table(table: Block, naming: re.Pattern[str] | None = None) -> list[Entry]:
    """The entries of a table, one for each row below its header; the column whose header is ``naming`` has the titles,
    wherever it stands.
    """
    header = [inline.name(cell).lower() for cell in table.rows[0].cells]
    column = naming_column(header, naming)
    return [of_row(table, row, header, column) for row in table.rows[1:] if any(row.cells)]


def naming_column(header: list[str], naming: re.Pattern[str] | None) -> int | None:
    """The first column whose header names what the rows are about; None when none does."""
    return next((at for at, words in enumerate(header) if naming is not None and naming.search(words)), None)


def of_columns(table: Block) -> list[Entry]:
    """The entries of a table that lies on its side: one for each column behind the first, which holds their keys."""
    found = []
    for column, title in enumerate(table.rows[0].cells[1:], 1):
        entry = Entry(table, table.rows[0].line, table.end_line, inline.clean(title))
        entry.title, entry.keyed = inline.name(title), True
        entry.fields = [
            Field(inline.name(row.cells[0]), row.cells[column], row.line)
            for row in table.rows[1:]
            if column < len(row.cells) and row.cells[column]
        ]
        found.append(entry)
    return found


def of_lines(text: Block) -> list[Entry]:
    """The entries of running text: one for each line that begins with a key ("P0 (Critical): all is down")."""
    found = []
    for offset, raw in enumerate(text.raw.split("\n")):
        title, value, keyed = split_key(raw)
        if keyed and value:
            entry = Entry(text, text.line + offset, text.line + offset, inline.clean(raw))
            entry.title, entry.raw_value, entry.value, entry.keyed = title, value, inline.clean(value), True
            found.append(entry)
    return found


def entries_in(block: Block, *, deep: bool = True, naming: re.Pattern[str] | None = None) -> Iterator[Entry]:
    """The entries listed right below a heading or label; with ``deep`` also those below its bare labels."""
    group = block.title if block.kind in (Kind.HEADING, Kind.LABEL) else ""
    for child in block.children:
        found: list[Entry] = []
        if child.kind is Kind.ITEM:
            found = [of_item(child)]
        elif child.kind is Kind.TABLE:
            found = of_table(child, naming)
        elif child.kind is Kind.LABEL and child.value:
            found = [of_part(child)]
        elif child.kind is Kind.LABEL and deep:
            yield from entries_in(child, naming=naming)
        for entry in found:
            entry.group = group
            yield entry
