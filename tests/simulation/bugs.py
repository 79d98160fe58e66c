"""Bugs of an engine, planted: each shows that a law can be broken, and is seen.

One for each law; those of the boundaries stand in `amnesia.py`. A bug changes each life of the server as it is put
together (`build`), and for as long as it is planted what all lives share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from tocsin.alert.group import see
from tocsin.alert.row import AlertRow
from tocsin.alert.signal import Signal
from tocsin.engine import batch, change, journal, listening
from tocsin.engine import draft as drafts
from tocsin.engine.batch import _Deciding, find_mark
from tocsin.engine.change import Decide
from tocsin.engine.contracts import Append, Errand, Key, Write
from tocsin.engine.decide import decide
from tocsin.engine.dispatch import Dispatch
from tocsin.engine.index import TeamIndex
from tocsin.engine.journal import Journal
from tocsin.engine.lane import Item
from tocsin.engine.listening import Listening
from tocsin.incident import evolve
from tocsin.incident.commands import Command, RefireAlert
from tocsin.incident.plan import Plan
from tocsin.incident.rules import status
from tocsin.incident.state import OPEN, Incident
from tocsin.page import plan as page
from tocsin.testing.memory import MemoryBlobs
from tocsin.testing.simulation.disk import Disk
from tocsin.testing.simulation.network import Channel
from tocsin.testing.simulation.node import Node
from tocsin.testing.simulation.turning import Waiting, Watched
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry, Sealed

Build = Callable[[Node], None]
Planted = Callable[[], Any]


LATER: list[asyncio.Future[None]] = []
"""What is put off until it is too late."""


class Every:
    """True at every `n`-th time of asking."""

    def __init__(self, n: int) -> None:
        self._n, self._count = n, 0

    def __call__(self) -> bool:
        self._count += 1
        return self._count % self._n == 0


def _leave(node: Node) -> None: ...


def _change_write(change: Callable[[Write, Node], Write]) -> Planted:
    """A bug that writes something else than was decided."""

    @contextmanager
    def planted() -> Iterator[Build]:
        def build(node: Node) -> None:
            real = node.disk.write

            async def write(write: Write) -> None:
                await real(change(write, node))

            node.disk.write = write  # type: ignore[method-assign]

        yield build

    return planted


def _change_appends(change: Callable[[Append], Append]) -> Planted:
    return _change_write(lambda write, node: replace(write, appends=tuple(change(each) for each in write.appends)))


def _change_claim(change: Callable[[list[Errand]], list[Errand]], later: float = 0.0) -> Planted:
    """A bug that hands out something else, or later."""

    @contextmanager
    def planted() -> Iterator[Build]:
        def build(node: Node) -> None:
            real = node.disk.claim

            async def claim(
                now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]
            ) -> list[Errand]:
                return change(await real(now - timedelta(seconds=later), limit, places, full))

            node.disk.claim = claim  # type: ignore[method-assign]

        yield build

    return planted


# ── alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def answer_before_commit() -> Iterator[Build]:
    """An alert is answered with 2xx, and taken in ten seconds later."""

    def build(node: Node) -> None:
        real = node.engine.intake.receive

        async def receive(team: str | None, signals: Sequence[Signal], forms: Any = None) -> None:
            async def later() -> None:
                await asyncio.sleep(10)
                await real(team, signals, forms)

            LATER.append(asyncio.ensure_future(later()))

        node.engine.intake.receive = receive  # type: ignore[method-assign,assignment]

    yield build


@contextmanager
def ignore_what_comes_back() -> Iterator[Build]:
    """An alert that fires again is only noted in its row."""
    real = _Deciding._tell

    def tell(deciding: _Deciding, stream: str, command: Command) -> None:
        if not isinstance(command, RefireAlert):
            real(deciding, stream, command)

    with patch.object(_Deciding, "_tell", tell):
        yield _leave


@contextmanager
def believe_the_silent() -> Iterator[Build]:
    """An alert that fires anew after its source had gone silent is a repeat, whatever became of its incident."""

    async def is_back(deciding: _Deciding, item: Item, held: Any) -> bool:
        return False

    with patch.object(_Deciding, "_is_back", is_back):
        yield _leave


@contextmanager
def forget_what_joins() -> Iterator[Build]:
    """What has joined in a flood is not put on timelines."""
    with patch.object(Waiting, "add", lambda joins, deferred, now: None):
        yield _leave


@contextmanager
def join_what_is_over() -> Iterator[Build]:
    """An alert joins its team's last incident, over or not."""
    every, real = Every(3), _Deciding._fire

    async def fire(deciding: _Deciding, item: Item, held: Any) -> None:
        last = f"{deciding.team}-{await deciding.journal.count(f'incident/{deciding.team}')}"
        if deciding.index.find(find_mark(item.to, item.row)) is None and not last.endswith("-0") and every():
            deciding.batch.write(replace(item.row, incident=last), item)
            deciding._join(last, see(item.row))
        else:
            await real(deciding, item, held)

    def tell(journal: Journal, command: Command) -> Decide:
        return lambda incident, book: decide(incident, book, command, journal.clock.now()) if incident else ()

    with patch.object(_Deciding, "_fire", fire), patch.object(batch, "tell_open", tell):
        yield _leave


