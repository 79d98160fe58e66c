"""Rows that are inserted, or replaced where their key is there already: in the words of whichever database it is.

On PostgreSQL all rows of a table go in one statement, as one array for each column: that costs a tenth of one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, DateTime, Integer, LargeBinary, Table
from sqlalchemy.dialects import sqlite

Row = dict[str, Any]

TYPES = {BigInteger: "bigint", Integer: "int", Boolean: "bool", LargeBinary: "bytea", DateTime: "timestamptz"}
"""PostgreSQL's words for the kinds of columns; the rest is text."""


def put(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Put rows, which all name the same columns, in the order of their keys: so no two transactions wait for each
    other in a circle. Of two with the same key the last counts.
    """
    key = [column.name for column in table.primary_key]
    last = {tuple(row[name] for name in key): row for row in rows}
    found = [last[each] for each in sorted(last)]
    if not found:
        return
    names = tuple(found[0])
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(_spell(table, names, replaces=True), _turn(names, found))
        return
    fresh = sqlite.insert(table)
    changes = {name: fresh.excluded[name] for name in names if name not in key}
    connection.execute(fresh.on_conflict_do_update(index_elements=key, set_=changes), found)


def add(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert new rows, which all name the same columns, in their order. On PostgreSQL only."""
    if rows:
        names = tuple(rows[0])
        connection.exec_driver_sql(_spell(table, names, replaces=False), _turn(names, rows))


def _turn(names: Sequence[str], rows: Sequence[Row]) -> tuple[list[Any], ...]:
    """Rows as columns."""
    return tuple([row[name] for row in rows] for name in names)


@lru_cache(maxsize=64)
def _spell(table: Table, names: tuple[str, ...], *, replaces: bool) -> str:
    arrays = ", ".join(f"${at}::{_name_type(table, name)}[]" for at, name in enumerate(names, 1))
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'INSERT INTO "{table.name}" ({columns}) SELECT * FROM unnest({arrays})'  # noqa: S608 our own names
    if not replaces:
        return statement
    key = [column.name for column in table.primary_key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key)
    return f"{statement} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"


def _name_type(table: Table, name: str) -> str:
    kind = table.c[name].type
    names = (
        (BigInteger, "bigint"),
        (Integer, "int"),
        (Boolean, "bool"),
        (LargeBinary, "bytea"),
        (DateTime, "timestamptz"),
    )
    return next((spelt for each, spelt in names if isinstance(kind, each)), "text")
