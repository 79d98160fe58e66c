"""Many open incidents: what `bench/timers.py`, `bench/starting.py` and `bench/scale.py` measure among.

Each incident is an alert of its own whose first page was taken, so that its next timer is the page's repetition. Time
is the crowd's: it stands where it is put while incidents are made, and goes on from there when it is measured.

`add` has the engine's own intake open them. `cast` makes very many in a tenth of that time: after the mould of one that
the engine has opened, sealed and written as any other, so that the record verifies.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import text
from tests.postgres import Cluster, find_binaries

from tocsin.alert.fingerprint import find_fingerprint
from tocsin.alert.row import AlertRow
from tocsin.alert.signal import Signal
from tocsin.app.workspace import load_workspace
from tocsin.engine.answered import answer
from tocsin.engine.change import Change, NoOutgoing, seal_all
from tocsin.engine.contracts import Append, Card, Key, Write
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
from tocsin.timeline import chain
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import (
    AlertsJoined,
    Event,
    IncidentOpened,
    Intent,
    ObligationArmed,
    Outcome,
    PageDelivered,
    PageRequested,
    StepRequested,
)

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

    def __init__(
        self, kind: str, folder: Path, cluster: Cluster | None, url: str | None = None, key: bytes = KEY
    ) -> None:
        self.kind, self.folder, self._cluster, self._key = kind, folder, cluster, key
        self.url = cluster.make_database() if cluster is not None and url is None else url
        self.time, self.takes = Time(), Takes()

    async def open(self) -> None:
        """Open the store, and make the engine."""
        workspace = load_workspace(ROOT / "bench" / "workspace", START.date())
        (team,) = workspace.settings.teams.values()
        grouped = replace(team.policy, group_by=("bench_id",))
        teams = {TEAM: replace(team, policy=grouped)}
        self.store, blobs = await self._open_store()
        shelf = Shelf(replace(workspace.settings, teams=teams), blobs)
        await shelf.keep_playbooks()
        self.journal = Journal(self.store, shelf, self.time, self._key)
        self.engine = Engine(self.journal, self.time, (self.takes,))
        self.engine.dispatch.places.most = {"channel:terminal": 32}
        self._outgoing, self.journal.outgoing = self.journal.outgoing, NoOutgoing()
        self.follower = Follower(self.journal, self.store) if self.url is not None else None

    async def _open_store(self) -> tuple[Any, Any]:
        if self.url is None:
            store: Any = SqliteStore(self.folder / "tocsin.db", self._key, self.folder / "mark")
            return store, FileBlobs(self.folder / "blobs", pass_by)
        keeping = Keeping(name="the database", key="no file")
        store = await open_store(read_url(self.url), self._key, self.folder, keeping, "bench", "0")
        return store, PostgresBlobs(store, pass_by)

    async def close(self) -> None:
        """Let the store go."""
        await self.engine.dispatch.stop()
        if self.url is None:
            self.store.close()
        else:
            await self.store.close()

    def watch(self, see: Callable[[Write], None]) -> None:
        """From now on show what is handed to the disk."""
        real = self.store.write

        async def write(write: Write) -> None:
            see(write)
            await real(write)

        self.store.write = write

    async def tidy(self) -> None:
        """The database knows how its tables look, as one that has been in use for a while does."""
        if self._cluster is not None and self.url is not None:
            self._cluster.query("VACUUM ANALYZE", self.url.partition("?")[0].rpartition("/")[2])

    def go(self, moment: datetime) -> None:
        """Time goes on from `moment`, and pages go out."""
        self.journal.outgoing = self._outgoing
        self.time.go(moment)

    # ── incidents ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def add(self, names: Iterable[int], due_at: datetime) -> None:
        """Open an incident for each of `names`, whose timer is due at `due_at`."""
        self.time.stand(_open_at(due_at))
        wanted = [*names]
        for at in range(0, len(wanted), AT_ONCE):
            await self._add(wanted[at : at + AT_ONCE])

    async def _add(self, names: list[int]) -> None:
        signals = [
            Signal(
                labels=make_labels(each),
                starts_at=self.time.moment,
                ends_at=self.time.moment + FIRES,
            )
            for each in names
        ]
        before = await self.journal.counts.find(f"incident/{TEAM}")
        await self.engine.intake.receive(TEAM, signals)
        after = await self.journal.counts.find(f"incident/{TEAM}")
        changes = [await self._take_page(f"{TEAM}-{n}") for n in range(before + 1, after + 1)]
        await self.journal.change_all(changes, cause="outcome")

    async def cast(self, names: Sequence[int], find_due: Callable[[int], datetime]) -> None:
        """Add an incident for each of `names` whose timer is due when `find_due` says, each after the same mould.

        Raises `AssertionError` if the mould does not give what the engine gives.
        """
        first, second, *rest = names
        await self.add([first], find_due(first))
        n = await self.journal.counts.find(f"incident/{TEAM}")
        mould = await Mould.take(self.journal, n)
        await self.add([second], find_due(second))
        mould.compare(second, await Mould.take(self.journal, n + 1))
        day = f"{_open_at(find_due(first)):%Y-%m-%d}"
        for at in range(0, len(rest), AT_ONCE):
            some = rest[at : at + AT_ONCE]
            made = [mould.make(name, n + 2 + at + k, _open_at(find_due(name))) for k, name in enumerate(some)]
            last = n + 1 + at + len(some)
            counters = {f"incident/{TEAM}": last, f"number/{TEAM}/{day}": last}
            appends, rows = zip(*(each.write(self._key) for each in made), strict=True)
            spans = dict.fromkeys(counters, len(some))
            await self.store.write(Write(appends=appends, alerts=rows, counters=counters, spans=spans))
        self.journal.doubt(TEAM)

    async def _take_page(self, stream: str) -> Change:
        incident = await self.journal.incident(stream)
        assert incident is not None
        (page,) = incident.pages
        outcome = PageDelivered(answers=page, responder="webhook", channel="terminal")
        return Change(stream, (lambda incident, _: answer(incident, outcome),))


def _open_at(due_at: datetime) -> datetime:
    return due_at - timedelta(seconds=REPEAT_S)


class Mould(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as it lies in the store: its entries, the alert, its card, and when it is planned next."""

    entries: tuple[Entry, ...]
    row: AlertRow
    card: Card
    wake: datetime

    @classmethod
    async def take(cls, journal: Journal, n: int) -> Mould:
        """Of the `n`-th incident, which was opened last and whose page was taken."""
        stream = f"{TEAM}-{n}"
        entries = tuple(await journal.entries(stream))
        (row,) = await journal.store.alerts(TEAM, incident=stream)
        card = next(each for each in await journal.store.cards(team=TEAM) if each.id == stream)
        known = journal.peek(stream)
        assert known is not None and known.wake is not None
        return cls(entries=entries, row=row, card=card, wake=known.wake)

    def make(self, name: int, n: int, moment: datetime) -> Mould:
        """The `n`-th incident, opened at `moment` for the alert called `name`."""
        stream, by = f"{TEAM}-{n}", moment - self.card.opened_at
        number, group = f"INC-{moment:%Y%m%d}-{n:03}", f'bench_id="{name}"'
        labels = make_labels(name)
        fingerprint = find_fingerprint(labels)
        times = {field: getattr(self.row, field) + by for field in ("starts_at", "ends_at", "updated_at")}
        row = replace(self.row, fingerprint=fingerprint, labels=labels, incident=stream, **times)
        title = f"{self.card.scenario} ({group})"
        card = replace(self.card, id=stream, number=number, title=title, grouping=group, opened_at=moment)

        def change(event: Event) -> Event:
            match event:
                case IncidentOpened():
                    return replace(event, number=number, title=title, group=group)
                case AlertsJoined(alerts=(seen,)):
                    return AlertsJoined(
                        alerts=(replace(seen, fingerprint=fingerprint, labels=labels, starts_at=row.starts_at),)
                    )
                case ObligationArmed():
                    return replace(event, due_at=event.due_at + by)
                case _:
                    return event

        entries = tuple(
            replace(each, stream=stream, at=each.at + by, recorded_at=each.recorded_at + by, event=change(each.event))
            for each in self.entries
        )
        return Mould(entries=entries, row=row, card=card, wake=self.wake + by)

    def compare(self, name: int, made: Mould) -> None:
        """Raise `AssertionError` unless the mould gives what the engine made of the alert called `name`."""
        n = int(made.card.id.rpartition("-")[2])
        assert self.make(name, n, made.card.opened_at) == made, "the mould does not give what the engine makes"

    def write(self, key: bytes) -> tuple[Append, AlertRow]:
        """As it is written: sealed, in one append."""
        entries = seal_all(key, self.entries, chain.START)
        return Append(stream=self.card.id, expected_seq=0, entries=entries, wake=self.wake, card=self.card), self.row


def make_labels(name: int) -> dict[str, str]:
    """The labels of the alert called `name`."""
    return {"alertname": "BenchAlert", "bench_id": str(name), "instance": f"node-{name % 97}:9100"}


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
