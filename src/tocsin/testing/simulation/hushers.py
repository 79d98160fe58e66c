"""People who see to it that alerts page nobody for a while: silences and maintenance windows, some of them cut short.

They ask until they are told that it is done. What was set and whose answer got lost stays; nobody knows its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tocsin.errors import BadInput, TocsinError
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.node import Gone, Ground, Node
from tocsin.testing.simulation.record import Hushed, Unhushed
from tocsin.timeline.matcher import Matcher
from tocsin.words import Hush

T = TypeVar("T")

HUSH_EVERY_S = 0.55 * 86400.0
TRY_AGAIN_S, LONGEST_TRY_S, MOST_TRIES = 3.0, 60.0, 60
WINDOW, WHOLE, AHEAD = 0.4, 0.5, 0.3
SHORTEST_S, LONGEST_S, LONGEST_WHOLE_S = 300.0, 3 * 3600.0, 5400.0

Find = Callable[[], Node | None]
Spawn = Callable[[Coroutine[Any, Any, None]], None]
Matchers = tuple[tuple[str, str], ...]


class Hushers:
    """All who do so. `find` gives the server that answers just now."""

    def __init__(self, ground: Ground, find: Find, spawn: Spawn) -> None:
        self._ground, self._find, self._spawn = ground, find, spawn
        self._dice = Dice(ground.record.seed, "hushers")

    async def run(self, until: float, mean_s: float) -> None:
        """Hush something every `mean_s`, in the mean, until then."""
        while True:
            await asyncio.sleep(self._dice.wait(mean_s))
            if self._ground.time() >= until:
                return
            self._spawn(self._hush(*await self._choose()))

    async def quieten(self, stream: str) -> None:
        """Somebody who is paged knows what it is, and would rather not be paged for it for a while."""
        await asyncio.sleep(self._dice.wait(60.0))
        node = self._find()
        try:
            incident = await node.answer(node.journal.incident(stream)) if node is not None else None
        except (Gone, TocsinError):
            return
        alerts = [seen.labels for seen in incident.uncleared] if incident is not None else []
        if incident is not None and incident.team in self._ground.cast.settings.teams and alerts:
            names = ("alertname", "host", "heartbeat") if len(alerts) == 1 else ("alertname",)
            await self._hush(incident.team, tuple((name, alerts[0][name]) for name in names if name in alerts[0]))

    async def _hush(self, team: str, matchers: Matchers) -> None:
        window = self._dice.chance(WINDOW)
        if window and self._dice.chance(WHOLE):
            matchers = ()
        begins = self._ground.time() + (self._dice.wait(1800.0) if self._dice.chance(AHEAD) else 0.0)
        ends = begins + self._dice.between(SHORTEST_S, LONGEST_S if matchers else LONGEST_WHOLE_S)
        wanted = Hushed(self._ground.time(), None, team, matchers, begins, ends, window)
        self._ground.mischief.note("maintenance" if window else "silence", "hush")
        silence = await self._put(wanted)
        if not silence:
            return
        roll = self._dice.roll()
        await asyncio.sleep(self._dice.between(0.0, ends - self._ground.time()))
        if roll < 0.25:
            self._ground.mischief.note("ended early", "hush")
            await self._expire(team, silence)
        elif roll < 0.45:
            self._ground.mischief.note("lengthened", "hush")
            await self._lengthen(wanted, silence)

    async def _choose(self) -> tuple[str, Matchers]:
        """What fires somewhere just now, if anything does; else whatever may."""
        trouble = self._dice.pick(self._ground.cast.troubles)
        node = self._find()
        try:
            found = await node.answer(node.journal.open_incidents(trouble.team)) if node is not None else []
        except (Gone, TocsinError):
            found = []
        firing = [seen.labels for incident in found for seen in incident.uncleared]
        if firing and self._dice.chance(0.8):
            labels = self._dice.pick(firing)
            names = [name for name in ("alertname", "host", "heartbeat") if name in labels]
            return trouble.team, tuple((name, labels[name]) for name in names[: 1 + int(2 * self._dice.roll())])
        return trouble.team, (("alertname", trouble.alert), ("host", "host-[0-5]"))[: 1 + int(2 * self._dice.roll())]

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _put(self, wanted: Hushed) -> str:
        """Set it, or lengthen it; its id, empty if nothing came of it."""
        start = self._ground.record.start

        def ask(node: Node) -> Awaitable[str]:
            return node.engine.silencing.put(
                wanted.team,
                wanted.again,
                matchers=tuple(Matcher(name, value, is_regex=True, is_equal=True) for name, value in wanted.matchers),
                starts_at=start + timedelta(seconds=wanted.begins),
                ends_at=start + timedelta(seconds=wanted.ends),
                by="somebody",
                comment="It is being worked on.",
                hush=Hush.MAINTENANCE if wanted.window else Hush.SILENCE,
            )

        def note(at: float, told_at: float | None, silence: str | None) -> None:
            self._ground.record.hushed.append(_tell(wanted, at, told_at, silence or ""))

        return await self._insist(ask, note) or ""

    async def _expire(self, team: str, silence: str) -> None:
        async def ask(node: Node) -> bool:
            await node.engine.silencing.expire(team, silence)
            return True

        def note(at: float, told_at: float | None, done: bool | None) -> None:
            self._ground.record.unhushed.append(Unhushed(at, told_at, team, silence))

        await self._insist(ask, note)

    async def _lengthen(self, before: Hushed, silence: str) -> None:
        """Look at what is there, and have it end later."""
        node = self._find()
        try:
            found = await node.answer(node.engine.silencing.find(before.team, silence)) if node is not None else None
        except (Gone, TocsinError):
            found = None
        if found is not None:
            begins = self._seconds(found.starts_at)
            ends = self._seconds(found.ends_at) + self._dice.between(600.0, 3600.0)
            await self._put(Hushed(0.0, None, before.team, before.matchers, begins, ends, before.window, again=silence))

    def _seconds(self, moment: datetime) -> float:
        return (moment - self._ground.record.start).total_seconds()

    async def _insist(
        self, ask: Callable[[Node], Awaitable[T]], note: Callable[[float, float | None, T | None], None]
    ) -> T | None:
        """Ask until there is an answer, and write down each time of asking; null for a "no", or if they give up."""
        wait = TRY_AGAIN_S
        for _ in range(MOST_TRIES):
            node, at = self._find(), self._ground.time()
            if node is not None:
                try:
                    answer = await node.answer(ask(node))
                except BadInput:
                    return None
                except (Gone, TocsinError):
                    note(at, None, None)
                else:
                    note(at, self._ground.time(), answer)
                    return answer
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_TRY_S)
        return None


def _tell(wanted: Hushed, at: float, told_at: float | None, silence: str) -> Hushed:
    return Hushed(
        at, told_at, wanted.team, wanted.matchers, wanted.begins, wanted.ends, wanted.window, silence, wanted.again
    )
