"""The server's log, written by a thread of its own: a full pipe or a paused terminal never holds up a page.

No secret stands in it, whatever some library says of what it failed at.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import queue
import threading
from typing import TextIO

from tocsin.timeline.redact import redact

HELD = 10_000
LAST_WORDS_S = 2.0
FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Dropping(logging.Handler):
    """Hands records on, formatted; once `HELD` of them wait for a reader, later ones are counted and dropped."""

    def __init__(self, waiting: queue.Queue[str | None]) -> None:
        super().__init__()
        self._waiting, self._dropped = waiting, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Never waits."""
        try:
            line = self.format(record)
            if self._dropped:
                line = f"({self._dropped} lines were dropped: nobody read them.)\n{line}"
            self._waiting.put_nowait(line)
            self._dropped = 0
        except queue.Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001 what cannot be put into words is logging's to report, and never ours to die of
            self.handleError(record)


def log_to(stream: TextIO) -> logging.Handler:
    """A handler that writes warnings and worse to `stream` from a daemon thread; what waits at the end is written."""
    waiting: queue.Queue[str | None] = queue.Queue(HELD)
    writer = threading.Thread(target=_write, args=(waiting, stream), name="log", daemon=True)
    handler = _Dropping(waiting)
    handler.setFormatter(logging.Formatter(FORM))
    writer.start()
    atexit.register(_finish, waiting, writer)
    return handler


def _write(waiting: queue.Queue[str | None], stream: TextIO) -> None:
    while (line := waiting.get()) is not None:
        # A log that nobody can be given any more (closed, disk full) is no reason to stop paging.
        with contextlib.suppress(OSError, ValueError):
            stream.write(redact(line) + "\n")
            stream.flush()


def _finish(waiting: queue.Queue[str | None], writer: threading.Thread) -> None:
    with contextlib.suppress(queue.Full):
        waiting.put_nowait(None)
    writer.join(LAST_WORDS_S)
