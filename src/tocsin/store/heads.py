"""The chain over the ends of all streams, and its mark outside the database.

After each commit the newest head is written to a small signed file beside the database (`mark`). Whoever cuts the
database back to an older state cannot make that file agree without the key. It is written after the commit, so that it
never speaks of what a crash could have lost, and by a thread of its own, so that no commit waits for it; it may lag
behind, which is no flaw.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tocsin.errors import Corrupt
from tocsin.store.folder import sync_folder
from tocsin.timeline import chain
from tocsin.timeline.chain import Head, Mark
from tocsin.timeline.entry import Sealed

LOG = logging.getLogger("tocsin.store")

MARK_EVERY_S = 0.1


class HeadLog:
    """Adds heads within transactions; keeps the last one in memory between them."""

    def __init__(self, key: bytes, mark: Path, driver: sqlite3.Connection) -> None:
        self._key, self._mark = key, MarkFile(key, mark)
        self._last: tuple[int, bytes] | None = None
        self._newest: Head | None = None
        self._end(driver)

    def add_all(self, driver: sqlite3.Connection, lasts: Sequence[Sealed]) -> None:
        """Write down, in this transaction, that each of `lasts` is the end of its stream."""
        if not lasts:
            return
        n, seal = self._end(driver)
        rows = []
        for last in lasts:
            n += 1
            head = chain.seal_head(self._key, seal, n, last)
            seal = head.seal
            rows.append((n, head.stream, head.seq, head.mac, seal))
        driver.executemany("INSERT INTO head (n, stream, seq, mac, seal) VALUES (?, ?, ?, ?, ?)", rows)
        self._last, self._newest = (n, seal), head

    def _end(self, driver: sqlite3.Connection) -> tuple[int, bytes]:
        if self._last is None:
            self._last = driver.execute("SELECT n, seal FROM head ORDER BY n DESC LIMIT 1").fetchone()
        return self._last or (0, chain.START)

    def forget(self) -> None:
        """The transaction came to nothing: what was added in it is not there."""
        self._last = self._newest = None

    def set_mark(self) -> None:
        """Have the newest head written outside the database, if there is a new one."""
        if self._newest is not None:
            self._mark.set(self._newest)
        self._newest = None

    def close(self) -> None:
        """Finish writing."""
        self._mark.close()


class MarkFile:
    """Writes marks, one after the other; where several wait, only the newest is written.

    At most one in `MARK_EVERY_S`: each costs a sync of its own, which the next commit would wait for.
    """

    def __init__(self, key: bytes, path: Path) -> None:
        self._key, self._path = key, path
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._newest: Head | None = None
        self._written: Head | None = None
        self._thread = threading.Thread(target=self._run, name="tocsin-mark", daemon=True)
        self._thread.start()

    def set(self, head: Head) -> None:
        """Have `head` written soon."""
        self._newest = head
        self._wanted.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wanted.wait()
            self._wanted.clear()
            self._write()
            self._ended.wait(MARK_EVERY_S)
        self._write()

    def _write(self) -> None:
        head = self._newest
        if head is None or head is self._written:
            return
        try:
            write_mark(self._path, chain.sign_mark(self._key, head))
        except OSError:  # what is committed is committed; the mark is written with the next commit
            LOG.exception("The mark beside the database could not be written.")
            return
        self._written = head

    def close(self) -> None:
        """Return once everything is written."""
        self._ended.set()
        self._wanted.set()
        self._thread.join()


def write_mark(path: Path, mark: Mark) -> None:
    """Replace the mark as a whole: after a power cut there is the old one or the new one, and never none."""
    is_first = not path.exists()
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(mark))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if is_first:
        sync_folder(path.parent)


def read_mark(path: Path) -> Mark | None:
    """The mark, null if there is none yet. Raises `Corrupt` if it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Corrupt(f"{path} cannot be read ({error.strerror}). Mend its permissions, or restore it.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt(
            f"{path} is not the mark that tocsin wrote ({error}). Restore it; without a copy, look at what "
            "`tocsin verify --new-mark` says."
        ) from error
