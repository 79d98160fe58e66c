"""People who are called: they acknowledge, take their time, look away, press twice, work on it, resolve, go quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tocsin.errors import TocsinError
from tocsin.incident.book import number_steps
from tocsin.incident.commands import (
    Acknowledge,
    AddNote,
    Close,
    Command,
    IdentifyCause,
    Mitigate,
    Reopen,
    Resolve,
    SetSeverity,
    TakeRole,
    WaiveObligation,
)
from tocsin.incident.escalating import Escalate
from tocsin.incident.state import Incident
from tocsin.run.commands import ApproveStep, find_task
from tocsin.run.doubt import SettleDoubt
from tocsin.run.program import Task
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.node import Gone, Ground, Node
from tocsin.testing.simulation.record import Arrived, Asked
from tocsin.timeline.events import FreezeSet
from tocsin.timeline.events.kinds import _tag as spell_kind
from tocsin.words import Effect, StepState

TRY_AGAIN_S, LONGEST_TRY_S = 3.0, 60.0
MOST_TRIES = 400
TWICE = 0.15

Find = Callable[[], Node | None]
Spawn = Callable[[Coroutine[Any, Any, None]], None]
Hush = Callable[[str], Coroutine[Any, Any, None]]
"""What those do who would rather not be paged for an incident for a while."""
Request = Callable[[Node], Awaitable[object]]
Choose = Callable[[Incident], Command | None]


class People:
    """Everybody who can be called."""

    def __init__(self, ground: Ground, node: Find, spawn: Spawn, hush: Hush) -> None:
        self._ground, self._node, self._spawn, self._hush = ground, node, spawn, hush
        self._dice = Dice(ground.record.seed, "people")
        self._busy: set[tuple[str, str]] = set()
        self._deaf_until: dict[tuple[str, str], float] = {}
        self._at_it: set[str] = set()
        self._frozen: set[str] = set()

    def hear(self, page: Arrived) -> None:
        """A page has reached somebody."""
        self._ground.record.arrived.append(page)
        who = (page.stream, page.responder)
        if page.copy or who in self._busy or self._deaf_until.get(who, 0.0) > page.at:
            return
        roll = self._dice.roll()
        if roll < 0.2:
            return
        if roll < 0.3:
            self._deaf_until[who] = page.at + self._dice.wait(3600.0)
            return
        if roll < 0.46:
            self._spawn(self._hush(page.stream))
            return
        self._busy.add(who)
        self._spawn(self._take(page.stream, page.responder))

    async def _take(self, stream: str, who: str) -> None:
        """Acknowledge after a while; then work on it, if nobody else does, or go quiet."""
        await asyncio.sleep(self._dice.wait(110.0, 3600.0))
        taken = await self.ask(stream, Acknowledge(by=who, via="link"), "acknowledge")
        if taken and stream not in self._at_it:
            self._at_it.add(stream)
            if self._dice.chance(0.12):
                await asyncio.sleep(self._dice.wait(8 * 3600.0, 86400.0))
                await self.ask(stream, Resolve(by=who), "resolve")
            else:
                await self._work(stream, who)
            self._at_it.discard(stream)
        self._busy.discard((stream, who))

    async def _work(self, stream: str, who: str) -> None:
        if self._dice.chance(0.3):
            await self.ask(stream, TakeRole(by=who, role="Incident Commander", responder=who), "role")
        for _ in range(int(4 * self._dice.roll())):
            await asyncio.sleep(self._dice.wait(240.0))
            await self._approve(stream, who)
        for choose in (self._judge, self._call_in, self._note, self._explain):
            await self._try(stream, choose(who), 300.0)
        await self._try(stream, lambda incident: Mitigate(by=who) if self._dice.chance(0.4) else None, 600.0)
        await self._settle(stream, who)
        await asyncio.sleep(self._dice.wait(1200.0))
        await self.ask(stream, Resolve(by=who), "resolve")
        if self._dice.chance(0.1):
            await asyncio.sleep(self._dice.wait(900.0))
            await self.ask(stream, Reopen(by=who, reason="not over"), "reopen")
        elif self._dice.chance(0.5):
            await self.close(stream, who)

    async def _try(self, stream: str, choose: Choose, mean_s: float) -> None:
        incident = await self._look(stream)
        command = choose(incident) if incident is not None else None
        if command is not None:
            await asyncio.sleep(self._dice.wait(mean_s))
            await self.ask(stream, command, spell_kind(type(command).__name__))

    def _judge(self, who: str) -> Choose:
        def choose(incident: Incident) -> Command | None:
            team = self._ground.cast.settings.teams.get(incident.team)
            if team is None or not self._dice.chance(0.15):
                return None
            return SetSeverity(by=who, severity=self._dice.pick(team.playbook.severities).id)

        return choose

    def _call_in(self, who: str) -> Choose:
        def choose(incident: Incident) -> Command | None:
            team = self._ground.cast.settings.teams.get(incident.team)
            if team is None or not team.playbook.escalation or not self._dice.chance(0.15):
                return None
            return Escalate(by=who, line=self._dice.pick(team.playbook.escalation).line)

        return choose

    def _note(self, who: str) -> Choose:
        return lambda incident: AddNote(by=who, text=f"{self._dice.roll():.6f}") if self._dice.chance(0.3) else None

    def _explain(self, who: str) -> Choose:
        return lambda incident: IdentifyCause(by=who, text="found") if self._dice.chance(0.2) else None

    # ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _approve(self, stream: str, who: str) -> None:
        """Let a changing step run that can; sometimes twice at once."""
        node = self._node()
        if node is None:
            return
        try:
            tasks = await node.answer(self._find_changes(node, stream))
        except (Gone, TocsinError):
            return
        if tasks:
            task = self._dice.pick(tasks)
            roles = tuple(self._ground.cast.settings.teams[stream.rpartition("-")[0]].staffing.roles)
            command = ApproveStep(by=who, step=task.id, digest=task.digest, bindings=task.bound.values, roles=roles)
            await self.ask(stream, command, "approve", about=task.id)

    async def _find_changes(self, node: Node, stream: str) -> list[Task]:
        incident = await node.journal.incident(stream)
        if incident is None:
            return []
        book = await node.shelf.book(incident)
        scenario = book.scenario(incident)
        if scenario is None or book.policy.target is None:
            return []
        steps = [(name, step.statement) for name, step in number_steps(scenario) if step.statement is not None]
        names = [name for name, statement in steps if statement.effect.rank > Effect.READ_SENSITIVE.rank]
        tasks = [find_task(incident, book, name, {}) for name in self._dice.shuffle(names)[:2]]
        return [each for each in tasks if not each.bound.missing]

    async def _settle(self, stream: str, who: str) -> None:
        incident = await self._look(stream)
        for record in incident.steps.values() if incident else ():
            if record.state is StepState.IN_DOUBT:
                happened = self._dice.chance(0.5)
                await self.ask(stream, SettleDoubt(by=who, step=record.step, happened=happened), "settle", record.step)

    async def close(self, stream: str, who: str) -> None:
        """Set aside what is still owed, and close."""
        incident = await self._look(stream)
        for key, duty in incident.obligations.items() if incident else ():
            if duty.is_open:
                await self.ask(stream, WaiveObligation(by=who, key=key, reason="enough"), "waive", key)
        await self.ask(stream, Close(by=who), "close")

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, stream: str) -> Incident | None:
        node = self._node()
        try:
            return await node.answer(node.journal.incident(stream)) if node is not None else None
        except (Gone, TocsinError):
            return None

    async def ask(self, stream: str, command: Command, verb: str, about: str = "") -> bool:
        """Ask until there is an answer, sometimes twice at once; whether it was granted."""
        if (
            verb in ("acknowledge", "approve", "resolve")
            and not self._ground.mischief.over
            and self._dice.chance(TWICE)
        ):
            self._ground.mischief.note("double click", verb)
            self._spawn(self._press(stream, command, verb, about))
        return await self._ask(stream, command, verb, about)

    async def _press(self, stream: str, command: Command, verb: str, about: str) -> None:
        await self._ask(stream, command, verb, about)

    async def _ask(self, stream: str, command: Command, verb: str, about: str) -> bool:
        return await self._insist(lambda node: node.engine.submit(stream, command), command.by, stream, verb, about)

    async def freeze(self, team: str, hours: float) -> None:
        """Let nothing run by itself for a team, for so long."""
        if team in self._frozen:
            return
        self._frozen.add(team)
        for on in (True, False):
            event = FreezeSet(on=on, by=f"{team}-d")
            await self._insist(
                lambda node, event=event: node.journal.change_team(team, event),  # type: ignore[misc]
                event.by,
                f"team/{team}",
                "freeze" if on else "thaw",
                "",
            )
            await asyncio.sleep(hours * 3600)
        self._frozen.discard(team)

    async def _insist(self, request: Request, by: str, stream: str, verb: str, about: str) -> bool:
        """Ask until there is an answer; whether it was granted."""
        wait, at = TRY_AGAIN_S, self._ground.time()
        for _ in range(MOST_TRIES):
            node = self._node()
            try:
                if node is None:
                    raise Gone
                await node.answer(request(node))
            except Gone:
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_TRY_S)
                continue
            except TocsinError:
                return False
            self._ground.record.asked.append(Asked(at, self._ground.time(), by, stream, verb, about))
            return True
        return False
