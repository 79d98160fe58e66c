"""What is put into tables of PostgreSQL, all of it by one statement: each table's rows as one array for each column.

One by one costs ten times as much, and each statement of its own one more way there and back. Its text depends on which
tables are named and never on how many rows there are, so that the server plans each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, Table

Row = tuple[Any, ...]

_KINDS = (
    (BigInteger, "bigint"),
    (Integer, "int"),
    (Boolean, "bool"),
    (LargeBinary, "bytea"),
    (DateTime, "timestamptz"),
)
"""PostgreSQL's words for the kinds of columns; the rest is text."""


class Part(NamedTuple):
    """One table's share of a statement: its text with a `%` for each array, and the arrays."""

    text: str
    arrays: tuple[list[Any], ...]


def insert(table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> Iterable[Part]:
    """New rows, in their order; nothing where there are none."""
    if rows:
        yield Part(_spell_insert(table, names), _turn(rows))


def upsert(table: Table, names: tuple[str, ...], rows: Iterable[Row]) -> Iterable[Part]:
    """Rows that are inserted, or replaced where their key is there already; of two with the same key the last counts.

    They are put in the order of their keys: so no two transactions wait for each other in a circle.
    """
    places = [names.index(column.name) for column in table.primary_key]
    last = {tuple(row[place] for place in places): row for row in rows}
    if last:
        yield Part(_spell_upsert(table, names), _turn([last[key] for key in sorted(last)]))


def delete(table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> Iterable[Part]:
    """The rows that have these values are taken away."""
    if rows:
        yield Part(_spell_delete(table, names), _turn(rows))


def join(parts: Iterable[Part], last: str) -> tuple[str, list[list[Any]]]:
    """One statement that does all of it and then `last`, and its arrays. No row may be named by two parts."""
    found = list(parts)
    texts = tuple(part.text for part in found)
    return _join(texts, last), [array for part in found for array in part.arrays]


@lru_cache(maxsize=256)
def _join(texts: tuple[str, ...], last: str) -> str:
    pieces = ", ".join(f"part{at} AS ({text})" for at, text in enumerate(texts)).split("%")
    numbered = "".join(f"{piece}${at}" for at, piece in enumerate(pieces[:-1], 1)) + pieces[-1]
    return f"WITH {numbered} {last}" if texts else last


def _turn(rows: Sequence[Row]) -> tuple[list[Any], ...]:
    """Rows as columns."""
    return tuple(map(list, zip(*rows, strict=True)))


@lru_cache(maxsize=64)
def _spell_insert(table: Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({columns}) SELECT * FROM {_spell_rows(table, names)}'  # noqa: S608 our own names


@lru_cache(maxsize=64)
def _spell_upsert(table: Table, names: tuple[str, ...]) -> str:
    key = [column.name for column in table.primary_key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key)
    return f"{_spell_insert(table, names)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"


@lru_cache(maxsize=64)
def _spell_delete(table: Table, names: tuple[str, ...]) -> str:
    gone = f"{_spell_rows(table, names)} AS gone ({', '.join(names)})"
    same = " AND ".join(f'"{table.name}".{name} = gone.{name}' for name in names)
    return f'DELETE FROM "{table.name}" USING {gone} WHERE {same}'  # noqa: S608 our own names


def _spell_rows(table: Table, names: tuple[str, ...]) -> str:
    return f"unnest({', '.join(f'%::{_name_kind(table, name)}[]' for name in names)})"


def _name_kind(table: Table, name: str) -> str:
    return next((spelt for kind, spelt in _KINDS if isinstance(table.c[name].type, kind)), "text")
