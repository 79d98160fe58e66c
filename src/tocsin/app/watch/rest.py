"""Rest for a while, in steps: settings that change count soon, however long the while is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

STEP_S = 5.0


async def rest(wait_s: float, is_same: Callable[[], bool]) -> None:
    """Return after `wait_s` seconds, or within `STEP_S` once `is_same` says no."""
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0 and is_same():
        await asyncio.sleep(min(left_s, STEP_S))
