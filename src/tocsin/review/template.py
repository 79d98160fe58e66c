"""A post-mortem template as pieces: headings, labels, fields, items, tables and what stands between them.

Only the form is read here, line by line, so that everything which is not filled in can be written back as it was. A
label is a run-in heading (``**Root Cause**:`` with its text below); a field has its value on its own line.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from tocsin.pattern import compile_late
from tocsin.review.blank import CLOCK

MOST_LINES = 2000
BOX = compile_late(r"\[[ xX]?\]\s+$")
"""The check box at the end of an item's mark."""


class Kind(StrEnum):
    """What a piece is."""

    HEADING = "heading"
    LABEL = "label"
    FIELD = "field"
    ITEM = "item"
    TEXT = "text"
    TABLE = "table"
    FENCE = "fence"
    COMMENT = "comment"
    QUOTE = "quote"
    RULE = "rule"
    EMPTY = "empty"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One piece: `raw` is how it was written.

    `level` is a heading's, `mark` an item's with its blanks (``- [ ] ``), `lead` everything before a field's value and
    `tail` a hard line break after it; `text` is a heading's, label's or item's words, or a field's value.
    """

    kind: Kind
    raw: tuple[str, ...]
    level: int = 0
    indent: int = 0
    mark: str = ""
    label: str = ""
    lead: str = ""
    text: str = ""
    tail: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A heading or label with what stands directly below it, and the titles above it, the nearest first."""

    head: Piece | None
    parts: tuple[Piece, ...]
    above: tuple[str, ...] = ()


