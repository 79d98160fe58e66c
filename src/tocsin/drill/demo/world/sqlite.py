"""``sqlite3 FILE STATEMENT`` for looking: integrity checks and SELECT, on a connection that cannot write."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from .call import Call
from .options import split
from .refusal import Refusal, unmodelled

LOOKING = ("select", "pragma integrity_check", "pragma quick_check", "pragma table_info")
ROW_LIMIT = 10_000


def run(words: list[str], _: Call) -> int:
    """Print rows with ``|`` between the columns, as the real one does; returns the exit status or raises Refusal."""
    _options, operands = split(words, "-readonly -batch", "")
    if len(operands) != 2:
        raise unmodelled("sqlite3 without exactly one file and one statement")
    name, statement = operands
    if not statement.strip().lower().startswith(LOOKING):
        raise unmodelled("sqlite3 with anything but a SELECT or an integrity check")
    if not Path(name).exists():
        raise Refusal(f'Error: unable to open database "{name}": unable to open database file', 1)
    file = sqlite3.connect(f"file:{Path(name).resolve()}?mode=ro", uri=True, timeout=5.0)
    try:
        for row in file.execute(statement).fetchmany(ROW_LIMIT):
            print("|".join("" if cell is None else str(cell) for cell in row))
    except (sqlite3.Error, sqlite3.Warning) as error:
        print(f"Error: in prepare, {error}", file=sys.stderr)
        return 1
    finally:
        file.close()
    return 0
