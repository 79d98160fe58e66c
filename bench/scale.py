"""What an alert, an incident, a timer and a watcher cost: CPU, bytes on disk, memory. The figures of `docs/scale.md`.

    PYTHONPATH=. python bench/scale.py [--stores sqlite,postgres] [--count 5000] [--watchers 200] [--out FILE]

Incidents, alerts and timers are counted in this process, which holds the engine and its store; what PostgreSQL's own
processes spend is counted apart. Watchers are real connections to a real server. Disk is what the database holds after
it has tidied up; memory is what the process has more of.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from crowd import START, STORES, TEAM, Ground, make_places
from starting import Server, read_cpu

from tocsin.alert.signal import Signal

HEAD = ("| store | what | CPU, tocsin | CPU, PostgreSQL | disk | memory |", "|---|---|---|---|---|---|")
JOINING = 4
"""Further alerts of each incident."""
POSTS = 300


def read_memory(process: int) -> int:
    """Resident bytes of a process, the pages that it shares left out."""
    found = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":" in line)
    return int(found["RssAnon"].split()[0]) * 1024


def find_children(process: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


class Meter:
    """What is spent between two readings."""

    def __init__(self, ground: Ground, cluster: Any) -> None:
        self._ground, self._cluster = ground, cluster

    def read(self) -> tuple[float, float, int, int]:
        """CPU here and in the database, bytes on disk, bytes of memory."""
        gc.collect()
        there = 0.0
        if self._cluster is not None:
            server = self._cluster.process.pid
            there = read_cpu(server) + sum(map(read_cpu, find_children(server)))
        return time.process_time(), there, self._read_disk(), read_memory(os.getpid())

    def _read_disk(self) -> int:
        if self._cluster is not None:
            name = str(self._ground.url).partition("?")[0].rpartition("/")[2]
            return int(self._cluster.query(f"SELECT pg_database_size('{name}')", name)[0][0])
        with sqlite3.connect(self._ground.folder / "tocsin.db") as file:
            pages, free, size = (file.execute(f"PRAGMA {name}").fetchone()[0] for name in
                                 ("page_count", "freelist_count", "page_size"))  # fmt: skip
            return int((pages - free) * size)


def tell(kind: str, what: str, before: tuple[Any, ...], after: tuple[Any, ...], count: int) -> str:
    """A row: what one of `count` costs."""
    here, there, disk, memory = ((late - early) / count for early, late in zip(before, after, strict=True))
    database = f"{there * 1e6:.0f} µs" if kind == "postgres" else "in it"
    return f"| {kind} | {what} | {here * 1e6:.0f} µs | {database} | {disk:.0f} B | {max(0.0, memory):.0f} B |"


async def measure_engine(kind: str, folder: Path, cluster: Any, count: int) -> list[str]:
    """An incident with its first alert and its first page, an alert that joins, a timer that pages again."""
    ground = Ground(kind, folder, cluster)
    await ground.open()
    meter, lines = Meter(ground, cluster), list[str]()
    await ground.add(range(100), START)  # what the first ones cost is not theirs
    try:
        before = meter.read()
        await ground.add(range(100, 100 + count), START)
        after = meter.read()
        lines.append(tell(kind, "an incident: its alert, opening, first page and its answer", before, after, count))
        before = meter.read()
        for turn in range(JOINING):
            for at in range(100, 100 + count, 500):
                signals = [
                    Signal(labels={"alertname": "BenchAlert", "instance": f"more-{turn}", "bench_id": str(each)})
                    for each in range(at, min(at + 500, 100 + count))
                ]
                await ground.engine.intake.receive(TEAM, signals)
        while await ground.engine.intake.join_waiting():
            continue
        after = meter.read()
        lines.append(tell(kind, "an alert that joins an incident", before, after, JOINING * count))
        ground.time.stand(START + timedelta(seconds=1))
        before = meter.read()
        planned = 0
        while streams := await ground.store.due(ground.time.now(), 2000):
            planned += await ground.engine.waking.plan(streams)
        after = meter.read()
        lines.append(tell(kind, "a timer that decides a page, in a burst", before, after, planned))
    finally:
        await ground.close()
    return lines


def measure_watchers(kind: str, folder: Path, cluster: Any, watchers: int) -> list[str]:
    """Connections that follow everything, while incidents open."""
    own = folder / "server"
    own.mkdir()
    server = Server(own, cluster)
    server.start()
    try:
        process = server.pid
        server.post(0, POSTS)
        alone = spend(server, POSTS)
        before = read_memory(process)
        links = [watch(server) for _ in range(watchers)]
        memory = (read_memory(process) - before) / watchers
        watched = spend(server, 2 * POSTS)
        told = sum(drain(link) for link in links)
        each = max(0.0, watched - alone) / told if told else 0.0
        return [
            f"| {kind} | a watcher that is told of nothing | 0 µs | | 0 B | {max(0.0, memory):.0f} B |",
            f"| {kind} | a watcher that is told of one entry ({watchers} at once) | {each * 1e6:.0f} µs | | 0 B | |",
        ]
    finally:
        server.kill()


def spend(server: Server, first: int) -> float:
    """CPU seconds of the server for some incidents, pages included."""
    before = read_cpu(server.pid)
    for at in range(first, first + POSTS, 10):
        server.post(at, 10)
    time.sleep(2.0)
    return read_cpu(server.pid) - before


def watch(server: Server) -> socket.socket:
    """A connection that follows everything, once it has begun to."""
    credential = (server.folder / "workspace" / ".tocsin" / "credential").read_text().strip()
    link = socket.create_connection(("127.0.0.1", server.port))
    link.sendall(f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {credential}\r\n\r\n".encode())
    head = link.recv(65536)
    assert b" 200 " in head, head
    link.setblocking(False)
    return link


def drain(link: socket.socket) -> int:
    """How many entries it was told of."""
    told = b""
    try:
        while more := link.recv(1 << 20):
            told += more
    except BlockingIOError:
        pass
    link.close()
    return told.count(b"event: entry")


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--stores", default=",".join(STORES))
    asked.add_argument("--count", type=int, default=5000)
    asked.add_argument("--watchers", type=int, default=200)
    asked.add_argument("--tmp", type=Path, help="where the data lies (default: the machine's folder for such)")
    asked.add_argument("--out", type=Path, help="write the table there too")
    given = asked.parse_args()
    if "," in given.stores:
        lines = [*HEAD]
        print("\n".join(lines))
        for line in measure_apart(given):
            print(line, flush=True)
            lines.append(line)
        if given.out:
            given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    lines = list[str]()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=given.tmp) as folder:
        for kind, own, cluster in make_places(given.stores.split(","), Path(folder)):
            lines += asyncio.run(measure_engine(kind, own, cluster, given.count))
            lines += measure_watchers(kind, own, cluster, given.watchers)
    print("\n".join(lines))


def measure_apart(given: argparse.Namespace) -> Iterator[str]:
    """Each kind of store in a process of its own, which has nothing of another's in memory."""
    for kind in given.stores.split(","):
        words = ["--stores", kind, "--count", str(given.count), "--watchers", str(given.watchers)]
        words += ["--tmp", str(given.tmp)] if given.tmp else []
        done = subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True)
        yield from done.stdout.splitlines()


if __name__ == "__main__":
    main()
