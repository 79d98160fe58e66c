"""A disk that is slow, refuses, or commits and says that it has not; one writer, in the order of arrival.

What comes while the writer is busy is committed together as soon as it is free, and fails together: a write that comes
too late is left out of that, and fails alone.

Each life of a server has its own way to the one store. When the server has died, that way ends: whatever still hangs in
the air finds out at its next step and comes to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from tocsin.alert.held import Held
from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Backlog, Card, Errand, Joining, Tally, Write
from tocsin.errors import Stale
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

    `stir` tells it that what is due next may be another thing now, `look` that an alert may fall silent sooner.
    """

    boundary: str

    def require(self) -> None: ...

    def stir(self) -> None: ...

    def look(self) -> None: ...


class Job:
    """What waits for the writer: whoever asked for it waits for `done`."""

    def __init__(self, commit: Callable[[], object], fault: str | None, done: asyncio.Future[object]) -> None:
        self.commit, self.fault, self.done = commit, fault, done
        self.answer: object = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Tell whoever waits, if anybody still does."""
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(self.answer)
        else:
            self.done.set_exception(self.error)


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
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._group: list[Job] = []

    def _refuse(self) -> OSError:
        self._refused.append(self._time())
        self._alive.stir()
        return OSError(REFUSED)

    async def _write(self, boundary: str, commit: Callable[[], T]) -> T:
        self._alive.require()
        fault = self._mischief.strike_disk(boundary, writes=True)
        if self._group or self._hand.free_at > self._time():
            return await self._wait(commit, fault)
        if fault == REFUSE:
            raise self._refuse()
        takes = self._take_time()
        done = commit()
        self._alive.stir()
        if takes:
            await asyncio.sleep(takes)
            self._alive.require()
        if fault == COMMIT_THEN_ERROR:
            raise self._refuse()
        return done

    def _take_time(self) -> float:
        takes = self._dice.between(0.0, SLOWEST_WRITE_S) if self._dice.roll() < SLOW_WRITE else 0.0
        self._hand.free_at = self._time() + takes
        return takes

    async def _wait(self, commit: Callable[[], T], fault: str | None) -> T:
        """Go with whatever waits for the writer."""
        if not self._group:
            self._loop.call_at(self._hand.free_at, self._commit_group)
        job = Job(commit, fault, self._loop.create_future())
        self._group.append(job)
        done: T = await job.done  # type: ignore[assignment] # it is what this commit gives
        self._alive.require()
        return done

    def _commit_group(self) -> None:
        jobs, self._group = self._group, []
        faults = {job.fault for job in jobs}
        try:
            self._alive.require()
        except Died as died:
            _fail(jobs, died)
            return
        if REFUSE in faults:
            _fail(jobs, self._refuse())
            return
        for job in jobs:
            try:
                job.answer = job.commit()
            except Stale as error:
                job.error = error
        self._alive.stir()
        self._loop.call_later(self._take_time(), self._settle, jobs, COMMIT_THEN_ERROR in faults)

    def _settle(self, jobs: list[Job], lies: bool) -> None:
        if lies:
            _fail(jobs, self._refuse())
        for job in jobs:
            job.settle()

    async def _read(self, boundary: str) -> None:
        self._alive.require()
        if self._mischief.strike_disk(boundary, writes=False) is not None:
            raise self._refuse()
        if self._dice.roll() < SLOW_READ:
            await asyncio.sleep(self._dice.between(0.0, SLOWEST_READ_S))
            self._alive.require()

    # ── the store's verbs ──────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, write: Write) -> None:
        boundary, self._alive.boundary = self._alive.boundary, ""
        if not write.appends:
            boundary = "heard" if write.heard else "row" if write.joined is None else "joined"
        elif write.appends[0].stream.startswith("team/"):
            boundary = "team"
        await self._write(f"{boundary}.write", lambda: self.store.commit(write))

    def hurry(self) -> None:
        """Nothing is written with patience here."""

    async def has_errands(self, now: datetime, full: Sequence[str]) -> bool:
        self._alive.require()
        return self.store.has_waiting(now, full)

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        if not self.store.has_waiting(now):
            self._alive.require()
            return []
        return await self._write("claim", lambda: self.store.hand_out(now, limit, places, full))

    async def release(self, errand: Errand, due_at: datetime) -> None:
        await self._write("release", lambda: self.store.give_back(errand, due_at))

    async def postpone(self, names: Collection[tuple[str, int]], due_at: datetime, *, claimed: bool) -> None:
        await self._write("release", lambda: self.store.put_off(names, due_at, claimed=claimed))

    async def release_claims(self, held: Collection[tuple[str, int]] = (), *, tried: bool = True) -> int:
        return await self._write("release_claims", lambda: self.store.give_back_all(held, tried=tried))

    async def load(self, stream: str, after_seq: int = 0) -> list[Sealed]:
        await self._read("load")
        return await self.store.load(stream, after_seq)

    async def load_all(self, streams: Sequence[str]) -> dict[str, list[Sealed]]:
        await self._read("load")
        return await self.store.load_all(streams)

    async def count(self, counter: str) -> int:
        await self._read("count")
        return await self.store.count(counter)

    async def due(self, now: datetime, limit: int) -> list[str]:
        await self._read("due")
        return await self.store.due(now, limit)

    async def coming(self, after: datetime, until: datetime, limit: int, *, take: bool) -> list[tuple[datetime, str]]:
        await self._read("due")
        return await self.store.coming(after, until, limit, take=take)

    async def newest(self) -> datetime | None:
        self._alive.require()
        return await self.store.newest()

    async def next_due(self) -> datetime | None:
        self._alive.require()
        return await self.store.next_due()

    async def backlog(self, now: datetime) -> Backlog:
        await self._read("due")
        return await self.store.backlog(now)

    async def tally(self) -> Tally:
        await self._read("cards")
        return await self.store.tally()

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None:
        await self._read("alert")
        return await self.store.alert(team, fingerprint)

    async def alerts_by_fingerprint(self, team: str, fingerprints: Sequence[str]) -> dict[str, AlertRow]:
        await self._read("alert")
        return await self.store.alerts_by_fingerprint(team, fingerprints)

    async def write_row(self, boundary: str, commit: Callable[[], None]) -> None:
        """What is no part of the store proper, and lies on the same disk."""
        await self._write(boundary, commit)

    async def read_row(self, boundary: str) -> None:
        """The same, looked at."""
        await self._read(boundary)

    is_sole = True

    async def held(self) -> tuple[list[Held], list[bytes]]:
        await self._read("held")
        return await self.store.held()

    async def joining(self) -> list[Joining]:
        await self._read("joining")
        return await self.store.joining()

    async def silent(self, after: datetime, until: datetime) -> list[AlertRow]:
        await self._read("silent")
        return await self.store.silent(after, until)

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]:
        await self._read("alert")
        return await self.store.alerts(team, firing=firing, incident=incident)

    async def cards(
        self, *, team: str | None = None, open_only: bool = False, private_only: bool = False
    ) -> list[Card]:
        await self._read("cards")
        return await self.store.cards(team=team, open_only=open_only, private_only=private_only)


def _fail(jobs: list[Job], error: BaseException) -> None:
    """Whatever they hoped for: nobody knows what of it is on disk, but for what came too late."""
    for job in jobs:
        job.error = job.error or error
        job.settle()
