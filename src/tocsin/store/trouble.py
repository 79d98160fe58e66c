"""What SQLite complains of, as a sentence: the file is damaged (`Corrupt`), or it cannot be used now."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from tocsin.errors import Corrupt, TocsinError
from tocsin.store.lock import DatabaseNotUsable

PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOMEM,
    }
)
"""Primary result codes that say nothing about what is in the file."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite raises about the file into one of our own errors."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: Exception) -> TocsinError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF in PASSING:
        return DatabaseNotUsable(f"{path} cannot be used now ({cause}). Mend that, then try again.")
    return Corrupt(
        f"{path} is damaged, or no database of tocsin's ({cause}). Keep it for whoever looks into it, and restore the "
        "whole data directory from your backup, as one."
    )
