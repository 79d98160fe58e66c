"""The model of a power cut loses what was not synced and keeps what was, so that what it finds means something."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from .disk import STRACE, Call, read_calls, replay

pytestmark = pytest.mark.needs("strace")

FILES = """
import os, sys
root = sys.argv[1]
def write(name, content, sync, over=False):
    with open(f"{root}/{name}", "wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())
def sync(folder):
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
write("synced", b"s" * 5000, True)
write("unsynced", b"u" * 5000, False)
write("old", b"before", True)
os.mkdir(f"{root}/folder")
sync(root)
write("new", b"after", True)
os.rename(f"{root}/new", f"{root}/old")
write("nameless", b"n", True)
write("folder/inner", b"i", True)
sync(f"{root}/folder")
"""

ROWS = """
import sqlite3, sys, time
database = sqlite3.connect(f"{sys.argv[1]}/rows.db", isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute(f"PRAGMA synchronous={sys.argv[2]}")
database.execute("PRAGMA wal_autocheckpoint=20")
database.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, filling TEXT)")
for n in range(120):
    database.execute("INSERT INTO row VALUES (?, ?)", (n, "x" * 700))
    print(time.time(), flush=True)
"""


def trace(folder: Path, code: str, *words: str) -> tuple[list[Call], Path, list[float]]:
    """The calls of a program that works in a folder of its own, and the times that it printed."""
    root, log = folder / "root", folder / "calls"
    root.mkdir()
    words = (*(each for each in STRACE if each != "-D"), "-o", str(log), sys.executable, "-c", code, str(root), *words)
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return read_calls(log), root, [float(each) for each in done.stdout.split()]


def test_what_is_synced_stays_and_the_rest_may_go(tmp_path: Path) -> None:
    calls, root, _ = trace(tmp_path, FILES)
    seen: dict[str, set[bytes | None]] = {}
    for number in range(60):
        left = tmp_path / f"left{number}"
        left.mkdir()
        ((_, disk),) = replay(calls, root, [time.time()])
        disk.cut(left, random.Random(number))
        for name in ("synced", "unsynced", "old", "nameless", "folder/inner", "new"):
            path = left / name
            seen.setdefault(name, set()).add(path.read_bytes() if path.exists() else None)
    assert seen["synced"] == {b"s" * 5000}
    assert seen["folder/inner"] == {b"i"}
    assert seen["old"] == {b"before", b"after"}, "a renaming that its folder does not know may be undone, as a whole"
    assert seen["nameless"] == {b"n", None}, "a new name that its folder does not know may be gone"
    assert {b"", b"u" * 5000} < seen["unsynced"], "there, gone …"
    torn = [each for each in seen["unsynced"] if each and b"\0" in each]
    assert torn, "… or torn"


@pytest.mark.parametrize(("synchronous", "keeps"), [("FULL", True), ("OFF", False)])
def test_a_database_that_syncs_keeps_what_it_said_and_one_that_does_not_is_found_out(
    tmp_path: Path, synchronous: str, keeps: bool
) -> None:
    calls, root, told = trace(tmp_path, ROWS, synchronous)
    chance = random.Random(1)
    moments = sorted(chance.uniform(told[0], told[-1]) for _ in range(60))
    faults = []
    for number, (moment, disk) in enumerate(replay(calls, root, moments)):
        left = tmp_path / f"left{number}"
        left.mkdir()
        disk.cut(left, random.Random(number))
        committed = len([each for each in told if each <= moment])
        found = count_rows(left / "rows.db")
        if found is None or found < committed:
            faults.append((moment, committed, found))
    assert (not faults) == keeps, faults


def count_rows(path: Path) -> int | None:
    """How many rows can be read of a file that holds together, null for one that does not."""
    try:
        with closing(sqlite3.connect(path)) as database:
            if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return None
            return int(database.execute("SELECT count(*) FROM row WHERE length(filling) = 700").fetchone()[0])
    except sqlite3.DatabaseError:
        return None
