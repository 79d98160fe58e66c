"""Secrets in columns with commas, semicolons, tabs or bars between them: the cells that stand under a telling name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from tocsin.timeline.chance import is_chance
from tocsin.timeline.naming import Telling, judge_name
from tocsin.timeline.secrecy import may_be_secret
from tocsin.timeline.shapes import Place

_CELL = rb"\"?[A-Za-z_][\w.-]*\"?"
_HEAD = re2.compile(
    rb"(?m)(?:^|: )("
    + _CELL
    + rb"(?:(?:,"
    + _CELL
    + rb")+|(?:;"
    + _CELL
    + rb")+|(?:\t"
    + _CELL
    + rb")+|(?:\|"
    + _CELL
    + rb")+))\r?$"
)
_MOST_COLUMNS, _MOST_NAME = 256, 64
_SEPARATOR = re.compile(rb"[,;\t|]")
_QUOTED = re.compile(rb"\"(?:[^\"\n]|\"\")*\"|[^,;\t|\n]*")
_MOST_ROW = 65536
_LEAST_CHANCE = 12

Column = tuple[int, Telling]


def find_in_columns(content: bytes) -> Iterator[Place]:
    """The cells under a telling name, in order."""
    done = 0
    for head in _HEAD.finditer(content):
        if head.start() < done:
            continue
        columns, separator = _judge_head(head[1])
        if columns:
            at = head.end() + 1
            while (row := _read_row(content, at)) and len(cells := _cut(row, separator)) == _count(head[1]):
                yield from _find_cells(at, cells, columns)
                at = done = at + len(row) + 1


def find_open_columns(content: bytes) -> bytes:
    """The head of the columns that go on at the end, if one of its names is telling."""
    for head in reversed(list(_HEAD.finditer(content))):
        columns, separator = _judge_head(head[1])
        if columns:
            rows = content[head.end() + 1 :].splitlines()
            goes_on = all(len(_cut(row, separator)) == _count(head[1]) for row in rows)
            return head[1] + b"\n" if goes_on else b""
    return b""


def _count(head: bytes) -> int:
    return len(_SEPARATOR.findall(head)) + 1


def _judge_head(head: bytes) -> tuple[list[Column], bytes]:
    found = _SEPARATOR.search(head)
    separator = found[0] if found else b","
    names = [each.strip(b'"\r') for each in head.split(separator)]
    if len(names) > _MOST_COLUMNS:
        return [], separator
    judged = ((at, judge_name(name)) for at, name in enumerate(names) if len(name) <= _MOST_NAME)
    return [(at, telling) for at, telling in judged if telling >= Telling.WEAK], separator


def _read_row(content: bytes, at: int) -> bytes:
    end = content.find(b"\n", at, at + _MOST_ROW)
    return content[at : end if end >= 0 else at + _MOST_ROW]


def _cut(row: bytes, separator: bytes) -> list[bytes]:
    """The cells of a row; a separator in quotes parts nothing."""
    if b'"' not in row:
        return row.split(separator)
    cells, at = [], 0
    while at <= len(row):
        end = _find_end(row, at, separator)
        cells.append(row[at:end])
        at = end + 1
    return cells


def _find_end(row: bytes, at: int, separator: bytes) -> int:
    quoted = _QUOTED.match(row, at) if row[at : at + 1] == b'"' else None
    end = row.find(separator, quoted.end() if quoted else at)
    return end if end >= 0 else len(row)


def _find_cells(at: int, cells: list[bytes], columns: list[Column]) -> Iterator[Place]:
    starts = [at]
    for cell in cells:
        starts.append(starts[-1] + len(cell) + 1)
    for column, telling in columns:
        value = cells[column].strip(b' "\r')
        strong = telling is Telling.STRONG and may_be_secret(value)
        if value and (strong or is_chance(value, _LEAST_CHANCE)):
            start = starts[column] + cells[column].find(value)
            yield start, start + len(value), b"secret"
