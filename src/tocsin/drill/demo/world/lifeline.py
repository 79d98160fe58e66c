"""Ends this process as soon as whoever started it is gone, however it went.

Standard input is a pipe that the starter holds and never writes to: its end is the starter's end. The kernel is asked
too, where it can be, since a stopped process reads no pipe.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)


def hold() -> None:
    """Tie this process to its starter; call once, first thing."""
    die_with_parent()
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies; without effect where it is not Linux."""
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return


def _wait_for_the_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)
