"""Timers of very many open incidents: how late they are, how fast a burst is decided, how soon a server is back.

    PYTHONPATH=. python bench/timers.py [--parts lateness,burst,start] [--stores sqlite,postgres] [--incidents N]

*Lateness*: among that many open incidents some timers come due each second; each pages once more. Beside it, in the
same run and one after the other, a bare timer loop: as many timers in asyncio's own heap, which does nothing when they
are due; and the same with one synced row for each, which is what any timer costs that survives a power cut. *Burst*:
very many are due at one moment; the time until the last is decided and committed. *Start*: the real server, killed with
SIGKILL among open alerts, until `/-/ready` answers, beside one that starts with nothing. Figures are this machine's;
compare ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crowd import START, STORES, Ground, make_places
from starting import measure_start

from tocsin.timeline.entry import Entry
from tocsin.timeline.events import PageRequested

LATER = timedelta(hours=2)
RATE, SECONDS, AHEAD_S = 100, 20, 3.0
"""Timers a second, for how long, and how soon the first of them is due."""
BURST_AT = START + timedelta(minutes=25)
READ_AHEAD_S = 40.0
"""So long before the burst the engine may know of it, and is otherwise idle."""
PATIENCE_S = 600.0


class Heard:
    """What was decided and committed, and how late."""

    def __init__(self, ground: Ground, due: dict[str, datetime]) -> None:
        self._ground, self._due = ground, due
        self.decided: list[float] = []
        self.committed: list[float] = []
        self.is_done = asyncio.Event()

    def hear(self, stream: str, entries: Sequence[Entry]) -> None:
        """The engine has committed something."""
        again = [each for each in entries if isinstance(each.event, PageRequested)]
        due_at = self._due.pop(stream, None) if again else None
        if due_at is not None:
            self.decided.append((again[0].recorded_at - due_at).total_seconds() * 1000)
            self.committed.append((self._ground.time.now() - due_at).total_seconds() * 1000)
        if not self._due:
            self.is_done.set()


def find_p(values: Sequence[float], share: float) -> float:
    """A percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def run_engine(ground: Ground, due: dict[str, datetime], begin: datetime) -> Heard:
    """Let the engine go on from `begin` until everything in `due` is decided, as a server does."""
    heard = Heard(ground, due)
    stop_hearing = ground.journal.listen(heard.hear)
    await ground.go(begin)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    sys.setswitchinterval(0.0005)
    await ground.engine.start()
    await ground.engine.warm()
    work: list[Awaitable[None]] = [ground.engine.run(), ground.engine.waking.run()]
    if ground.follower is not None:
        work += [ground.store.keep(), ground.store.listen(), ground.follower.run()]
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        async with asyncio.timeout(PATIENCE_S):
            await heard.is_done.wait()
    finally:
        stop_hearing()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await ground.engine.dispatch.stop()
        gc.unfreeze()
    return heard


async def find_due(ground: Ground, until: datetime) -> dict[str, datetime]:
    """The timers that come until then."""
    found = await ground.store.coming(START - timedelta(days=1), until, 1_000_000, take=False)
    return {stream: due_at for due_at, stream in found if not stream.startswith("team/")}


# ── the bare loop ────────────────────────────────────────────────────────────────────────────────────────────────────


