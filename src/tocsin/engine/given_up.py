"""Telling a driver's cancellation from our own.

A driver whose time-out ends a wait may cancel what waited. That looks as if somebody ended the task, and whoever takes
it for that leaves a page claimed that nobody carries, or a commit that somebody waits for without end.
"""

from __future__ import annotations

import asyncio


def is_given_up(error: BaseException) -> bool:
    """Whether what a task waited for was cancelled, and nobody ends the task itself."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and not task.cancelling()
