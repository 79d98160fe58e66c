"""Work that blocks and may never end: on a thread of its own, which is left behind when its time is over.

A pool would be joined at the end of the program, and would be full once a few have hung; so there is no pool, only a
bound on how many may hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def run_beside(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Start `work` on a thread; what comes of it, if ever."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    done.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    def run() -> None:
        result: Any = None
        problem: Exception | None = None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 whatever it is, it is the caller's to judge
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(_settle, done, result, problem)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done


def _settle(done: asyncio.Future[Any], result: Any, problem: Exception | None) -> None:
    if done.done():
        return
    if problem is None:
        done.set_result(result)
    else:
        done.set_exception(problem)
