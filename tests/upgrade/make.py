"""Make the records of a previous version that the tests here go on from: ``python -m tests.upgrade.make SOURCES NAME``.

SOURCES is the `src` folder of that version (``git archive COMMIT src | tar x -C …``), NAME what the record is called. A
real server of that version lives through trouble and is killed with everything under way; what it has left is kept as
SQL text, with its keys, its evidence and its settings. Run it once for each release, and never change what it made.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from ..postgres import Cluster, find_binaries, name_of  # noqa: TID252 the cluster is the whole suite's
from ..processes.ground import KEY, Ground, Sink, wait_for  # noqa: TID252 and so is the ground

HERE = Path(__file__).parent
YARD_KEY = "fedcba9876543210fedcba9876543210"
PLAYBOOK = """\
# Till Playbook

## Severity Levels

### SEV-1: Critical

**Response Requirements**:
- Response time: 15 minutes
- Status page: Update within 15 minutes

## Playbooks

### PLAY-001: Till Stuck

**Severity**: SEV-1
**Alert**: `TillStuck`

#### Detection

```bash
cat till.log
```

#### Resolution Steps

```bash
./turn.sh
```

### PLAY-002: Door Open

**Severity**: SEV-1
**Alert**: `DoorOpen`

### PLAY-003: Bell Rings

**Severity**: SEV-1
**Alert**: `BellRings`

### PLAY-004: Pane Broken

**Severity**: SEV-1
**Alert**: `PaneBroken`

### PLAY-005: Lamp Out

**Severity**: SEV-1
**Alert**: `LampOut`

## Post-Incident

- Post-mortem within 48 hours
"""
YARD = """
[teams.yard]
playbook = "playbooks/shop.md"
mode = "live"
levels = [["bo"], ["ana"]]
last_resort = ["ana"]
group_wait_s = 100
"""
STEP = "./turn.sh"
FOLD = """\
import asyncio, sys, msgspec
from pathlib import Path
from tocsin.incident.evolve import fold
from tocsin.store.sqlite import SqliteStore
from tocsin.timeline.codec import unseal

async def main(folder):
    key = bytes.fromhex((folder / "keys" / "chain").read_text())
    store = SqliteStore(folder / "tocsin.db", key, folder / "mark")
    found = {card.id: fold(map(unseal, await store.load(card.id))) for card in await store.cards()}
    store.close()
    sys.stdout.buffer.write(msgspec.json.encode(found))

asyncio.run(main(Path(sys.argv[1])))
"""
"""What that version makes of its own entries."""


class Life:
    """What happens to the servers before they are killed."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        (ground.root / "playbooks" / "shop.md").write_text(PLAYBOOK)
        (ground.root / "secrets" / "yard.intake").write_text(YARD_KEY)
        settings = ground.root / "tocsin.toml"
        settings.write_text(settings.read_text() + YARD)

    def live(self) -> None:
        """All of it."""
        self._start()
        self._silence()
        self._fire("LampOut")
        self._be_paged("TillStuck", "shop-1")
        wait_for(lambda: "step_finished" in self._kinds("shop-1"), "evidence")
        self._be_paged("DoorOpen", "shop-2")
        assert self._ground.ask("POST", "/api/incidents/shop-2/acknowledge")
        self._be_paged("BellRings", "shop-3")
        assert self._ground.ask("POST", "/api/incidents/shop-3/resolve")
        self._fall_into_doubt()
        self._fire("DoorOpen", YARD_KEY)
        self._ground.sink.holds.set()
        seen = len(self._ground.sink.pages)
        self._fire("PaneBroken")
        wait_for(lambda: len(self._ground.sink.pages) > seen, "page in flight")
        self._ground.kill()

    def _start(self, failpoint: str = "") -> None:
        self._ground.start(failpoint)
        wait_for(self._ground.url, "server", 60)

    def _fire(self, name: str, key: str = KEY) -> None:
        alert = [{"labels": {"alertname": name, "till": "7"}}]
        httpx.post(f"{self._ground.url()}/in/{key}/api/v2/alerts", json=alert, timeout=30).raise_for_status()

    def _silence(self) -> None:
        now = datetime.now(UTC)
        body = {
            "matchers": [{"name": "alertname", "value": "LampOut", "isRegex": False}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(days=20)).isoformat(),
            "createdBy": "kim",
            "comment": "the lamp is changed",
        }
        httpx.post(f"{self._ground.url()}/in/{KEY}/api/v2/silences", json=body, timeout=30).raise_for_status()

    def _kinds(self, incident: str) -> list[str]:
        found = self._ground.ask("GET", f"/api/incidents/{incident}/timeline") or []
        return [entry["kind"] for entry in found]

    def _be_paged(self, name: str, incident: str) -> None:
        self._fire(name)
        wait_for(lambda: "page_delivered" in self._kinds(incident), f"page of {incident}")

    def _fall_into_doubt(self) -> None:
        """The server dies while a step changes something; the next one says that nobody knows what it did."""
        self._ground.stop()
        self._start("change.during")
        room = self._ground.ask("GET", "/api/incidents/shop-1")
        step = next(each["id"] for each in room["steps"] if STEP in each["text"])
        shown = self._ground.ask("GET", f"/api/incidents/shop-1/steps/{step}")
        self._ground.ask("POST", f"/api/incidents/shop-1/steps/{step}/approve", digest=shown["digest"])
        wait_for(self._ground.is_dead, "death")
        self._start()
        wait_for(lambda: "step_in_doubt" in self._kinds("shop-1"), "doubt")


