"""Planted bugs of what is kept: the record, answers, steps, and silence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from tocsin.alert.row import AlertRow
from tocsin.engine import change, journal, listening
from tocsin.engine import draft as drafts
from tocsin.engine.contracts import Errand, Write
from tocsin.engine.listening import Listening
from tocsin.incident.plan import Plan
from tocsin.incident.state import OPEN, Incident
from tocsin.testing.memory import MemoryBlobs
from tocsin.testing.simulation.node import Node
from tocsin.testing.simulation.turning import Watched
from tocsin.timeline import events as e
from tocsin.timeline.entry import Sealed

from .planting import LATER, Build, Every, change_appends, change_claim, leave


@contextmanager
def break_the_chain() -> Iterator[Build]:
    """Now and then an entry is sealed as if nothing stood before it."""
    every, real = Every(400), change.seal_all

    def seal(key: bytes, entries: Any, before: bytes) -> tuple[Sealed, ...]:
        return real(key, entries, b"\0" * 32 if every() else before)

    with patch.object(journal, "seal_all", seal):
        yield leave


@contextmanager
def go_back_in_time() -> Iterator[Build]:
    """The server goes by its machine's clock, whatever somebody does to that."""

    def build(node: Node) -> None:
        real = node.journal.streams.find

        async def known(stream: str) -> change.Known:
            return replace(await real(stream), at=None)

        node.clock.now = node.ground.wall  # type: ignore[method-assign]
        node.journal.streams.find = known  # type: ignore[method-assign]

    yield build


@contextmanager
def lose_the_tail() -> Iterator[Build]:
    """At each start the last entry of some incident that is over is not there."""

    def build(node: Node) -> None:
        store = node.ground.store
        over = [card.id for card in store._cards.values() if card.status not in OPEN]
        for name in over[-3:]:
            store.streams[name].pop()

    yield build


@contextmanager
def answer_people_before_commit() -> Iterator[Build]:
    """What people ask is answered before it is written; a second later it is."""

    def build(node: Node) -> None:
        real = node.disk.write

        async def write(write: Write) -> None:
            if node.boundary != "command":
                await real(write)
                return

            async def later() -> None:
                await asyncio.sleep(1)
                node.boundary = "command"
                await real(write)

            LATER.append(asyncio.ensure_future(later()))

        node.disk.write = write  # type: ignore[method-assign]

    yield build


@contextmanager
def run_though_frozen() -> Iterator[Build]:
    """A freeze is shown and not heeded."""

    def build(node: Node) -> None:
        real = node.shelf.book

        async def book(incident: Incident) -> Any:
            return replace(await real(incident), frozen=False)

        node.shelf.book = book  # type: ignore[method-assign]

    yield build


@contextmanager
def name_evidence_first() -> Iterator[Build]:
    """Every tenth piece of evidence is named and not kept."""
    every = Every(10)
    real = MemoryBlobs.put

    async def put(blobs: MemoryBlobs, content: bytes) -> str:
        digest = await real(blobs, content)
        if content.startswith(b"What ") and every():
            del blobs.kept[digest]
        return digest

    with patch.object(MemoryBlobs, "put", put):
        yield leave


@contextmanager
def change_twice() -> Iterator[Build]:
    """A changing step that was interrupted is begun again."""

    def build(node: Node) -> None:
        dispatch = node.engine.dispatch
        real = dispatch._start

        async def start(errand: Errand, intent: e.StepRequested) -> bool:
            await real(errand, intent)
            return True

        dispatch._start = start  # type: ignore[method-assign]

    yield build


@contextmanager
def change_before_its_start() -> Iterator[Build]:
    """A changing step runs without its start being written."""

    def build(node: Node) -> None:
        async def start(errand: Errand, intent: e.StepRequested) -> bool:
            return True

        node.engine.dispatch._start = start  # type: ignore[method-assign]

    yield build


@contextmanager
def change_unasked() -> Iterator[Build]:
    """What failed is asked for once more, without anybody."""
    planners = drafts.PLANNERS

    def plan(incident: Incident, book: Any, rota: Any, now: datetime) -> Plan:
        found = planners[1](incident, book, rota, now)
        changed = [each for each in found.events if isinstance(each, e.StepRequested) and each.changes]
        return Plan((*found.events, *changed), found.wake)

    with patch.object(drafts, "PLANNERS", (planners[0], plan, *planners[2:])):
        yield leave


@contextmanager
def keep_what_is_done() -> Iterator[Build]:
    """Errands stay in the queue when their outcome is written."""
    with change_appends(lambda append: replace(append, closes=()))() as build:
        yield build


@contextmanager
def mark_no_repeat() -> Iterator[Build]:
    """Nobody remembers that an errand was handed out before."""
    with change_claim(lambda errands: [replace(each, attempts=0) for each in errands])() as build:
        yield build


@contextmanager
def hold_back() -> Iterator[Build]:
    """What goes out goes out two minutes late."""

    def build(node: Node) -> None:
        late(node)
        node.journal.outgoing = change.NoOutgoing()

    with change_claim(lambda errands: errands, later=120)() as late:
        yield build


@contextmanager
def listen_to_nobody() -> Iterator[Build]:
    """That a source keeps no promise is seen, and told nobody."""

    async def note(at: Listening, rows: Any) -> int:
        return 0

    with patch.object(Listening, "_note_all", note):
        yield leave


@contextmanager
def tell_again() -> Iterator[Build]:
    """What was noted of a source before a restart is noted once more after it."""

    def find(incident: Incident, rows: Sequence[AlertRow]) -> Iterator[e.Event]:
        for row in rows if incident.is_open else ():
            alert = incident.alerts.get(row.fingerprint)
            if alert is not None and alert.cleared_at is None:
                yield e.AlertWentSilent(fingerprint=row.fingerprint, name=row.name, until=row.ends_at)

    with patch.object(listening, "_find_silent", find):
        yield leave


@contextmanager
def hear_no_repeats() -> Iterator[Build]:
    """A later promise is not noted."""
    with patch.object(Watched, "touch", lambda memory, held, starts_at, ends_at, now: None):
        yield leave
