"""Fills the shop with orders: those up to last night, also kept as a backup, and those placed since.

What was placed since the backup is what restoring it would lose.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .place import BACKUP, DATABASE_FILE, ROOT

BACKUP_AGE = timedelta(hours=9)
BACKED_UP = 120
SINCE = 60
ITEMS = ("kettle", "blanket", "lamp", "bread knife", "teapot", "tin of nails")


def main(_: list[str]) -> int:
    """Write the database and its backup anew, whatever was there; the database process must not be running."""
    path, backup = ROOT / DATABASE_FILE, ROOT / BACKUP
    for old in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"), backup):
        old.unlink(missing_ok=True)
    now = datetime.now(UTC)
    then = now - BACKUP_AGE
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL,"
            " quantity INTEGER NOT NULL, customer TEXT NOT NULL, placed_at TEXT NOT NULL)"
        )
        place(file, BACKED_UP, then - timedelta(days=4), then)
        back_up(path, backup, then)
        place(file, SINCE, then, now)
        file.execute("PRAGMA journal_mode = WAL")
    return 0


def place(file: sqlite3.Connection, count: int, since: datetime, until: datetime) -> None:
    """Add ``count`` orders, evenly spread over a stretch of time."""
    step = (until - since) / (count + 1)
    rows = [
        (ITEMS[n % len(ITEMS)], n % 3 + 1, f"customer {n * 7 % 41}", (since + step * (n + 1)).isoformat())
        for n in range(count)
    ]
    file.execute("BEGIN")
    file.executemany("INSERT INTO orders (item, quantity, customer, placed_at) VALUES (?, ?, ?, ?)", rows)
    file.execute("COMMIT")


def back_up(path: Path, backup: Path, at: datetime) -> None:
    """Keep a copy that looks as if it had been made at ``at``."""
    with gzip.open(backup, "wb") as packed:
        packed.write(path.read_bytes())
    os.utime(backup, (at.timestamp(), at.timestamp()))
