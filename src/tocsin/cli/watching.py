"""`--watch`: do it again whenever a file changes, until Ctrl-C.

Files are looked at twice a second. No notification of the system is needed, so it also works on network drives and in
containers; half a second is soon enough for somebody who writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tocsin.cli.reading import expand
from tocsin.cli.words import complain, finish_streams, say
from tocsin.engine.clock import SystemClock
from tocsin.errors import TocsinError

Stamp = dict[Path, tuple[int, int]]
PAUSE_S = 0.5


def keep_watching(paths: Sequence[Path], do: Callable[[], object], wait: Callable[[], None] | None = None) -> int:
    """Do it now and after every change below the paths; `wait` passes the time between two looks."""
    pause = wait or (lambda: time.sleep(PAUSE_S))
    seen = look(paths)
    try:
        _try(do)
        while True:
            pause()
            now = look(paths)
            if now != seen:
                changed = ", ".join(
                    sorted(path.name for path in now.keys() | seen.keys() if now.get(path) != seen.get(path))
                )
                say(f"\n── {SystemClock().now().astimezone():%H:%M:%S} · {changed} changed ──\n")
                seen = now
                _try(do)
    except KeyboardInterrupt:
        return 0


def look(paths: Sequence[Path]) -> Stamp:
    """Every file below the paths with its time and size; one that is gone in between is left out."""
    found: Stamp = {}
    for path in paths:
        for file in expand(path):
            try:
                state = file.stat()
            except OSError:
                continue
            found[file] = (state.st_mtime_ns, state.st_size)
    return found


def _try(do: Callable[[], object]) -> None:
    """A file that cannot be read just now (an editor is saving it) is no reason to stop watching. What was said is seen
    at once, by a pipe too.
    """
    try:
        do()
    except TocsinError as error:
        complain(str(error))
    finish_streams()