async def run_bare(count: int, commit: Callable[[], Awaitable[None]] | None) -> list[float]:
    """How late timers of asyncio's own heap are, in ms; with `commit`, until each is on disk."""
    loop, late, done = asyncio.get_running_loop(), list[float](), asyncio.Event()
    begin, gate = loop.time() + AHEAD_S, asyncio.Lock()
    tasks: set[asyncio.Task[None]] = set()

    async def keep(due: float) -> None:
        async with gate:
            assert commit is not None
            await commit()
        note(due)

    def note(due: float) -> None:
        late.append((loop.time() - due) * 1000)
        if len(late) == RATE * SECONDS:
            done.set()

    def fire(due: float) -> None:
        if commit is None:
            note(due)
        else:
            task = asyncio.ensure_future(keep(due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    handles = [loop.call_at(begin + at / RATE, fire, begin + at / RATE) for at in range(RATE * SECONDS)]
    handles += [loop.call_at(begin + 7200 + at / RATE, fire, 0.0) for at in range(count - RATE * SECONDS)]
    await done.wait()
    for handle in handles:
        handle.cancel()
    return late


async def run_bare_durable(ground: Ground, count: int) -> list[float]:
    """The same with one synced row for each."""
    if ground.url is None:
        with sqlite3.connect(ground.folder / "bare.db", isolation_level=None, check_same_thread=False) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("CREATE TABLE fired (n INTEGER PRIMARY KEY, at REAL)")

            async def commit() -> None:
                await asyncio.to_thread(connection.execute, "INSERT INTO fired (at) VALUES (?)", (time.time(),))

            return await run_bare(count, commit)
    import asyncpg

    driver: Any = await asyncpg.connect(ground.url)
    await driver.execute("CREATE TABLE fired (n bigserial PRIMARY KEY, at float8)")
    try:
        return await run_bare(count, lambda: driver.execute("INSERT INTO fired (at) VALUES ($1)", time.time()))
    finally:
        await driver.close()


# ── what is measured ─────────────────────────────────────────────────────────────────────────────────────────────────


async def measure_lateness(ground: Ground, incidents: int) -> list[str]:
    """A steady stream of timers among many that are not due."""
    begin = START + timedelta(seconds=AHEAD_S)
    for at in range(RATE * SECONDS):
        await ground.add([at], begin + timedelta(seconds=at / RATE))
    await add_crowd(ground, RATE * SECONDS, incidents)
    heard = await run_engine(ground, await find_due(ground, START + LATER / 2), START)
    bare, durable = await run_bare(incidents, None), await run_bare_durable(ground, incidents)
    head = f"| {ground.kind}, {incidents} open, {RATE}/s due:"
    lines = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours, kept, alone, synced = (find_p(each, share) for each in (heard.decided, heard.committed, bare, durable))
        for until, left, right, what in (
            ("decided", ours, alone, "bare"),
            ("committed", kept, synced, "bare, one synced row"),
        ):
            ratio = f"{left / right:.2f}"
            lines.append(f"{head} {name} until {until} | {left:.1f} ms | {right:.1f} ms ({what}) | {ratio} |")
    return lines


async def add_crowd(ground: Ground, first: int, end: int) -> None:
    """Incidents whose timers are far ahead."""
    for at in range(first, end, 1000):
        await ground.add(range(at, min(at + 1000, end)), START + LATER + timedelta(seconds=at / 100))


async def measure_burst(ground: Ground, incidents: int, burst: int) -> list[str]:
    """Very many at once. Those that are due later are the crowd."""
    await ground.add(range(incidents, incidents + burst), BURST_AT)
    due = await find_due(ground, START + LATER / 2)
    due = {stream: due_at for stream, due_at in due.items() if due_at == BURST_AT}
    count, cpu = len(due), time.process_time()
    heard = await run_engine(ground, due, BURST_AT - timedelta(seconds=READ_AHEAD_S))
    took, spent = max(heard.committed) / 1000, time.process_time() - cpu
    name = f"{ground.kind}, {incidents + burst} open, {count} due at once"
    return [
        f"| {name}: until all are decided and committed | {took:.2f} s | 2 s (wanted) | {took / 2:.2f} |",
        f"| {name}: CPU for each, reading ahead and paging included | {spent / count * 1e6:.0f} µs | | |",
    ]


async def measure(kind: str, folder: Path, cluster: Any, given: argparse.Namespace) -> list[str]:
    """What is asked for of timers, on one kind of store."""
    lines, crowd = list[str](), given.incidents - given.burst
    ground = Ground(kind, folder, cluster)
    await ground.open()
    try:
        if "lateness" in given.parts:
            lines += await measure_lateness(ground, crowd)
            print("\n".join(lines), file=sys.stderr)
        elif "burst" in given.parts:
            await add_crowd(ground, 0, crowd)
        if "burst" in given.parts:
            await ground.close()
            await ground.open()
            lines += await measure_burst(ground, crowd, given.burst)
    finally:
        await ground.close()
    return lines


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--parts", default="lateness,burst,start")
    asked.add_argument("--stores", default=",".join(STORES))
    asked.add_argument("--incidents", type=int, default=100_000)
    asked.add_argument("--burst", type=int, default=20_000)
    asked.add_argument("--alerts", type=int, default=50_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--tmp", type=Path, help="where the data lies (default: the machine's folder for such)")
    asked.add_argument("--out", type=Path, help="write the table there too")
    given = asked.parse_args()
    given.parts = given.parts.split(",")
    lines = ["| what | tocsin | beside it | ratio |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=given.tmp) as folder:
        for kind, own, cluster in make_places(given.stores.split(","), Path(folder)):
            found = asyncio.run(measure(kind, own, cluster, given)) if {*given.parts} & {"lateness", "burst"} else []
            if "start" in given.parts:
                found += measure_start(kind, own, cluster, given.alerts, given.rounds)
            lines += found
    print("\n".join(lines))
    if given.out:
        given.out.write_text("\n".join([f"Timers, {os.cpu_count()} cores.", "", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
