"""Tables: rows of cells with their lines, from pipes or from HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.block import Row

_DELIMITER = compile_late(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_CELL = compile_late(r"((?:\\.|`[^`]*`|[^|\\`]|[\\`])*)(?:\||$)")
_HTML_ROW = compile_late(r"<tr\b[^>]*>(.*?)(?=<tr\b|</table)", re.IGNORECASE | re.DOTALL)
_HTML_CELL = compile_late(r"<t[hd]\b[^>]*>(.*?)(?=</?t[hd]\b|</tr|$)", re.IGNORECASE | re.DOTALL)


def read_rows(lines: Sequence[str], at: int, words: str) -> list[Row] | None:
    """The rows of a table of pipes whose header is ``words`` on line index ``at``; None when no delimiter follows."""
    after = lines[at + 1].strip().lstrip("> ") if at + 1 < len(lines) else ""
    if "-" not in after or not _DELIMITER.fullmatch(after) or ("|" not in after and not words.startswith("|")):
        return None
    rows = [Row(at + 1, split_cells(words))]
    index = at + 2
    while index < len(lines) and "|" in lines[index]:
        rows.append(Row(index + 1, split_cells(lines[index].strip().lstrip("> "))))
        index += 1
    return rows


def split_cells(words: str) -> list[str]:
    """The cells of one row; a pipe in a code span or behind a backslash does not end a cell."""
    inner = words.removeprefix("|").rstrip()
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    if "`" not in inner and "\\" not in inner:
        return [cell.strip() for cell in inner.split("|")]
    cells = [match.group(1).strip().replace("\\|", "|") for match in _CELL.finditer(inner)]
    return cells[:-1] if len(cells) > 1 and not cells[-1] and not inner.endswith("|") else cells


def read_html_rows(lines: Sequence[str], at: int, end: int) -> list[Row]:
    """The rows of an HTML table between two line indexes; a row's line is that of its first cell."""
    text = "\n".join(lines[at : end + 1])
    rows = []
    for match in _HTML_ROW.finditer(text):
        cells = [" ".join(cell.split()) for cell in _HTML_CELL.findall(match.group(1))]
        if cells:
            first = match.start(1) + len(match.group(1)) - len(match.group(1).lstrip())
            rows.append(Row(at + 1 + text.count("\n", 0, first), cells))
    return rows
