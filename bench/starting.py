"""How soon the real server is ready again after SIGKILL among very many open alerts, beside one that has nothing.

Nearly all of the alerts are cast into the server's own store while it is down (`crowd.py`); the rest it takes itself,
and it is killed at that.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crowd import REPEAT_S, ROOT, Ground
from tests.postgres import Cluster

from tocsin.store.keys import read_key

TICKS = os.sysconf("SC_CLK_TCK")
AT_ONCE = 500
PATIENCE_S = 120.0
DRAIN_S = 900.0
POSTED = 500
"""Alerts that are taken just before it is killed: what a crash leaves behind of what is under way."""


def read_cpu(process: int) -> float:
    """CPU seconds of a process, its children that have ended included."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


class Server:
    """`tocsin serve` on data of its own; its pages go to its own output, which nobody reads."""

    def __init__(self, folder: Path, cluster: Cluster | None) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "bench" / "workspace", folder / "workspace")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._cluster, self._url = cluster, ""
        self._environment = {**os.environ}
        self._environment.pop("TOCSIN_DATABASE_URL", None)
        if cluster is not None:
            self._url = self._environment["TOCSIN_DATABASE_URL"] = cluster.make_database()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> tuple[float, float]:
        """Start it; seconds until it is ready, and its CPU seconds until then."""
        words = ["--workspace", str(self.folder / "workspace"), "--data", str(self.folder / "data"), "--node", "bench"]
        argv = [str(ROOT / ".venv/bin/tocsin"), "serve", *words, "--open-intake", "--group-by", "bench_id"]
        log = (self.folder / "log").open("ab")
        begun = time.monotonic()
        self._process = subprocess.Popen(
            [*argv, "--port", str(self.port)], env=self._environment, stdout=subprocess.DEVNULL, stderr=log
        )
        log.close()
        while not self._answers("GET", "/-/ready"):
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() - begun < PATIENCE_S, "the server is not ready"
            time.sleep(0.01)
        return time.monotonic() - begun, read_cpu(self._process.pid)

    def _answers(self, verb: str, path: str, body: bytes | None = None) -> bool:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            link.request(verb, path, body, {"Content-Type": "application/json"})
            return link.getresponse().status == 200
        except OSError:
            return False
        finally:
            link.close()

    def post(self, first: int, count: int) -> float:
        """Have so many alerts fire; seconds until they are acknowledged."""
        begun = time.monotonic()
        for at in range(first, first + count, AT_ONCE):
            alerts = [
                {"labels": {"alertname": "BenchAlert", "instance": f"node-{each % 97}:9100", "bench_id": str(each)}}
                for each in range(at, min(at + AT_ONCE, first + count))
            ]
            while not self._answers("POST", "/api/v2/alerts", json.dumps(alerts).encode()):
                assert time.monotonic() - begun < DRAIN_S, "alerts are not taken"
                time.sleep(0.1)
        return time.monotonic() - begun

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def _cast(self, names: range) -> None:
        url, key = self._url or None, self.folder / "data" / "keys" / "chain"
        if url is not None:
            key = self.folder / "workspace" / "secrets" / "chain.key"
        ground = Ground("", self.folder / "data", self._cluster, url, read_key(key))
        await ground.open()
        try:
            due_at = datetime.now(UTC) + timedelta(seconds=REPEAT_S)
            await ground.cast(names, lambda name: due_at)
            await ground.tidy()
        finally:
            await ground.close()

    def cast(self, first: int, count: int) -> None:
        """Have so many alerts and their incidents in its store; it must be down, and must have been up."""
        asyncio.run(self._cast(range(first, first + count)))

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def measure_start(kind: str, folder: Path, cluster: Cluster | None, alerts: int, rounds: int) -> list[str]:
    """Both in turn; the medians."""
    (folder / "full").mkdir()
    full = Server(folder / "full", cluster)
    full.start()
    full.kill()
    full.cast(0, alerts - POSTED)
    full.start()
    full.post(alerts - POSTED, POSTED)
    full.kill()
    took: dict[str, list[float]] = defaultdict(list)
    for at in range(rounds):
        (folder / f"empty{at}").mkdir()
        empty = Server(folder / f"empty{at}", cluster)
        empty.start()  # the first start makes the tables
        empty.kill()
        for name, server in (("empty", empty), ("full", full)):
            ready, cpu = server.start()
            took[f"{name} ready"].append(ready)
            took[f"{name} cpu"].append(cpu)
            took[f"{name} first"].append(ready + server.post(10**6 + at, 1))
            server.kill()
    middle = {name: statistics.median(values) for name, values in took.items()}
    head = f"| {kind}, SIGKILL among {alerts} open alerts, each its own incident:"
    names = {"ready": "ready", "cpu": "CPU until ready", "first": "first new alert acknowledged"}
    return [
        f"{head} {what} | {middle[f'full {name}']:.2f} s | {middle[f'empty {name}']:.2f} s (with nothing) "
        f"| {middle[f'full {name}'] - middle[f'empty {name}']:+.2f} s |"
        for name, what in names.items()
    ]
