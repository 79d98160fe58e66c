"""What it costs to hear of the same alerts again and again, as Prometheus repeats what fires.

10,000 alerts fire; then each is sent again several times with a later end. What that costs beyond an idle server, and
what a day of it comes to at one round a minute, is read from the process's own account in /proc.
"""

from __future__ import annotations

import http.client
import json
import os
import shlex
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ALERTS, AT_ONCE, ROUNDS = 10_000, 64, 4
SETTLE_S = 12.0
"""After so long everything that was heard is on disk: the server writes it down every five seconds."""
NOBODY = "http://127.0.0.1:9/nobody"


def measure_resend(serve: str) -> dict[str, Any]:
    """One row: share of a core and bytes written. `serve` starts a server, with `{port}`, `{data}`, `{sink}` …"""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as data:
        given = {"group_by": "bench_id", "group_wait": "0s", "group_interval": "1s"}
        command = shlex.split(serve.format(port=port, data=data, sink=NOBODY, **given))
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            return _measure(server.pid, port)
        finally:
            server.kill()
            server.wait()


def _measure(pid: int, port: int) -> dict[str, Any]:
    _send(port, 0)
    time.sleep(SETTLE_S)
    before = _read_account(pid)
    time.sleep(SETTLE_S)
    idle = _read_account(pid)
    for turn in range(ROUNDS):
        _send(port, turn + 1)
        time.sleep(SETTLE_S)
    after = _read_account(pid)
    quiet_s, busy_s = idle[2] - before[2], after[2] - idle[2]
    idle_cpu, idle_bytes = (idle[0] - before[0]) / quiet_s, (idle[1] - before[1]) / quiet_s
    cpu, written = after[0] - idle[0] - idle_cpu * busy_s, after[1] - idle[1] - idle_bytes * busy_s
    return {
        "bench": "resend",
        "alerts": ALERTS,
        "idle_core_pct": round(100 * idle_cpu, 2),
        "resend_core_pct": round(100 * cpu / ROUNDS / 60, 3),
        "resend_mb_a_day": round(written / ROUNDS * 1440 / 1e6, 1),
    }


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("GET", "/-/ready")
            if asked.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("The server is not ready after a minute.")


def _send(port: int, turn: int) -> None:
    """All alerts once, in batches, over one connection."""
    begun = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ends = datetime.now(UTC) + timedelta(minutes=4, seconds=turn)
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for at in range(0, ALERTS, AT_ONCE):
        numbers = range(at, min(at + AT_ONCE, ALERTS))
        body = json.dumps([_show(each, begun.isoformat(), ends.isoformat()) for each in numbers])
        link.request("POST", "/api/v2/alerts", body, {"Content-Type": "application/json"})
        answer = link.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"The server answered {answer.status}.")
    link.close()


def _show(number: int, begun: str, ends: str) -> dict[str, Any]:
    labels = {"alertname": "DiskFills", "instance": f"node-{number}:9100", "job": "node", "bench_mode": "ingest"}
    return {"labels": labels, "annotations": {"summary": "A disk fills."}, "startsAt": begun, "endsAt": ends}


def _read_account(pid: int) -> tuple[float, int, float]:
    """Seconds of CPU, bytes written to disk, and now."""
    process = Path("/proc") / str(pid)
    fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    lines = (process / "io").read_text().splitlines()
    written = next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), written, time.monotonic()
