"""Planted bugs of alerts, pages and timers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from tocsin.alert.group import see
from tocsin.alert.signal import Signal
from tocsin.engine import batch
from tocsin.engine import draft as drafts
from tocsin.engine.batch import _Deciding, find_mark
from tocsin.engine.change import Decide
from tocsin.engine.contracts import Errand, Key
from tocsin.engine.decide import decide
from tocsin.engine.dispatch import Dispatch
from tocsin.engine.index import TeamIndex
from tocsin.engine.journal import Journal
from tocsin.engine.lane import Backlog, Item, Receipt
from tocsin.incident import evolve
from tocsin.incident.commands import Command
from tocsin.incident.firing import RefireAlert
from tocsin.incident.plan import Plan
from tocsin.incident.rules import status
from tocsin.incident.state import Incident
from tocsin.page import plan as page
from tocsin.testing.simulation.disk import Disk
from tocsin.testing.simulation.network import Channel
from tocsin.testing.simulation.node import Node
from tocsin.testing.simulation.turning import Waiting
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

from .planting import LATER, Build, Every, change_appends, leave

# ── alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def answer_before_commit() -> Iterator[Build]:
    """An alert is answered with 2xx, and taken in ten seconds later."""

    def build(node: Node) -> None:
        intake = node.engine.intake
        real = intake._begin

        def begin(team: str | None, signals: Sequence[Signal], forms: Any) -> Receipt:
            async def later() -> None:
                await asyncio.sleep(10)
                await intake.settle(real(team, signals, forms))

            LATER.append(asyncio.ensure_future(later()))
            return Receipt(0, Backlog())

        intake._begin = begin  # type: ignore[method-assign]

    yield build


@contextmanager
def ignore_what_comes_back() -> Iterator[Build]:
    """An alert that fires again is only noted in its row."""
    real = _Deciding._tell

    def tell(deciding: _Deciding, stream: str, command: Command) -> None:
        if not isinstance(command, RefireAlert):
            real(deciding, stream, command)

    with patch.object(_Deciding, "_tell", tell):
        yield leave


@contextmanager
def believe_the_silent() -> Iterator[Build]:
    """An alert that fires anew after its source had gone silent is a repeat, whatever became of its incident."""

    async def is_back(deciding: _Deciding, item: Item, held: Any) -> bool:
        return False

    with patch.object(_Deciding, "_is_back", is_back):
        yield leave


@contextmanager
def forget_what_joins() -> Iterator[Build]:
    """What has joined in a flood is not put on timelines."""
    with patch.object(Waiting, "add", lambda joins, deferred, now: None):
        yield leave


@contextmanager
def join_what_is_over() -> Iterator[Build]:
    """An alert joins its team's last incident, over or not."""
    every, real = Every(3), _Deciding._fire

    async def fire(deciding: _Deciding, item: Item, held: Any) -> None:
        last = f"{deciding.team}-{await deciding.journal.counts.find(f'incident/{deciding.team}')}"
        if deciding.index.find(find_mark(item.to, item.row)) is None and not last.endswith("-0") and every():
            deciding.batch.write(replace(item.row, incident=last), item)
            deciding._join(last, see(item.row))
        else:
            await real(deciding, item, held)

    def tell(journal: Journal, command: Command) -> Decide:
        return lambda incident, book: decide(incident, book, command, journal.clock.now()) if incident else ()

    with patch.object(_Deciding, "_fire", fire), patch.object(batch, "tell_open", tell):
        yield leave


@contextmanager
def page_nobody_at_night() -> Iterator[Build]:
    """Between midnight and six no page is asked for."""

    def plan(incident: Incident, book: Any, rota: Any, now: datetime) -> Plan:
        found = page.plan(incident, book, rota, now)
        kept = tuple(each for each in found.events if now.hour >= 6 or not isinstance(each, e.PageRequested))
        return Plan(kept, found.wake)

    with patch.object(drafts, "PLANNERS", (plan, *drafts.PLANNERS[1:])):
        yield leave


@contextmanager
def open_one_for_each() -> Iterator[Build]:
    """No alert joins an open incident."""
    with patch.object(TeamIndex, "find", lambda index, mark: None):
        yield leave


@contextmanager
def skip_a_number() -> Iterator[Build]:
    """Now and then a number of an incident is used for nothing."""
    every = Every(9)

    def build(node: Node) -> None:
        real = node.journal.counts.find

        async def count(counter: str) -> int:
            found = await real(counter)
            if not counter.startswith("incident/") or not every():
                return found
            node.ground.store.counters[counter] = found + 1
            node.journal.counts.known[counter] = found + 1
            return found + 1

        node.journal.counts.find = count  # type: ignore[method-assign]

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
        yield leave


@contextmanager
def lose_after_claim() -> Iterator[Build]:
    """Every thirtieth errand that is handed out falls under the table."""
    every, real = Every(30), Dispatch._go

    def go(dispatch: Dispatch, errand: Errand, intent: e.Intent | None) -> None:
        if not every():
            real(dispatch, errand, intent)

    with patch.object(Dispatch, "_go", go):
        yield leave


@contextmanager
def say_delivered() -> Iterator[Build]:
    """Every twentieth page is said to be delivered, and is not sent."""
    every = Every(20)
    real = Channel.send

    async def send(channel: Channel, key: Key, person: Any, message: Any) -> str:
        return "HTTP 200" if every() else await real(channel, key, person, message)

    with patch.object(Channel, "send", send):
        yield leave


@contextmanager
def send_what_nobody_decided() -> Iterator[Build]:
    """Every twentieth page goes out under the number of the entry before it."""
    every = Every(20)
    real = Channel.send

    async def send(channel: Channel, key: Key, person: Any, message: Any) -> str:
        wrong = replace(key, seq=key.seq + 500) if every() else key
        return await real(channel, wrong, person, message)

    with patch.object(Channel, "send", send):
        yield leave


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
        yield leave


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
        yield leave


@contextmanager
def wake_early() -> Iterator[Build]:
    """The ladder's clock runs fast."""

    def plan(incident: Incident, book: Any, rota: Any, now: datetime) -> Plan:
        return page.plan(incident, book, rota, now + timedelta(seconds=20))

    with patch.object(drafts, "PLANNERS", (plan, *drafts.PLANNERS[1:])):
        yield leave


@contextmanager
def drop_a_wake() -> Iterator[Build]:
    """Every fifteenth change forgets when to look again."""
    every = Every(15)
    with change_appends(lambda append: replace(append, wake=None) if every() else append)() as build:
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
        yield leave


@contextmanager
def forget_who_joined() -> Iterator[Build]:
    """A repeat begins the ladder anew."""

    def requested(incident: Incident, entry: Entry, event: e.PageRequested) -> Incident:
        after = real(incident, entry, event)
        return replace(after, joined={}) if event.round == 3 else after

    real = evolve.RULES[e.PageRequested]
    with patch.dict(evolve.RULES, {e.PageRequested: requested}):
        yield leave
