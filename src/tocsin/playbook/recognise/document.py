"""What a document says of itself: title, version, owner, dates, how it numbers incidents.

The head of the document wins over its foot; a placeholder is nothing. Two owners are a finding, not a choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft, Said
from tocsin.playbook.duration import iso_date
from tocsin.playbook.model import Document, Remark
from tocsin.playbook.template import is_blank

_KEYS = {
    "version": compile_late(r"^(?:document |doc |playbook |runbook )?(?:version|revision|versão)(?: "
                            r"number)?$", re.IGNORECASE),
    "owner": compile_late(
        r"^(?:document |doc |playbook |runbook )?(?:owner(?:s|ed by|ship)?|maintain(?:er|ed by)|author|responsible|"
        r"eigentümer)(?: team)?$", re.IGNORECASE
    ),
    "last_updated": compile_late(
        r"^(?:(?:last|date) )?(?:update[d]?|revised|modified|changed|reviewed|edited)(?: (?:on|at|date))?$|^last "
        r"(?:review|update|change|modified)(?:ed)?(?: date)?$|"
        r"^última atualização$|^stand$|^effective date$|^as of$|^date$", re.IGNORECASE
    ),
    "next_review": compile_late(
        r"^(?:next|scheduled|planned) (?:\w+ )?review(?: (?:date|due|on))?$|^review (?:by|due|date|on|again|"
        r"before)(?: on)?$|^valid until$|^expires(?: on)?$|"
        r"^próxima revisão$|^nächste (?:prüfung|überprüfung)$|^to be reviewed(?: by| on)?$", re.IGNORECASE
    ),
}  # fmt: skip
_VERSION = compile_late(r"v?\d+(?:\.\d+)*(?:[-.]?\w+)?", re.IGNORECASE)
_CONTROL = compile_late(
    r"document (?:control|information|history|metadata|details|status|properties)|about this|maintenance|metadata|"
    r"colophon"
)  # lower case
_NUMBER = compile_late(
    r"\b[A-Z]{2,8}[-_](?:(?:YYYY|YY)[-/.]?MM(?:[-/.]?DD)?|\d{8}(?=[-_]?[X#N]))[-_](?:[X]{1,5}|#{1,5}|[Nn]{1,5}|"
    r"0+[1Nn]|<\w+>|\[\w+\])(?!\w)"
)  # fmt: skip
_BARS = compile_late(r"\s+[|·•]\s+")


def recognise(draft: Draft) -> None:
    """Read the document's own data."""
    said = sayings(draft)
    title = draft.title.title if draft.title is not None else None
    draft.document = Document(
        title=title or draft.source.front_title,
        version=_first(said, "version"),
        owner=_first(said, "owner"),
        last_updated=_first_date(said, "last_updated"),
        next_review=_first_date(said, "next_review"),
    )
    draft.number_pattern = _number_pattern(draft)


def sayings(draft: Draft) -> tuple[Said, ...]:
    """Everything the document says of itself, in its order: front matter, head, control tables, foot; read once."""
    if draft.said is None:
        draft.said = tuple(_sayings(draft))
    return draft.said


def _sayings(draft: Draft) -> Iterator[Said]:
    for pair in draft.source.front:
        yield from _read(pair.key.replace("_", " ").replace("-", " "), pair.value, pair.line)
    for block in _places(draft):
        for key, value, line in _pairs(block):
            yield from _read(key, value, line)


def _read(key: str, value: str, line: int) -> Iterator[Said]:
    for field, pattern in _KEYS.items():
        if pattern.match(key.strip()):
            yield Said(field, inline.clean(value), line)


def _places(draft: Draft) -> Iterator[Block]:
    """Blocks that may speak of the document: before the first chapter, in a chapter about it, and at the very end."""
    root = draft.outline.root
    first = draft.headings[0].line if draft.headings else 0
    yield from (
        child for child in root.children if child.kind is not Kind.HEADING and (not first or child.line < first)
    )
    for child in draft.title.children if draft.title is not None else []:
        if child.kind is Kind.HEADING:
            break
        yield child
    for heading in draft.headings:
        if _CONTROL.search(heading.title.lower()) and heading is not draft.title:
            yield from heading.children
    yield from _foot(draft)
    yield from (child for child in root.children if first and child.kind is not Kind.HEADING and child.line > first)


def _foot(draft: Draft) -> Iterator[Block]:
    if not draft.headings:
        return
    last = draft.headings[-1]
    for child in reversed(last.children):
        if child.kind not in (Kind.LABEL, Kind.TEXT) or child.children:
            return
        yield child


def _pairs(block: Block) -> Iterator[tuple[str, str, int]]:
    if block.kind is Kind.LABEL and block.value:
        yield block.title, block.value, block.line
        for child in block.children:
            yield from _pairs(child)
    elif block.kind is Kind.ITEM:
        key, value, keyed = entry.split_key(block.raw)
        if keyed and value:
            yield key, value, block.line
    elif block.kind is Kind.TABLE:
        for row in block.rows:
            if len(row.cells) == 2:
                yield inline.name(row.cells[0]), row.cells[1], row.line
    elif block.kind is Kind.TEXT:
        for offset, line in enumerate(block.raw.split("\n")):
            for part in _BARS.split(inline.clean(line)):
                key, colon, value = part.partition(":")
                if colon and len(key) < 40:
                    yield key.strip(), value.strip(), block.line + offset


def _first(said: Sequence[Said], key: str) -> str | None:
    for saying in said:
        if saying.key == key and saying.value and not is_blank(saying.value):
            if key != "version":
                return saying.value
            match = _VERSION.fullmatch(saying.value.partition(" ")[0])
            if match:
                return match.group()
    return None


def _first_date(said: Sequence[Said], key: str) -> str | None:
    return next((date for saying in said if saying.key == key for date in [iso_date(saying.value)] if date), None)


def _number_pattern(draft: Draft) -> Remark | None:
    """How the team numbers incidents, as a mask on any line, templates included."""
    for index, line in enumerate(draft.outline.lines):
        masked = ("YY" in line or "X" in line or "#" in line) and ("-" in line or "_" in line)
        if masked and (match := _NUMBER.search(line)):
            return Remark(line=index + 1, text=match.group())
    return None