@contextmanager
def page_nobody_at_night() -> Iterator[Build]:
    """Between midnight and six no page is asked for."""

    def plan(incident: Incident, book: Any, rota: Any, now: datetime) -> Plan:
        found = page.plan(incident, book, rota, now)
        kept = tuple(each for each in found.events if now.hour >= 6 or not isinstance(each, e.PageRequested))
        return Plan(kept, found.wake)

    with patch.object(drafts, "PLANNERS", (plan, *drafts.PLANNERS[1:])):
        yield _leave


@contextmanager
def open_one_for_each() -> Iterator[Build]:
    """No alert joins an open incident."""
    with patch.object(TeamIndex, "find", lambda index, mark: None):
        yield _leave


@contextmanager
def skip_a_number() -> Iterator[Build]:
    """Now and then a number of an incident is used for nothing."""
    every = Every(9)

    def build(node: Node) -> None:
        real = node.journal.count

        async def count(counter: str) -> int:
            found = await real(counter)
            if not counter.startswith("incident/") or not every():
                return found
            node.ground.store.counters[counter] = found + 1
            node.journal._counts[counter] = found + 1
            return found + 1

        node.journal.count = count  # type: ignore[method-assign]

    yield build


# ── pages ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def decide_twice() -> Iterator[Build]:
    """Every tenth page is decided twice in one plan."""
    every = Every(10)

    def plan(incident: Incident, book: Any, rota: Any, now: datetime) -> Plan:
        found = page.plan(incident, book, rota, now)
        pages = tuple(each for each in found.events if isinstance(each, e.PageRequested))
        return Plan((*found.events, *pages), found.wake) if pages and every() else found

    with patch.object(drafts, "PLANNERS", (plan, *drafts.PLANNERS[1:])):
        yield _leave


@contextmanager
def lose_after_claim() -> Iterator[Build]:
    """Every thirtieth errand that is handed out falls under the table."""
    every, real = Every(30), Dispatch._go

    def go(dispatch: Dispatch, errand: Errand, intent: e.Intent | None) -> None:
        if not every():
            real(dispatch, errand, intent)

    with patch.object(Dispatch, "_go", go):
        yield _leave


@contextmanager
def say_delivered() -> Iterator[Build]:
    """Every twentieth page is said to be delivered, and is not sent."""
    every = Every(20)
    real = Channel.send

    async def send(channel: Channel, key: Key, person: Any, message: Any) -> str:
        return "HTTP 200" if every() else await real(channel, key, person, message)

    with patch.object(Channel, "send", send):
        yield _leave


