"""Rows that are inserted, or replaced where their key is there already: in the words of whichever database it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def put(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Put rows, which all name the same columns, in the order of their keys: so no two transactions wait for each
    other in a circle.
    """
    key = [column.name for column in table.primary_key]
    found = sorted(rows, key=lambda row: [row[name] for name in key])
    if not found:
        return
    values = [name for name in found[0] if name not in key]
    if connection.dialect.name == "sqlite":
        fresh: Any = sqlite.insert(table)
    else:
        fresh = postgresql.insert(table)
    changes = {name: fresh.excluded[name] for name in values}
    connection.execute(fresh.on_conflict_do_update(index_elements=key, set_=changes), found)
