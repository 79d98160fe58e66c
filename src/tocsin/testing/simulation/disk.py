"""A disk that is slow, refuses, or commits and says that it has not; one writer, in the order of arrival.

Each life of a server has its own way to the one store. When the server has died, that way ends: whatever still hangs in
the air finds out at its next step and comes to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Card, Errand, Write
from tocsin.testing.memory import MemoryStore
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.faults import COMMIT_THEN_ERROR, REFUSE, Mischief
from tocsin.timeline.entry import Sealed

T = TypeVar("T")

SLOW_WRITE, SLOWEST_WRITE_S = 0.15, 0.02
SLOW_READ, SLOWEST_READ_S = 0.02, 0.005
REFUSED = "No space left on device, says the simulation"


class Died(BaseException):
    """The server has been killed at this point. Nobody who means to go on may catch it."""


class Alive(Protocol):
    """What a way to the disk must know of its server: `require` raises `Died` once it is dead.

    `stir` has it look again at its next tick: what the disk did is not what it said.
    """

    boundary: str

    def require(self) -> None: ...

    def stir(self) -> None: ...


class Hand:
    """The one hand that writes: what is slow is waited for by what comes after it."""

    def __init__(self) -> None:
        self.free_at = 0.0


class Disk:
    """One server's way to the store."""

    def __init__(
        self, store: MemoryStore, alive: Alive, mischief: Mischief, dice: Dice, hand: Hand, refused: list[float]
    ) -> None:
        self.store = store
        self._alive, self._mischief, self._dice, self._hand, self._refused = alive, mischief, dice, hand, refused
        self._time = asyncio.get_running_loop().time

    def _refuse(self) -> None:
        self._refused.append(self._time())
        self._alive.stir()
        raise OSError(REFUSED)

    async def _write(self, boundary: str, commit: Callable[[], T]) -> T:
        self._alive.require()
        fault = self._mischief.strike_disk(boundary, writes=True)
        if fault == REFUSE:
            self._refuse()
        takes = self._dice.between(0.0, SLOWEST_WRITE_S) if self._dice.roll() < SLOW_WRITE else 0.0
        before = self._hand.free_at - self._time()
        self._hand.free_at = max(self._hand.free_at, self._time()) + takes
        if before > 0:
            await asyncio.sleep(before)
            self._alive.require()
        done = commit()
        if takes:
            await asyncio.sleep(takes)
            self._alive.require()
        if fault == COMMIT_THEN_ERROR:
            self._refuse()
        return done

    async def _read(self, boundary: str) -> None:
        self._alive.require()
        if self._mischief.strike_disk(boundary, writes=False) is not None:
            self._refuse()
        if self._dice.roll() < SLOW_READ:
            await asyncio.sleep(self._dice.between(0.0, SLOWEST_READ_S))
            self._alive.require()

    # ── the store's verbs ──────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, write: Write) -> None:
        boundary, self._alive.boundary = self._alive.boundary, ""
        if not write.appends:
            boundary = "row"
        elif write.appends[0].stream.startswith("team/"):
            boundary = "team"
        await self._write(f"{boundary}.write", lambda: self.store.commit(write))

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        if not self.store.has_waiting(now):
            self._alive.require()
            return []
        return await self._write("claim", lambda: self.store.hand_out(now, limit, places, full))

    async def release(self, errand: int, due_at: datetime) -> None:
        await self._write("release", lambda: self.store.give_back(errand, due_at))

    async def release_claims(self, held: Collection[int] = ()) -> int:
        return await self._write("release_claims", lambda: self.store.give_back_all(held))

    async def load(self, stream: str, after_seq: int = 0) -> list[Sealed]:
        await self._read("load")
        return await self.store.load(stream, after_seq)

    async def count(self, counter: str) -> int:
        await self._read("count")
        return await self.store.count(counter)

    async def due(self, now: datetime, limit: int) -> list[str]:
        await self._read("due")
        return await self.store.due(now, limit)

    async def newest(self) -> datetime | None:
        self._alive.require()
        return await self.store.newest()

    async def next_due(self) -> datetime | None:
        self._alive.require()
        return await self.store.next_due()

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None:
        await self._read("alert")
        return await self.store.alert(team, fingerprint)

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]:
        self._alive.require()
        return await self.store.alerts(team, firing=firing, incident=incident)

    async def cards(self, *, team: str | None = None, open_only: bool = False) -> list[Card]:
        await self._read("cards")
        return await self.store.cards(team=team, open_only=open_only)