def make_on_sqlite(folder: Path) -> dict[str, bytes]:
    """The files of a record in a file."""
    sink = Sink()
    ground = Ground(folder, sink)
    try:
        Life(ground).live()
    finally:
        sink.holds.clear()
        ground.end()
        sink.close()
    data = ground.root / ".tocsin" / "data"
    folded = folder / "folded"
    shutil.copytree(data, folded)
    done = subprocess.run([sys.executable, "-c", FOLD, str(folded)], capture_output=True, check=True)
    with closing(sqlite3.connect(data / "tocsin.db")) as database:
        dumped = "\n".join(database.iterdump())
    kept = [
        data / "mark",
        *(data / "keys").iterdir(),
        *(path for path in (data / "blobs").rglob("*") if path.is_file()),
    ]
    return {
        "tocsin.sql": dumped.encode(),
        "folded.json": done.stdout,
        "sent.json": json.dumps(sink.pages).encode(),
        **{f"data/{path.relative_to(data)}": path.read_bytes() for path in kept},
        **_read_workspace(ground.root),
    }


def make_on_postgres(folder: Path) -> dict[str, bytes]:
    """The files of one node of a shared record, and the record."""
    cluster, sink, binaries = Cluster(durable=True), Sink(), find_binaries()
    assert binaries is not None
    database = cluster.make_database()
    ground = Ground(folder, sink, "one", database)
    try:
        Life(ground).live()
        argv = [str(binaries / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", "-U", "tocsin"]
        argv += ["-h", str(cluster.folder), "-p", str(cluster.port), name_of(database)]
        dumped = subprocess.run(argv, capture_output=True, check=True).stdout
    finally:
        sink.holds.clear()
        ground.end()
        sink.close()
        cluster.close()
    data = ground.root / ".tocsin" / "data"
    lines = [
        line
        for line in dumped.splitlines()
        if not line.startswith((b"SET ", b"SELECT pg_catalog.set_config", b"\\", b"--"))
    ]
    return {
        "tocsin.sql": b"\n".join(lines),
        "sent.json": json.dumps(sink.pages).encode(),
        **{f"data/{name}": (data / name).read_bytes() for name in ("mark", "node")},
        **_read_workspace(ground.root),
    }


def _read_workspace(root: Path) -> dict[str, bytes]:
    paths = (path for path in root.rglob("*") if path.is_file() and ".tocsin" not in path.parts)
    return {f"workspace/{path.relative_to(root)}": path.read_bytes() for path in paths}


def write(path: Path, files: dict[str, bytes]) -> None:
    """One archive of them all."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def main() -> None:
    """Make both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sources", type=Path)
    parser.add_argument("name")
    given: Any = parser.parse_args()
    os.environ["PYTHONPATH"] = str(given.sources.absolute())
    for kind, make in (("sqlite", make_on_sqlite), ("postgres", make_on_postgres)):
        folder = Path(tempfile.mkdtemp(prefix="tocsin-record-"))
        folder.chmod(0o755)
        try:
            write(HERE / f"{given.name}-{kind}.tar.gz", make(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
