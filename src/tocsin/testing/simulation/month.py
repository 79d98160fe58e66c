"""One simulated month: a server that dies and comes back, sources, people, faults; then calm, and the record of it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tocsin.incident.commands import Resolve
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.disk import Died
from tocsin.testing.simulation.faults import Mischief
from tocsin.testing.simulation.hushers import HUSH_EVERY_S, Hushers
from tocsin.testing.simulation.jobs import Jobs
from tocsin.testing.simulation.loop import run_virtually
from tocsin.testing.simulation.node import Ground, Node
from tocsin.testing.simulation.people import People
from tocsin.testing.simulation.record import Kept, Record, Rest
from tocsin.testing.simulation.senders import Senders
from tocsin.testing.simulation.teams import Cast, find_changes

DAY = 86400.0
INCIDENTS_A_DAY = 8.0
ARM_EVERY_S = 0.28 * DAY
TURN_CLOCK_EVERY_S = 4 * DAY
EXPORT_EVERY_S = 3 * DAY
FREEZE_EVERY_S = 2 * DAY
CALM_S = 8 * 3600.0
LAST_HAND_S = 1800.0
HANG_EVERY_S = 0.7 * DAY

Build = Callable[[Node], None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much goes wrong: which faults are armed (none: all there are), how often, and how much breaks in a day.

    Several `nodes` share a store and go by its clock; they hang now and then, and nobody turns a clock.
    """

    armed: tuple[tuple[str, str], ...] = ()
    arm_every_s: float = ARM_EVERY_S
    turn_clock_every_s: float = TURN_CLOCK_EVERY_S
    incidents_a_day: float = INCIDENTS_A_DAY
    export_every_s: float = EXPORT_EVERY_S
    hush_every_s: float = HUSH_EVERY_S
    nodes: int = 1
    hang_every_s: float = HANG_EVERY_S


