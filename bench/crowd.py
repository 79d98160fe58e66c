"""Many open incidents, made by the engine's own intake: what `bench/timers.py` and `bench/scale.py` measure among.

Each incident is an alert of its own whose first page was taken, so that its next timer is the page's repetition. Time
is the crowd's: it stands where it is put while incidents are made, and goes on from there when it is measured.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text
from tests.postgres import Cluster, find_binaries

from tocsin.alert.signal import Signal
from tocsin.app.workspace import load_workspace
from tocsin.engine.answered import answer
from tocsin.engine.change import Change, NoOutgoing
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.engine.follow import Follower
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.engine.shelf import Shelf
from tocsin.store.blobs import FileBlobs
from tocsin.store.nodes import open_store, read_url
from tocsin.store.postgres_blobs import PostgresBlobs
from tocsin.store.sqlite import SqliteStore
from tocsin.store.start import Keeping
from tocsin.timeline.events import Intent, Outcome, PageDelivered, PageRequested, StepRequested

ROOT = Path(__file__).resolve().parent.parent
STORES = ("sqlite", "postgres")
KEY = b"k" * 32
START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
REPEAT_S = 600.0
"""After so long the bench's playbook pages again (`bench/workspace`: P2, which is answered within the hour)."""
FIRES = timedelta(days=1)
"""So long every alert is said to fire: nothing here falls silent."""
AT_ONCE = 1000
TEAM = "bench"


class Time:
    """A clock that stands at a moment until it is let go."""

    def __init__(self) -> None:
        self.moment = START
        self._since: float | None = None

    def now(self) -> datetime:
        """The moment."""
        if self._since is None:
            return self.moment
        return self.moment + timedelta(seconds=time.monotonic() - self._since)

    def stand(self, moment: datetime) -> None:
        """Stand at `moment`."""
        self.moment, self._since = moment, None

    def go(self, moment: datetime) -> None:
        """From `moment` on, go as clocks do."""
        self.moment, self._since = moment, time.monotonic()

    async def sleep_until(self, moment: datetime) -> None:
        """Return at `moment`, if the clock goes."""
        await asyncio.sleep(max(0.0, (moment - self.now()).total_seconds()))


class Takes:
    """Takes each page at once; how many."""

    handles = (PageRequested, StepRequested)

    def __init__(self) -> None:
        self.count = 0

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Take a page."""
        self.count += 1
        return PageDelivered(answers=key.seq, responder="webhook", channel="terminal")


class Ground:
    """One store with its engine, as a server has them."""

    def __init__(self, kind: str, folder: Path, cluster: Cluster | None) -> None:
        self.kind, self.folder, self._cluster = kind, folder, cluster
        self.url = cluster.make_database() if cluster is not None else None
        self.time, self.takes = Time(), Takes()

    async def open(self) -> None:
        """Open the store, and make the engine."""
        workspace = load_workspace(ROOT / "bench" / "workspace", START.date())
        (team,) = workspace.settings.teams.values()
        grouped = msgspec.structs.replace(team.policy, group_by=("bench_id",))
        teams = {TEAM: msgspec.structs.replace(team, policy=grouped)}
        self.store, blobs = await self._open_store()
        shelf = Shelf(msgspec.structs.replace(workspace.settings, teams=teams), blobs)
        await shelf.keep_playbooks()
        self.journal = Journal(self.store, shelf, self.time, KEY)
        self.engine = Engine(self.journal, self.time, (self.takes,))
        self.engine.dispatch.places = {"channel:terminal": 32}
        self._outgoing, self.journal.outgoing = self.journal.outgoing, NoOutgoing()
        self.follower = Follower(self.journal, self.store) if self.url is not None else None

    async def _open_store(self) -> tuple[Any, Any]:
        if self.url is None:
            store: Any = SqliteStore(self.folder / "tocsin.db", KEY, self.folder / "mark")
            return store, FileBlobs(self.folder / "blobs", pass_by)
        keeping = Keeping(name="the database", key="no file")
        store = await open_store(read_url(self.url), KEY, self.folder, keeping, "bench", "0")
        return store, PostgresBlobs(store, pass_by)

    async def close(self) -> None:
        """Let the store go."""
        await self.engine.dispatch.stop()
        if self.url is None:
            self.store.close()
        else:
            await self.store.close()

    async def go(self, moment: datetime) -> None:
        """Time goes on from `moment`, and pages go out. The database knows by now how its tables look."""
        self.journal.outgoing = self._outgoing
        if self._cluster is not None and self.url is not None:
            self._cluster.query("VACUUM ANALYZE", self.url.partition("?")[0].rpartition("/")[2])
        self.time.go(moment)

    # ── incidents ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def add(self, names: Iterable[int], due_at: datetime) -> None:
        """Open an incident for each of `names`, whose timer is due at `due_at`."""
        self.time.stand(due_at - timedelta(seconds=REPEAT_S))
        wanted = [*names]
        for at in range(0, len(wanted), AT_ONCE):
            await self._add(wanted[at : at + AT_ONCE])

    async def _add(self, names: list[int]) -> None:
        signals = [
            Signal(
                labels={"alertname": "BenchAlert", "instance": f"node-{each % 97}:9100", "bench_id": str(each)},
                ends_at=self.time.moment + FIRES,
            )
            for each in names
        ]
        before = await self.journal.counts.find(f"incident/{TEAM}")
        await self.engine.intake.receive(TEAM, signals)
        after = await self.journal.counts.find(f"incident/{TEAM}")
        changes = [await self._take_page(f"{TEAM}-{n}") for n in range(before + 1, after + 1)]
        await self.journal.change_all(changes, cause="outcome")

    async def _take_page(self, stream: str) -> Change:
        incident = await self.journal.incident(stream)
        assert incident is not None
        (page,) = incident.pages
        outcome = PageDelivered(answers=page, responder="webhook", channel="terminal")
        return Change(stream, (lambda incident, _: answer(incident, outcome),))


def make_places(kinds: Iterable[str], folder: Path) -> Iterable[tuple[str, Path, Cluster | None]]:
    """A folder for each kind of store, with a throw-away PostgreSQL where it is one. Says which are left out."""
    for kind in kinds:
        own = folder / kind
        own.mkdir()
        if kind == "postgres" and find_binaries() is None:
            print("SKIPPING PostgreSQL: its server is missing (package postgresql).", file=sys.stderr)
            continue
        cluster = Cluster(durable=True) if kind == "postgres" else None
        try:
            yield kind, own, cluster
        finally:
            if cluster is not None:
                cluster.close()
            shutil.rmtree(own, ignore_errors=True)


async def count(ground: Ground, statement: str) -> int:
    """What a query counts."""
    return int(await ground.store.read(lambda c: c.execute(text(statement)).scalar_one()))
