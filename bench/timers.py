"""Timers of very many open incidents: how late they are, how fast a burst is decided, how soon a server is back.

    PYTHONPATH=. python bench/timers.py [--parts lateness,burst,start] [--stores sqlite,postgres] [--incidents N]

*Lateness*: among that many open incidents some timers come due each second; each pages once more. Beside it, in the
same seconds and in processes of their own, a bare timer loop: as many timers in asyncio's own heap, which does nothing
when they are due; and the same with one synced row for each, which is what any timer costs that survives a power cut
(`bare.py`). *Burst*: very many are due at one moment; the time until the last is decided and committed. *Start*: the
real server, killed with SIGKILL among open alerts, until `/-/ready` answers, beside one that starts with nothing.
Figures are this machine's; compare ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crowd import START, STORES, Ground, make_places
from starting import measure_start

from tocsin.engine.contracts import Write
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import PageRequested

LATER = timedelta(hours=2)
RATE, SECONDS, AHEAD_S = 100, 20, 3.0
"""Timers a second, for how long, and how soon the first of them is due."""
BURST_AT = START + timedelta(minutes=25)
READ_AHEAD_S = 20.0
"""So long before the burst the engine may know of it, and is otherwise idle."""
PATIENCE_S = 600.0


class Heard:
    """What was decided and handed to the disk, and what was committed, and how late, in ms."""

    def __init__(self, ground: Ground, due: dict[str, datetime]) -> None:
        self._ground, self._due = ground, due
        self._undecided = {*due}
        self.decided: list[float] = []
        self.committed: list[float] = []
        self.is_done = asyncio.Event()
        self.cpu = 0.0

    def begin(self) -> None:
        """Note what CPU was spent before this moment."""
        self.cpu = time.process_time()

    def _find_late(self, stream: str) -> float:
        return (self._ground.time.now() - self._due[stream]).total_seconds() * 1000

    def see(self, write: Write) -> None:
        """The engine hands something to the disk. What was decided ahead bears its moment: the clock counts."""
        for append in write.appends:
            if append.stream in self._undecided and append.errands:
                self._undecided.discard(append.stream)
                self.decided.append(self._find_late(append.stream))

    def hear(self, stream: str, entries: Sequence[Entry]) -> None:
        """The engine has committed something."""
        if stream in self._due and any(isinstance(each.event, PageRequested) for each in entries):
            self.committed.append(self._find_late(stream))
            del self._due[stream]
        if not self._due:
            self.is_done.set()


def find_p(values: Sequence[float], share: float) -> float:
    """A percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def run_engine(
    ground: Ground, due: dict[str, datetime], begin: datetime, bare: Sequence[Bare] = (), at: datetime | None = None
) -> Heard:
    """Let the engine go on from `begin` until everything in `due` is decided, as a server does."""
    heard = Heard(ground, due)
    stop_hearing = ground.journal.listen(heard.hear)
    ground.watch(heard.see)
    await ground.engine.start()
    await ground.engine.warm()
    if ground.store.ends is not None:
        await ground.store.ends.settle()
    await ground.tidy()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    sys.setswitchinterval(0.0005)
    ground.go(begin)
    loop = asyncio.get_running_loop()
    for each in bare:  # half an interval beside ours, so that neither takes the other's moment
        each.begin(loop.time() + AHEAD_S + 0.5 / RATE)
    if at is not None:
        loop.call_later((at - begin).total_seconds(), heard.begin)
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


class Bare:
    """A bare loop (`bare.py`) in a process of its own, and what it says."""

    def __init__(self, incidents: int, place: str | None) -> None:
        words = [str(incidents), str(RATE), str(SECONDS), *([place] if place is not None else [])]
        argv = [sys.executable, str(Path(__file__).parent / "bare.py"), *words]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def begin(self, at: float) -> None:
        """The first timer is due at that moment of the monotonic clock."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{at}\n")
        self._process.stdin.flush()

    def read(self) -> list[float]:
        """How late its timers were, in ms."""
        said, _ = self._process.communicate(timeout=PATIENCE_S)
        found: list[float] = json.loads(said)
        return found


# ── what is measured ─────────────────────────────────────────────────────────────────────────────────────────────────


async def measure_lateness(ground: Ground, incidents: int) -> list[str]:
    """A steady stream of timers among many that are not due."""
    place = f"sqlite:{ground.folder}/bare.db" if ground.url is None else ground.url
    bare = [Bare(incidents, None), Bare(incidents, place)]
    heard = await run_engine(ground, await find_due(ground, BURST_AT - timedelta(seconds=1)), START, bare)
    alone, synced = (each.read() for each in bare)
    head = f"| {ground.kind}, {incidents} open, {RATE}/s due:"
    lines = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        for until, ours, theirs, what in (
            ("handed to the disk", heard.decided, alone, "bare"),
            ("committed", heard.committed, synced, "bare, one synced row"),
        ):
            left, right = find_p(ours, share), find_p(theirs, share)
            ratio = f"{left / right:.2f}"
            lines.append(f"{head} {name} until {until} | {left:.1f} ms | {right:.1f} ms ({what}) | {ratio} |")
    return lines


async def measure_burst(ground: Ground, incidents: int) -> list[str]:
    """Very many at once. Those that are due later are the crowd."""
    due = await find_due(ground, BURST_AT)
    due = {stream: due_at for stream, due_at in due.items() if due_at == BURST_AT}
    count, cpu = len(due), time.process_time()
    heard = await run_engine(ground, due, BURST_AT - timedelta(seconds=READ_AHEAD_S), at=BURST_AT)
    took, end = max(heard.committed) / 1000, time.process_time()
    name = f"{ground.kind}, {incidents} open, {count} due at once"
    return [
        f"| {name}: until all are decided and committed | {took:.2f} s | 2 s (wanted) | {took / 2:.2f} |",
        f"| {name}: CPU for each from that moment on, paging included | {(end - heard.cpu) / count * 1e6:.0f} µs | | |",
        f"| {name}: CPU for each before it, reading ahead | {(heard.cpu - cpu) / count * 1e6:.0f} µs | | |",
    ]


def find_moment(name: int, burst: int) -> datetime:
    """When the timer of the incident called `name` is due: some each second, very many at once, the others later."""
    if name < RATE * SECONDS:
        return START + timedelta(seconds=AHEAD_S + name / RATE)
    if name < RATE * SECONDS + burst:
        return BURST_AT
    return START + LATER + timedelta(seconds=name / 100)


async def measure(kind: str, folder: Path, cluster: Any, given: argparse.Namespace) -> list[str]:
    """What is asked for of timers, on one kind of store."""
    lines, begun = list[str](), time.monotonic()
    ground = Ground(kind, folder, cluster)
    await ground.open()
    try:
        await ground.cast(range(given.incidents), lambda name: find_moment(name, given.burst))
        print(f"{kind}: {given.incidents} incidents made in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        for part, run in (("lateness", measure_lateness), ("burst", measure_burst)):
            if part in given.parts:
                await ground.close()
                await ground.open()
                lines += await run(ground, given.incidents)
                print("\n".join(lines), f"(load {os.getloadavg()[0]:.1f})", file=sys.stderr)
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
        machine = f"Timers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end."
        given.out.write_text("\n".join([machine, "", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
