"""Jobs that say by a heartbeat how they are doing.

Most of the time they come when they should. Now and then one fails, does not come for hours, or says that it has begun
and then never that it has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tocsin.alert.heartbeat import Heartbeat, Word
from tocsin.errors import TocsinError
from tocsin.testing.simulation import faults
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.node import Gone, Ground, Node
from tocsin.testing.simulation.record import Pinged

TRY_AGAIN_S, MOST_TRIES = 20.0, 8
MISSES, FAILS, HANGS = 0.008, 0.006, 0.006
AWAY_S = 5 * 3600.0

Find = Callable[[], Node | None]
Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Jobs:
    """All of them. `find` gives the server that answers just now."""

    def __init__(self, ground: Ground, find: Find, spawn: Spawn) -> None:
        self._ground, self._find, self._spawn = ground, find, spawn
        self._dice = Dice(ground.record.seed, "jobs")

    def run(self) -> None:
        """Begin them; they go on until the world ends."""
        for team, shelf in self._ground.cast.settings.teams.items():
            for name, heartbeat in shelf.heartbeats.items():
                self._spawn(self._come(team, name, heartbeat))

    async def _come(self, team: str, name: str, heartbeat: Heartbeat) -> None:
        every, grace = heartbeat.every_s or 3600, heartbeat.grace_s
        await asyncio.sleep(self._dice.between(0, every))
        while True:
            word, pause = self._choose()
            await self._say(team, name, word)
            await asyncio.sleep(pause + every + self._dice.between(-0.5, 0.5) * grace)

    def _choose(self) -> tuple[Word, float]:
        """What one says, and how long it stays away beyond its time afterwards."""
        roll, mischief = self._dice.roll(), self._ground.mischief
        if mischief.over:
            return Word.SUCCESS, 0.0
        if roll < MISSES:
            mischief.note("missed", "job")
            return Word.SUCCESS, self._dice.wait(AWAY_S, 10 * AWAY_S)
        if roll < MISSES + FAILS:
            mischief.note("failed", "job")
            return Word.FAIL, 0.0
        if roll < MISSES + FAILS + HANGS:
            mischief.note("never ended", "job")
            return Word.START, 0.0
        return Word.SUCCESS, 0.0

    async def _say(self, team: str, name: str, word: Word) -> None:
        """Say it until it is answered, as often as such a job tries."""
        for _ in range(MOST_TRIES):
            fault = self._ground.mischief.strike_way_in()
            if fault != faults.DROP and await self._ping(team, name, word, lost=fault == faults.LOST_ANSWER):
                return
            await asyncio.sleep(TRY_AGAIN_S)

    async def _ping(self, team: str, name: str, word: Word, *, lost: bool) -> bool:
        node, at, taken = self._find(), self._ground.time(), False
        if node is None:
            return False
        try:
            await node.answer(node.engine.beats.ping(team, name, word))
            taken = not lost
        except (Gone, TocsinError):
            taken = False
        told_at = self._ground.time() if taken else None
        self._ground.record.pinged.append(Pinged(at, told_at, team, name, word))
        return taken