class Month:
    """Everything that runs in one month."""

    def __init__(self, seed: int, days: float, cast: Cast, build: Build | None, plan: Plan) -> None:
        key = hashlib.sha256(f"chain {seed}".encode()).digest()
        self.record = Record(seed=seed, start=choose_start(seed), days=days, key=key, nodes=plan.nodes)
        self.plan = plan
        self.mischief = Mischief(seed, plan.armed, shared=plan.nodes > 1)
        self.dice = Dice(seed, "month")
        self.ground = Ground(cast, self.record, self.mischief)
        self.build = build
        self.nodes: dict[str, Node] = {}
        self.balance = Dice(seed, "balance")
        self.tasks: dict[asyncio.Task[None], None] = {}
        self.broken: list[BaseException] = []
        self.hushers = Hushers(self.ground, self.find_node, self.spawn)
        self.people = People(self.ground, self.find_node, self.spawn, self.hushers.quieten)
        self.senders = Senders(self.ground, self.find_node, self.spawn)
        self.jobs = Jobs(self.ground, self.find_node, self.spawn)
        self.ground.hear = self.people.hear

    def find_node(self) -> Node | None:
        """The server that answers now, or whichever of them is asked: nobody sees that one hangs."""
        alive = [node for node in self.nodes.values() if not node.dead]
        return self.balance.pick(alive) if len(alive) > 1 else alive[0] if alive else None

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something happen beside everything else."""
        task = asyncio.ensure_future(work)
        self.tasks[task] = None
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self.tasks[task]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.broken.append(error)

    async def live(self) -> Record:
        """Thirty days of trouble, then calm."""
        end = self.record.days * DAY
        names = [f"node-{n}" for n in range(1, self.plan.nodes + 1)] if self.plan.nodes > 1 else [""]
        for name in names:
            self.spawn(self._keep_running(name))
        self.spawn(self._break_things(end))
        self.spawn(self._turn_clocks(end) if len(names) == 1 else self._hang_nodes(end))
        self.spawn(self._export(end))
        self.spawn(self._freeze(end))
        self.spawn(self.senders.run(end, DAY / self.plan.incidents_a_day))
        self.spawn(self.hushers.run(end, self.plan.hush_every_s))
        self.jobs.run()
        await asyncio.sleep(end)
        self.mischief.end()
        self.record.calm_from = end
        await asyncio.sleep(CALM_S)
        await self._resolve_all()
        await asyncio.sleep(LAST_HAND_S)
        if self.broken:
            raise self.broken[0]  # the world itself is not simulated as it should be
        self._write_down()
        return self.record

    # ── the supervisor ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _keep_running(self, name: str) -> None:
        """Start a server again whenever it has died, after a while."""
        while True:
            await self._run_once(name)
            down = self.dice.wait(60.0, 1800.0) if self.dice.chance(0.8) else self.dice.wait(1800.0, 3 * 3600.0)
            if self.mischief.over:
                down = 5.0
            elif not name and self.dice.chance(0.2):
                self.mischief.note("clock step", "down")
                self._step_clock()
            await asyncio.sleep(down)

    async def _run_once(self, name: str) -> None:
        node = Node(self.ground, name, build=self.build)
        try:
            await asyncio.create_task(node.start(), context=node.context)
        except (OSError, Died):
            node.die()
            return
        self.nodes[name] = node
        await node.died
        del self.nodes[name]

    async def _hang_nodes(self, end: float) -> None:
        while True:
            await asyncio.sleep(self.dice.wait(self.plan.hang_every_s))
            if self.ground.time() >= end:
                return
            node = self.find_node()
            if node is not None:
                node.hang()

    async def _break_things(self, end: float) -> None:
        while self.ground.time() < end:
            self.mischief.arm_next()
            await asyncio.sleep(self.dice.wait(self.plan.arm_every_s))

    async def _turn_clocks(self, end: float) -> None:
        while True:
            await asyncio.sleep(self.dice.wait(self.plan.turn_clock_every_s))
            if self.ground.time() >= end:
                return
            before, node = self.ground.offset, self.find_node()
            if node is not None:
                node.clock.now()  # as at every tick
            self._step_clock()
            if node is not None:
                self.mischief.note("clock forward" if self.ground.offset > before else "clock back", "running")
                node.note_clock()
                node.clock.now()
                node.engine.look_again()

    def _step_clock(self) -> None:
        """NTP, or somebody, turns the machine's clock: a second, or hours, or back to the truth."""
        turns = (0.0, 1.5, -1.5, 90.0, -90.0, 3600.0, -3600.0)
        self.ground.offset = self.dice.pick(turns)

    async def _export(self, end: float) -> None:
        while True:
            await asyncio.sleep(self.dice.wait(self.plan.export_every_s))
            if self.ground.time() >= end:
                return
            ends = {name: (len(entries), entries[-1].mac) for name, entries in self.ground.store.streams.items()}
            self.record.exports.append(Kept(self.ground.time(), ends))

    async def _freeze(self, end: float) -> None:
        while True:
            await asyncio.sleep(self.dice.wait(FREEZE_EVERY_S))
            if self.ground.time() >= end:
                return
            team = self.dice.pick(list(self.ground.cast.settings.teams))
            self.spawn(self.people.freeze(team, self.dice.between(1, 8)))

    # ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _resolve_all(self) -> None:
        cards = await self.ground.store.cards(open_only=True)
        for card in cards:
            team = card.team if card.team in self.ground.cast.settings.teams else "local"
            who = "local-admin" if team == "local" else f"{team}-d"
            await self.people.ask(card.id, Resolve(by=who), "resolve")

    def _write_down(self) -> None:
        store, nodes = self.ground.store, list(self.nodes.values())
        due = store.find_next_due()
        self.record.rest = Rest(
            errands=len(store.errands),
            overdue=int(due is not None and due < nodes[0].clock.now() - timedelta(seconds=1)),
            tasks=sum(len(node.engine.dispatch._tasks) for node in nodes),
            locks=sum(len(node.journal._locks) for node in nodes),
            waiting=sum(node.engine.intake._backlog.count + len(node.engine.intake._joins) for node in nodes),
        )
        self.record.timeline = dict(store.streams)
        self.record.blobs = {name: hashlib.sha256(held).hexdigest() for name, held in self.ground.blobs.items()}
        self.record.ended_at = self.ground.time()
        self.record.coverage = dict(sorted(self.mischief.struck.items()))


def choose_start(seed: int) -> datetime:
    """Most months hold a change of summer time in some rota's zone."""
    dice = Dice(seed, "calendar")
    changes = find_changes(2024 + int(3 * dice.roll()))
    if dice.chance(0.8):
        return dice.pick(changes) - timedelta(days=int(dice.between(1, 25)), seconds=int(dice.between(0, 86400)))
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=int(dice.between(0, 365)))


def run_month(seed: int, days: float, cast: Cast, *, build: Build | None = None, plan: Plan | None = None) -> Record:
    """Simulate. `build` may change each server after it was put together: so a bug is planted."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return run_virtually(_live(seed, days, cast, build, plan or Plan()))
    finally:
        logging.disable(before)


async def _live(seed: int, days: float, cast: Cast, build: Build | None, plan: Plan) -> Record:
    return await Month(seed, days, cast, build, plan).live()
