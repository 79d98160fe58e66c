"""A copy of the SQLite file as of one moment, taken while a server goes on writing, and verified.

The copy is made in one read transaction: the server's commits go on beside it and are not in it. The mark is read
before and the blobs after, since a mark is written after what it speaks of, and a blob before what names it: so the
three fit.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from tocsin.errors import Corrupt
from tocsin.store.archive import NotKept
from tocsin.store.blobs import find_fault, is_digest
from tocsin.store.heads import read_mark, write_mark
from tocsin.store.trouble import explained
from tocsin.store.verify import Report, renew_mark, verify

PATIENCE_S = 60.0
OUT_OF_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def take_snapshot(database: Path, key: bytes, mark: Path, blobs: Path, stage: Path) -> Report:
    """Put `tocsin.db` and a `mark` of its own into the folder `stage`, and check both with the blobs.

    Raises `Corrupt` if the record does not hold together, `NotKept` if there is no room, `DatabaseNotUsable`.
    """
    kept = read_mark(mark)
    copy, own = stage / database.name, stage / "mark"
    _copy(database, copy)
    if kept is not None:
        write_mark(own, kept)
    report = require_whole(verify(copy, key, own, blobs), str(database), "no backup of it was made")
    renew_mark(copy, key, own)
    own.chmod(0o600)
    return report


def require_whole(report: Report, name: str, therefore: str) -> Report:
    """The report, if nothing is wrong. Raises `Corrupt` naming what is."""
    if not report.flaws:
        return report
    first, more = report.flaws[0], len(report.flaws) - 1
    others = f" There {'is' if more == 1 else 'are'} {more} more." if more else ""
    raise Corrupt(
        f"{name} does not hold together, so {therefore}. {first.text}{others} `tocsin verify` names everything; keep "
        "an older backup, and copy the folder as it is for whoever looks into it."
    )


def _copy(database: Path, to: Path) -> None:
    to.touch(mode=0o600)
    with (
        explained(database),
        closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=PATIENCE_S)) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # what is wrong now is wrong with the source
        try:
            target.execute("PRAGMA synchronous=OFF")  # the archive is synced, not what it is made from
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in OUT_OF_ROOM:
                raise NotKept(f"{to.parent} has no room for a copy of {database} ({error}). Make room.") from error
            raise


def list_blobs(directory: Path) -> list[str]:
    """The digests of all blobs that are whole. What a crash left behind half-written is none."""
    found = (path.name for path in directory.glob("??/*") if is_digest(path.name))
    return sorted(digest for digest in found if find_fault(directory, digest) is None)