@contextmanager
def send_what_nobody_decided() -> Iterator[Build]:
    """Every twentieth page goes out under the number of the entry before it."""
    every = Every(20)
    real = Channel.send

    async def send(channel: Channel, key: Key, person: Any, message: Any) -> str:
        wrong = replace(key, seq=key.seq + 500) if every() else key
        return await real(channel, wrong, person, message)

    with patch.object(Channel, "send", send):
        yield _leave


@contextmanager
def send_before_commit() -> Iterator[Build]:
    """A page may leave before the moment of its decision."""

    def build(node: Node) -> None:
        real = node.clock.now
        node.journal.clock = type("Ahead", (), {"now": lambda self: real() + timedelta(seconds=5)})()

    yield build


@contextmanager
def call_again_after_the_answer() -> Iterator[Build]:
    """An acknowledgement is recorded, and the calls go on."""

    def acknowledged(incident: Incident, entry: Entry, event: e.Acknowledged) -> Incident:
        return replace(status._acknowledged(incident, entry, event), calls=incident.calls)

    with patch.dict(evolve.RULES, {e.Acknowledged: acknowledged}):
        yield _leave


@contextmanager
def go_by_utc() -> Iterator[Build]:
    """Rotas turn by UTC."""

    def build(node: Node) -> None:
        real = node.shelf.rota

        def rota(incident: Incident) -> Any:
            found = real(incident)
            return replace(found, staffing=replace(found.staffing, timezone="UTC"))

        node.shelf.rota = rota  # type: ignore[method-assign]

    yield build


# ── timers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def wake_late() -> Iterator[Build]:
    """Every timer comes two seconds late."""
    real = Disk.due

    async def due(disk: Disk, now: datetime, limit: int) -> list[str]:
        return await real(disk, now - timedelta(seconds=2), limit)

    with patch.object(Disk, "due", due):
        yield _leave


@contextmanager
def wake_early() -> Iterator[Build]:
    """The ladder's clock runs fast."""

    def plan(incident: Incident, book: Any, rota: Any, now: datetime) -> Plan:
        return page.plan(incident, book, rota, now + timedelta(seconds=20))

    with patch.object(drafts, "PLANNERS", (plan, *drafts.PLANNERS[1:])):
        yield _leave


@contextmanager
def drop_a_wake() -> Iterator[Build]:
    """Every fifteenth change forgets when to look again."""
    every = Every(15)
    with _change_appends(lambda append: replace(append, wake=None) if every() else append)() as build:
        yield build


@contextmanager
def forget_the_top() -> Iterator[Build]:
    """The ladder ends one rung too low."""

    def build(node: Node) -> None:
        real = node.shelf.rota

        def rota(incident: Incident) -> Any:
            found = real(incident)
            return replace(found, staffing=replace(found.staffing, levels=found.staffing.levels[:-1]))

        node.shelf.rota = rota  # type: ignore[method-assign]

    yield build


@contextmanager
def climb_after_the_answer() -> Iterator[Build]:
    """An acknowledgement ends the calls, but not the ladder."""

    def acknowledged(incident: Incident, entry: Entry, event: e.Acknowledged) -> Incident:
        return replace(status._acknowledged(incident, entry, event), acknowledged_at=None)

    with patch.dict(evolve.RULES, {e.Acknowledged: acknowledged}):
        yield _leave


@contextmanager
def forget_who_joined() -> Iterator[Build]:
    """A repeat begins the ladder anew."""

    def requested(incident: Incident, entry: Entry, event: e.PageRequested) -> Incident:
        after = real(incident, entry, event)
        return replace(after, joined={}) if event.round == 3 else after

    real = evolve.RULES[e.PageRequested]
    with patch.dict(evolve.RULES, {e.PageRequested: requested}):
        yield _leave


# ── what is kept ───────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def break_the_chain() -> Iterator[Build]:
    """Now and then an entry is sealed as if nothing stood before it."""
    every, real = Every(400), change.seal_all

    def seal(key: bytes, entries: Any, before: bytes) -> tuple[Sealed, ...]:
        return real(key, entries, b"\0" * 32 if every() else before)

    with patch.object(journal, "seal_all", seal):
        yield _leave