_FENCE = compile_late(r"\s*(?P<mark>`{3,}|~{3,})")
_HEADING = compile_late(r"\s{0,3}(?P<marks>#{1,6})(?:\s+(?P<text>.*?))?(?:\s+#+)?\s*$")
_UNDERLINE = compile_late(r"\s{0,3}(?P<sign>=+|-+)\s*$")
_RULE = compile_late(r"\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$")
_DIVIDER = compile_late(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_ITEM = compile_late(
    r"(?P<indent>\s*)(?P<bullet>[-*+•◦▪]|\d{1,3}[.)])(?:(?P<gap>\s+)(?P<box>\[[ xX]?\]\s+)?(?P<text>.*))?$"
)
_SYMBOL = compile_late(r"(?P<indent>\s*)(?P<bullet>[^\x00-\x7f\w\s][^\w\s\[(<{*_`\"']{0,3})(?P<gap>\s+)(?P<text>\S.*)$")
_BOLD = compile_late(
    r"(?P<lead>(?P<b>\*\*|__)(?P<label>[^*\n]{1,120}?)(?P<in>\s*[:：])?\s*(?P=b)(?P<aside>\s*\([^()\n]{0,80}\))?"
    r"(?P<out>\s*(?:[:：=]|[–—-](?=\s|$)))?)(?P<gap>\s*)(?P<value>.*)$"
)
_PLAIN = compile_late(r"(?P<lead>(?P<label>[^\W\d_][^:：|\[\]<>{}`*\n]{0,90}?)\s*[:：])(?P<gap>\s+|$)(?P<value>.*)$")
_NO_LABEL = compile_late(
    r"[\[<{(`]|\d[\d:.h/ -]*$|\d{1,2}[:h.]\d\d|\d{4}-|T(?:[+-]\w{0,6}|\d{1,4})$|(?:HH|hh|XX|YYYY)\b|https?$|note$"
    r"|n\.?b\.?$",
    re.IGNORECASE,
)
_TIMED = compile_late(r"[\[(*_`\s]*(?:(?:YYYY|HH|hh|XX)[:-]|\[?(?:time|timestamp)\]|T[+-]\d)", re.IGNORECASE)
_CELL_PART = compile_late(r"\\.|`[^`]*`|[^|\\`]+|.")


def parse(body: str) -> tuple[Section, ...]:
    """The sections of a template; what stands above the first heading is one without a head."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MOST_LINES]
    return tuple(_divide(_settle(_scan(lines))))


def _scan(lines: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    while at < len(lines):
        piece = _read(lines, at)
        if _underlines(lines, at, pieces):
            above = pieces.pop()
            level = 1 if "=" in lines[at] else 2
            piece = Piece(kind=Kind.HEADING, raw=(*above.raw, lines[at]), level=level, text=above.text)
            at += 1
        else:
            at += len(piece.raw)
        pieces.append(piece)
    return pieces


def _underlines(lines: list[str], at: int, pieces: list[Piece]) -> bool:
    """Whether the line makes a heading of the single line of text above it."""
    if not _UNDERLINE.match(lines[at]) or not pieces or pieces[-1].kind is not Kind.TEXT:
        return False
    alone = len(pieces) < 2 or pieces[-2].kind in (Kind.EMPTY, Kind.HEADING, Kind.RULE)
    return alone and len(pieces[-1].text) <= 120


def _read(lines: list[str], at: int) -> Piece:
    """The piece that begins on this line."""
    line = lines[at]
    if not line.strip():
        return Piece(kind=Kind.EMPTY, raw=(line,))
    for reader in (_read_fence, _read_comment, _read_table):
        piece = reader(lines, at)
        if piece is not None:
            return piece
    found = _HEADING.match(line)
    if found:
        return _head(line, found)
    if _RULE.match(line):
        return Piece(kind=Kind.RULE, raw=(line,))
    if line.lstrip().startswith(">"):
        return Piece(kind=Kind.QUOTE, raw=(line,), text=line.lstrip().lstrip("> "))
    return read_line(line)


def _head(line: str, found: re.Match[str]) -> Piece:
    """A heading; one that is a time with what happened then is an entry of a timeline."""
    text = found["text"] or ""
    if CLOCK.match(text.lstrip("[*`_")) or _TIMED.match(text):
        return Piece(kind=Kind.ITEM, raw=(line,), mark=f"{found['marks']} ", text=text)
    return Piece(kind=Kind.HEADING, raw=(line,), level=len(found["marks"]), text=text)


def _read_fence(lines: list[str], at: int) -> Piece | None:
    found = _FENCE.match(lines[at])
    if found is None or (found["mark"][0] == "`" and "`" in lines[at][found.end() :]):
        return None
    end = at + 1
    while end < len(lines) and not _closes(lines[end], found["mark"]):
        end += 1
    if end == len(lines):
        lines.append(lines[at][: found.end()])  # one that is never closed would swallow what stands behind the template
    return Piece(kind=Kind.FENCE, raw=tuple(lines[at : end + 1]), text="\n".join(lines[at + 1 : end]))


def _closes(line: str, mark: str) -> bool:
    """Whether a line ends a fence; what looks like it but stands too far in is content, and is kept from ending it."""
    bare = line.strip()
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def _read_comment(lines: list[str], at: int) -> Piece | None:
    if not lines[at].lstrip().startswith("<!--"):
        return None
    end = at
    while end < len(lines) - 1 and "-->" not in lines[end]:
        end += 1
    if "-->" not in lines[end]:
        return None
    text = " ".join(lines[at : end + 1]).strip()
    return Piece(kind=Kind.COMMENT, raw=tuple(lines[at : end + 1]), text=text) if text.endswith("-->") else None


def _read_table(lines: list[str], at: int) -> Piece | None:
    below = lines[at + 1] if at + 1 < len(lines) else ""
    if "|" not in lines[at] or "-" not in below or not _DIVIDER.match(below):
        return None
    if "|" not in below and len(split_cells(lines[at])) > 1:
        return None
    end = at + 2
    while end < len(lines) and "|" in lines[end] and lines[end].strip():
        end += 1
    rows = tuple(split_cells(line) for line in (lines[at], *lines[at + 2 : end]))
    return Piece(kind=Kind.TABLE, raw=tuple(lines[at:end]), rows=rows)


def split_cells(line: str) -> tuple[str, ...]:
    """The cells of a row as written; a bar that is escaped or stands in ticks does not part two cells."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    cells = [""]
    for part in _CELL_PART.findall(inner):
        if part == "|":
            cells.append("")
        else:
            cells[-1] += part
    return tuple(cell.strip() for cell in cells)


def read_line(line: str) -> Piece:
    """A line by itself: an item, a field or plain text."""
    item = _ITEM.match(line) or _SYMBOL.match(line)
    if item is None:
        return _labelled(line, line, "", len(line) - len(line.lstrip())) or _text(line)
    parts = item.groupdict()
    text = parts["text"] or ""
    mark = f"{parts['indent']}{parts['bullet']}{parts['gap'] or ' '}{parts.get('box') or ''}"
    indent = len(parts["indent"].expandtabs(4))
    made = _labelled(line, text, mark, indent)
    return made or Piece(kind=Kind.ITEM, raw=(line,), mark=mark, indent=indent, text=text.rstrip())


def _text(line: str) -> Piece:
    return Piece(kind=Kind.TEXT, raw=(line,), text=line.strip(), indent=len(line) - len(line.lstrip()))


def _labelled(line: str, text: str, mark: str, indent: int) -> Piece | None:
    """A field, if the text begins with a label: bold with a colon, a dash or a question mark, or plain with a colon."""
    bare = text.strip()
    found = _BOLD.match(bare)
    if found and not (found["in"] or found["out"] or found["label"].rstrip().endswith("?") or not found["value"]):
        found = None
    found = found or _PLAIN.match(bare)
    if found is None or not _is_label(found["label"]):
        return None
    value, tail = found["value"].rstrip(), ""
    if line.endswith("  ") and value:
        tail = "  "
    elif value.endswith("\\"):
        value, tail = value[:-1].rstrip(), "\\"
    lead = (mark or line[: len(line) - len(line.lstrip())]) + found["lead"]
    return Piece(
        kind=Kind.FIELD, raw=(line,), mark=mark, indent=indent, label=found["label"], lead=lead, text=value, tail=tail
    )


def _is_label(words: str) -> bool:
    return not _NO_LABEL.match(words) and len(words.split()) <= 14 and words.count("(") == words.count(")")


_CONTENT = frozenset({Kind.ITEM, Kind.TEXT, Kind.TABLE, Kind.FENCE, Kind.QUOTE, Kind.COMMENT})


def _settle(pieces: list[Piece]) -> list[Piece]:
    """Fields without a value that stand above their text are labels."""
    settled = []
    for index, piece in enumerate(pieces):
        if piece.kind is Kind.FIELD and not piece.mark and not piece.text:
            below = next((each for each in pieces[index + 1 :] if each.kind is not Kind.EMPTY), None)
            if below is not None and (below.kind in _CONTENT or (below.kind is Kind.FIELD and below.mark)):
                piece = msgspec.structs.replace(piece, kind=Kind.LABEL, text=piece.label)
        settled.append(piece)
    return settled


def _divide(pieces: list[Piece]) -> list[Section]:
    """Pieces by section. A label ends at the next label, field outside a list, rule or heading."""
    sections: list[Section] = []
    stack: list[tuple[int, str]] = []
    head: Piece | None = None
    parts: list[Piece] = []

    def close() -> None:
        if head is not None or parts:
            above = tuple(title for _, title in reversed(stack[:-1] if head is not None else stack))
            sections.append(Section(head=head, parts=tuple(parts), above=above))

    for piece in pieces:
        if piece.kind in (Kind.HEADING, Kind.LABEL):
            close()
            rank = piece.level or 7
            while stack and stack[-1][0] >= rank:
                stack.pop()
            stack.append((rank, piece.text))
            head, parts = piece, []
        elif head is not None and head.kind is Kind.LABEL and _ends_label(piece):
            close()
            stack.pop()
            head, parts = None, [piece]
        else:
            parts.append(piece)
    close()
    return sections


def _ends_label(piece: Piece) -> bool:
    return piece.kind is Kind.RULE or (piece.kind is Kind.FIELD and not piece.mark)
