"""Lets whoever tortures a server ask where it stands: on SIGUSR2 it writes down where each of its tasks waits.

Python imports a module of this name by itself when it starts, if its folder is on the path.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from types import CoroutineType, FrameType


def tell(*_: object) -> None:
    """Write down where each task waits, the innermost call last."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # it has no loop yet
        tasks = set()
    for task in tasks:
        sys.stderr.write(f"task {task.get_name()}\n")
        for frame in _unwind(task.get_coro()):
            sys.stderr.write(f"  {frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}\n")
    sys.stderr.write(f"these are {len(tasks)} tasks\n")
    sys.stderr.flush()


def _unwind(waiting: object) -> list[FrameType]:
    frames = []
    while isinstance(waiting, CoroutineType):
        if waiting.cr_frame is not None:
            frames.append(waiting.cr_frame)
        waiting = waiting.cr_await
    return frames


signal.signal(signal.SIGUSR2, tell)