@contextmanager
def go_back_in_time() -> Iterator[Build]:
    """The server goes by its machine's clock, whatever somebody does to that."""

    def build(node: Node) -> None:
        real = node.journal._known

        async def known(stream: str) -> change.Known:
            return replace(await real(stream), at=None)

        node.clock.now = node.ground.wall  # type: ignore[method-assign]
        node.journal._known = known  # type: ignore[method-assign]

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
        yield _leave


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
        yield _leave


@contextmanager
def keep_what_is_done() -> Iterator[Build]:
    """Errands stay in the queue when their outcome is written."""
    with _change_appends(lambda append: replace(append, closes=()))() as build:
        yield build


@contextmanager
def mark_no_repeat() -> Iterator[Build]:
    """Nobody remembers that an errand was handed out before."""
    with _change_claim(lambda errands: [replace(each, attempts=0) for each in errands])() as build:
        yield build


@contextmanager
def hold_back() -> Iterator[Build]:
    """What goes out goes out two minutes late."""

    def build(node: Node) -> None:
        late(node)
        node.journal.outgoing = change.NoOutgoing()

    with _change_claim(lambda errands: errands, later=120)() as late:
        yield build


@contextmanager
def listen_to_nobody() -> Iterator[Build]:
    """That a source keeps no promise is seen, and told nobody."""

    async def note(at: Listening, stream: str, rows: Any) -> bool:
        return False

    with patch.object(Listening, "_note", note):
        yield _leave


@contextmanager
def tell_again() -> Iterator[Build]:
    """What was noted of a source before a restart is noted once more after it."""

    def find(incident: Incident, rows: Sequence[AlertRow]) -> Iterator[e.Event]:
        for row in rows if incident.is_open else ():
            alert = incident.alerts.get(row.fingerprint)
            if alert is not None and alert.cleared_at is None:
                yield e.AlertWentSilent(fingerprint=row.fingerprint, name=row.name, until=row.ends_at)

    with patch.object(listening, "_find_silent", find):
        yield _leave


@contextmanager
def hear_no_repeats() -> Iterator[Build]:
    """A later promise is not noted."""
    with patch.object(Watched, "touch", lambda memory, held, ends_at, now: None):
        yield _leave


BUGS: dict[str, tuple[Planted, ...]] = {
    "alert lost": (answer_before_commit, ignore_what_comes_back, believe_the_silent, forget_what_joins),
    "silence not noted": (listen_to_nobody,),
    "silence noted twice": (tell_again,),
    "heard and called silent": (hear_no_repeats,),
    "alert on what is over": (join_what_is_over,),
    "nobody paged": (page_nobody_at_night,),
    "storm not folded": (open_one_for_each,),
    "incident missing": (skip_a_number,),
    "page decided twice": (decide_twice,),
    "not carried out once": (lose_after_claim,),
    "delivered to nobody": (say_delivered,),
    "page never decided": (send_what_nobody_decided,),
    "page before its decision": (send_before_commit,),
    "page too late": (hold_back,),
    "repeat not marked": (mark_no_repeat,),
    "paged after acknowledgement": (call_again_after_the_answer,),
    "wrong people": (go_by_utc,),
    "escalated late": (wake_late, drop_a_wake),
    "escalated early": (wake_early,),
    "not escalated": (forget_the_top,),
    "escalated after acknowledgement": (climb_after_the_answer,),
    "escalated twice": (forget_who_joined,),
    "duty not noted": (drop_a_wake, wake_late),
    "timeline broken": (break_the_chain,),
    "timeline goes back": (go_back_in_time,),
    "timeline rewritten": (lose_the_tail,),
    "answer not kept": (answer_people_before_commit,),
    "ran while frozen": (run_though_frozen,),
    "evidence lost": (name_evidence_first,),
    "changed twice": (change_twice,),
    "changed before its start": (change_before_its_start,),
    "changed unasked": (change_unasked,),
    "not at rest": (keep_what_is_done,),
}
"""Each law's name, and the bugs that break it."""
