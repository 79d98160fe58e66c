"""A bare timer loop, beside which `bench/timers.py` measures: a process of its own, in the same seconds.

    python bench/bare.py COUNT RATE SECONDS [sqlite:FILE | postgresql://...]

As many timers in asyncio's own heap; so many of them a second come due, for so long, and do nothing but note how late
they are, in ms. With a place to write to, each is only done when a row of its own is synced, which is what any timer
costs that survives a power cut. Says `ready`, reads from standard input when to begin (seconds of the monotonic clock),
and writes all latenesses as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

Commit = Callable[[], Awaitable[object]]
FAR_S = 7200.0


async def run(count: int, rate: int, seconds: int, begin: float, commit: Commit | None) -> list[float]:
    """How late the timers are that come due, in ms; with `commit`, until each is on disk."""
    loop, late, done = asyncio.get_running_loop(), list[float](), asyncio.Event()
    gate, tasks = asyncio.Lock(), set[asyncio.Task[None]]()

    async def keep(due: float) -> None:
        async with gate:
            assert commit is not None
            await commit()
        note(due)

    def note(due: float) -> None:
        late.append((loop.time() - due) * 1000)
        if len(late) == rate * seconds:
            done.set()

    def fire(due: float) -> None:
        if commit is None:
            note(due)
            return
        task = asyncio.ensure_future(keep(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    for at in range(rate * seconds):
        loop.call_at(begin + at / rate, fire, begin + at / rate)
    for at in range(count - rate * seconds):
        loop.call_at(begin + FAR_S + at / rate, fire, 0.0)
    gc.collect()
    gc.freeze()
    await done.wait()
    return late


async def connect(place: str) -> Commit:
    """What writes one row and syncs it."""
    if place.startswith("sqlite:"):
        link = sqlite3.connect(place.removeprefix("sqlite:"), isolation_level=None, check_same_thread=False)
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("PRAGMA synchronous=FULL")
        link.execute("CREATE TABLE fired (n INTEGER PRIMARY KEY, at REAL)")
        return lambda: asyncio.to_thread(link.execute, "INSERT INTO fired (at) VALUES (?)", (time.time(),))
    import asyncpg

    driver: Any = await asyncpg.connect(place)
    await driver.execute("CREATE TABLE fired (n bigserial PRIMARY KEY, at float8)")

    def commit() -> Awaitable[object]:
        written: Awaitable[object] = driver.execute("INSERT INTO fired (at) VALUES ($1)", time.time())
        return written

    return commit


async def main() -> None:
    """Get ready, wait for the word, measure."""
    count, rate, seconds = map(int, sys.argv[1:4])
    commit = await connect(sys.argv[4]) if len(sys.argv) > 4 else None
    print("ready", flush=True)
    begin = float(sys.stdin.readline())
    print(json.dumps(await run(count, rate, seconds, begin, commit)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
