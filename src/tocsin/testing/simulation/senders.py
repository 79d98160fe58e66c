"""Sources of alerts, as Alertmanager behaves: they repeat what fires, and say again whatever was not answered with 2xx.

What breaks comes at random: single alerts, storms of many at once, some that flap, and some whose "resolved" overtakes
their "firing" on the way. Half of the sources speak as Alertmanager's webhook does; the others post to its API and
promise until when they will be heard of again, and some of those fall silent. Now and then so many alerts join an
incident at once that they stand on its timeline only a moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from tocsin.alert.signal import Signal
from tocsin.alert.sources.posted import Post, read_posts
from tocsin.errors import TocsinError
from tocsin.testing.simulation import faults
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.faults import Mischief
from tocsin.testing.simulation.node import Gone, Ground, Node
from tocsin.testing.simulation.record import Sent
from tocsin.testing.simulation.teams import WORDS_OF_SEVERITY, Trouble

REPEAT_S = 1800.0
PROMISE_S = 3 * 3600.0
SILENT = 0.1
TRY_AGAIN_S, LONGEST_TRY_S = 5.0, 60.0
LONGEST_DELAY_S = 20.0
HOSTS = 12
STORM = (5, 18)
FLOOD, FLOOD_CHANCE = (110, 150), 0.12
FLAPS = (3, 8)

Labels = dict[str, str]


class Word(msgspec.Struct, frozen=True):
    """What a source says of some alerts: since when they fire, or that they are over."""

    team: str
    many: Sequence[Labels]
    begun: float
    firing: bool = True
    until: float | None = None

    @property
    def promises(self) -> bool:
        """Whether the source says until when it will be heard of again: each alert always has the same one."""
        host = self.many[0]["host"]
        return not host.startswith("host-") or host[-1] in "02468"


class Senders:
    """All sources together. `find` gives the server that answers just now."""

    def __init__(self, ground: Ground, node: Any, spawn: Any) -> None:
        self._ground, self._node, self._spawn = ground, node, spawn
        self._dice = Dice(ground.record.seed, "senders")
        self._mischief: Mischief = ground.mischief
        self._running = 0

    async def run(self, until: float, mean_s: float) -> None:
        """Break something every `mean_s`, in the mean, until then."""
        while True:
            await asyncio.sleep(mean_s * self._dice.between(0.4, 1.6))
            if self._ground.time() >= until:
                return
            self._spawn(self._happen(self._dice.pick(self._ground.cast.troubles)))

    def _happen(self, trouble: Trouble) -> Coroutine[Any, Any, None]:
        roll = self._dice.roll()
        labels = self._label(trouble, self._dice.pick(range(HOSTS)))
        if roll < 0.06:
            self._mischief.note("storm", "source")
            return self._storm(trouble)
        if roll < 0.16:
            self._mischief.note("flapping", "source")
            return self._flap(trouble.team, labels)
        if roll < 0.21:
            self._mischief.note("resolve before fire", "source")
            return self._resolve_first(trouble.team, labels)
        return self._burn(trouble.team, [labels], self._dice.wait(2700.0, 6 * 3600.0))

    def _label(self, trouble: Trouble, host: int) -> Labels:
        severity = WORDS_OF_SEVERITY[int(4 * self._dice.roll() ** 2)]
        return {"alertname": trouble.alert, "host": f"host-{host}", "severity": severity}

    # ── what happens ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _storm(self, trouble: Trouble) -> None:
        severity, seconds = self._label(trouble, 0)["severity"], self._dice.wait(1800.0, 4 * 3600.0)
        flood = self._dice.chance(FLOOD_CHANCE)
        count = int(self._dice.between(*(FLOOD if flood else STORM)))
        word = "flood" if flood else "storm"
        many = [{"alertname": trouble.alert, "host": f"{word}-{host}", "severity": severity} for host in range(count)]
        if flood:
            self._spawn(self._burn(trouble.team, many[:1], seconds))
            await asyncio.sleep(self._dice.between(10.0, 300.0))
        await self._burn(trouble.team, many[1:] if flood else many, seconds)

    async def _burn(self, team: str, many: Sequence[Labels], seconds: float) -> None:
        """Fire, repeat, and be over, or never be heard of again; or be, long afterwards."""
        begun = self._ground.time()
        over, word = begun + seconds, Word(team, many, begun)
        silent = word.promises and self._dice.chance(SILENT)
        while self._ground.time() < over:
            await self._tell(word, until=over)
            await asyncio.sleep(max(0.0, min(REPEAT_S, over - self._ground.time())))
        if not silent:
            await self._tell(replace(word, firing=False))
            return
        self._mischief.note("silent", "source")
        await asyncio.sleep(self._dice.wait(12 * 3600.0))
        if not self._mischief.over and self._dice.chance(0.6):
            await self._burn(team, many, seconds)

    async def _flap(self, team: str, labels: Labels) -> None:
        for _ in range(int(self._dice.between(*FLAPS))):
            await self._burn(team, [labels], self._dice.between(5.0, 120.0))
            await asyncio.sleep(self._dice.between(5.0, 120.0))

    async def _resolve_first(self, team: str, labels: Labels) -> None:
        word = Word(team, [labels], self._ground.time())
        await self._tell(replace(word, firing=False))
        await asyncio.sleep(self._dice.between(0.0, 2.0))
        await self._tell(word)
        await asyncio.sleep(self._dice.wait(1200.0))
        await self._tell(replace(word, firing=False))

    # ── saying it ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _tell(self, word: Word, until: float = float("inf")) -> None:
        """Say it until it is answered, or until it is not true any more."""
        wait = TRY_AGAIN_S
        while not await self._post(word) and self._ground.time() < until:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_TRY_S)

    async def _post(self, word: Word) -> bool:
        """Send it once over a network that fails; whether it was answered with 2xx."""
        fault = self._mischief.strike_way_in()
        word = replace(word, until=self._ground.time() + PROMISE_S if word.promises and word.firing else None)
        if fault == faults.DROP:
            await asyncio.sleep(LONGEST_DELAY_S)
            return False
        if fault == faults.REORDER:
            self._spawn(self._arrive_late(word))
            return False
        if fault == faults.DELAY:
            await asyncio.sleep(self._dice.between(0.0, LONGEST_DELAY_S))
        if fault == faults.DUPLICATE:
            self._spawn(self._arrive_late(word))
        at = self._ground.time()
        taken = await self._arrive(word)
        taken = taken and fault != faults.LOST_ANSWER
        self._note(word, at, self._ground.time() if taken else None)
        return taken

    def _note(self, word: Word, at: float, told_at: float | None) -> None:
        count = len(word.many)
        self._ground.record.sent += [
            Sent(at, word.team, labels, word.firing, told_at, word.until, word.begun, count) for labels in word.many
        ]

    async def _arrive_late(self, word: Word) -> None:
        await asyncio.sleep(self._dice.between(0.0, LONGEST_DELAY_S))
        self._note(word, self._ground.time(), None)
        await self._arrive(word)

    async def _arrive(self, word: Word) -> bool:
        node: Node | None = self._node()
        if node is None:
            return False
        intake = node.engine.intake
        try:
            if word.until is None:
                signals = [Signal(labels=labels, resolved=not word.firing) for labels in word.many]
                await node.answer(intake.receive(word.team, signals))
            else:
                await node.answer(intake.receive_posts(word.team, self._spell(word, word.until)))
        except (Gone, TocsinError):
            return False
        return True

    def _spell(self, word: Word, until: float) -> list[Post]:
        begun, end = (self._ground.record.start + timedelta(seconds=at) for at in (word.begun, until))
        return read_posts(
            msgspec.json.encode([{"labels": labels, "startsAt": begun, "endsAt": end} for labels in word.many])
        )
