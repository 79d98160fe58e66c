"""One store that several simulated nodes share, with leases by the store's clock, and news between them that is late.

It promises what the store on PostgreSQL does (`store/postgres.py`), which the tests of that one prove: what is due or
handed out is leased to a node for ten seconds; errands are renewed while the node carries them and lives; what a node
has lost another takes, marked as tried. A commit is announced to every node; such news come late, twice or never, and
then the node finds out by itself when it looks next. Whoever has read everything and carries nothing need not look or
renew again and again: only those turns are left out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextvars import Context
from datetime import datetime, timedelta

from msgspec.structs import replace

from tocsin.alert.held import Held
from tocsin.engine.carried import Name
from tocsin.engine.contracts import Append, Errand, Joining, Write
from tocsin.engine.follow import LOOK_EVERY_S, Follower
from tocsin.engine.journal import Journal
from tocsin.testing.memory import MemoryStore
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.disk import Alive, Disk, Hand
from tocsin.testing.simulation.faults import LATE_NEWS, LOST_NEWS, TWICE_NEWS, Mischief
from tocsin.testing.simulation.loop import PROCESS, VirtualLoop, find_loop
from tocsin.timeline.entry import Sealed

LEASE_S, RENEW_S, SURE_S = 10.0, 2.5, 5.0
PROMPT_S = 0.005
NEWS_RATE = 0.03
TRY_AGAIN_S = 1.0

Lease = tuple[str, float]
"""Whose it is, and until when by the store's clock."""


class SharedStore(MemoryStore):
    """The database. Its clock is the true one."""

    def __init__(self, start: datetime, mischief: Mischief) -> None:
        super().__init__()
        self._start, self._mischief = start, mischief
        self.loop: VirtualLoop = find_loop()
        self.log: list[Sealed] = []
        self.wake_leases: dict[str, Lease] = {}
        self.leases: dict[int, Lease] = {}
        self.listening: dict[str, SharedDisk] = {}
        self._first_end: datetime | None = None

    def commit(self, write: Write) -> None:
        """One transaction, and its announcement."""
        super().commit(write)
        entries = [entry for append in write.appends for entry in append.entries]
        self.log += entries
        self._note_ends(write)
        for disk in self.listening.values():
            if entries:
                self._announce(disk)
            disk.context.run(disk.stir)

    def _note_ends(self, write: Write) -> None:
        ends = [row.ends_at for row in write.alerts if row.firing and row.incident]
        if ends and self._first_end is not None and min(ends) < self._first_end:
            self._first_end = min(ends)
            for disk in self.listening.values():
                disk.context.run(disk.look)

    def find_first_end(self, after: datetime) -> datetime:
        """No alert of an incident falls silent between `after` and this."""
        if self._first_end is None or self._first_end <= after:
            ends = (row.ends_at for row in self._alerts.values() if row.firing and row.incident)
            self._first_end = min((end for end in ends if end > after), default=after + timedelta(days=1))
        return self._first_end

    def _announce(self, disk: SharedDisk) -> None:
        fault = self._mischief.strike_news()
        delay = LOOK_EVERY_S if fault == LOST_NEWS else LOOK_EVERY_S / 2 if fault == LATE_NEWS else PROMPT_S
        for late in (delay, LOOK_EVERY_S) if fault == TWICE_NEWS else (delay,):
            self.loop.call_later(late, disk.news.set, context=disk.context)

    def _append(self, append: Append) -> None:
        super()._append(append)
        self.wake_leases.pop(append.stream, None)

    def _close(self, stream: str, seq: int) -> None:
        self.leases.pop(self._named.get((stream, seq), 0), None)
        super()._close(stream, seq)

    # ── leases ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _lease(self, node: str) -> Lease:
        return node, self.loop.now + LEASE_S

    def _is_free(self, lease: Lease | None, node: str) -> bool:
        return lease is None or lease[1] < self.loop.now or lease[0] == node

    def take_due(self, now: datetime, limit: int, node: str) -> list[str]:
        """Streams whose wake has come and that no other node is planning, leased to this one."""
        ripe = sorted((wake, stream) for stream, wake in self._wakes.items() if wake <= now)
        free = [stream for _, stream in ripe if self._is_free(self.wake_leases.get(stream), node)][:limit]
        self.wake_leases.update((stream, self._lease(node)) for stream in free)
        return free

    def take(
        self,
        now: datetime,
        limit: int,
        places: Callable[[str], int],
        full: Sequence[str],
        node: str,
        begun: Collection[Name],
    ) -> list[Errand]:
        """Errands that are due, and those whose lease was lost; none that the node has begun and not ended."""
        lost = [self.errands[each] for each in self.claimed if self.leases[each][1] < self.loop.now]
        new = [each for each in self._waiting.values() if each.due_at <= now]
        chosen: list[Errand] = []
        taken: Counter[str] = Counter()
        for errand in sorted((*new, *lost), key=lambda each: each.id):
            to = errand.destination
            if (errand.stream, errand.seq) in begun:
                continue
            if to not in full and len(chosen) < limit and taken[to] < places(to):
                taken[to] += 1
                chosen.append(self._give(errand, node))
        return chosen

    def _give(self, errand: Errand, node: str) -> Errand:
        given = replace(errand, attempts=errand.attempts + (errand.id in self.claimed))
        self._waiting.pop(errand.id, None)
        self.claimed.add(errand.id)
        self.errands[errand.id], self.leases[errand.id] = given, self._lease(node)
        return given

    def is_held(self, errand: int, node: str) -> bool:
        """Whether an errand is still leased to a node."""
        return errand in self.claimed and self.leases[errand][0] == node

    def renew(self, node: str, carried: Collection[tuple[str, int]]) -> set[int]:
        """Renew what a node carries; what that is."""
        found = {self._named[name] for name in carried if name in self._named}
        held = {each for each in found if self.is_held(each, node)}
        self.leases.update((each, self._lease(node)) for each in held)
        return held

    def return_one(self, errand: Errand, due_at: datetime, node: str) -> None:
        """Take one errand back, if it is that node's."""
        found = self._named.get((errand.stream, errand.seq))
        if found is not None and self.is_held(found, node):
            del self.leases[found]
            self._take_back(found, due_at)

    def return_some(self, names: Collection[tuple[str, int]], due_at: datetime, node: str, *, claimed: bool) -> None:
        """Have errands handed out from `due_at` on: those of that node, or those that nobody has."""
        found = [self._named[name] for name in names if name in self._named]
        mine = [each for each in found if (self.is_held(each, node) if claimed else each not in self.claimed)]
        self.put_off([(self.errands[each].stream, self.errands[each].seq) for each in mine], due_at, claimed=claimed)
        for each in mine:
            self.leases.pop(each, None)

    def return_all(self, node: str, held: Collection[tuple[str, int]], *, tried: bool) -> int:
        """Take back all that a node has, but for what is `held`."""
        for stream in [stream for stream, lease in self.wake_leases.items() if lease[0] == node]:
            del self.wake_leases[stream]
        mine = sorted(each for each, lease in self.leases.items() if lease[0] == node)
        gone = [each for each in mine if (self.errands[each].stream, self.errands[each].seq) not in held]
        for each in gone:
            del self.leases[each]
            self._take_back(each, self.errands[each].due_at, tried=tried)
        return len(gone)

    def find_next_due_for(self, node: str) -> datetime | None:
        """When the next wake or errand may be taken by a node: what another has, when its lease is over."""
        moments = [each.due_at for each in self._waiting.values()]
        moments += [self._moment(lease[1]) for lease in self.leases.values() if lease[0] != node]
        if not self.wake_leases:
            first = self.find_next_due()
            return min(moments if first is None else [first, *moments], default=None)
        for stream, wake in self._wakes.items():
            lease = self.wake_leases.get(stream)
            moments.append(wake if lease is None or lease[0] == node else max(wake, self._moment(lease[1])))
        return min(moments, default=None)

    def _moment(self, seconds: float) -> datetime:
        return self._start + timedelta(seconds=seconds)


class SharedDisk(Disk):
    """One node's way to the shared store, and what it may do. In its `context` it hears of what others did."""

    is_sole = False

    def __init__(
        self, store: SharedStore, name: str, alive: Alive, mischief: Mischief, dice: Dice, refused: list[float]
    ) -> None:
        super().__init__(store, alive, mischief, dice, Hand(), refused)
        self.shared, self.name = store, name
        self.news = asyncio.Event()
        self.context = Context()
        self.context.run(PROCESS.set, alive)
        self.carried: Callable[[], Collection[Name]] = tuple
        self.begun: Callable[[], Collection[Name]] = tuple
        self._followed = len(store.log)
        self._held: set[int] = set()
        self._sure_until = 0.0
        self._has_some = asyncio.Event()
        store.listening[name] = self

    def stir(self) -> None:
        """Something was written, here or elsewhere."""
        self._alive.stir()

    def look(self) -> None:
        """An alert may fall silent sooner than was known."""
        self._alive.look()

    def find_next_due(self) -> datetime | None:
        """When something is due that this node may take."""
        return self.shared.find_next_due_for(self.name)

    # ── work that is leased ────────────────────────────────────────────────────────────────────────────────────────

    async def due(self, now: datetime, limit: int) -> list[str]:
        await self._read("due")
        return self.shared.take_due(now, limit, self.name)

    async def has_errands(self, now: datetime, full: Sequence[str]) -> bool:
        self._alive.require()
        return True

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        due = self.find_next_due()
        if due is None or due > now:
            self._alive.require()
            return []
        errands = await self._write(
            "claim", lambda: self.shared.take(now, limit, places, full, self.name, self.begun())
        )
        self._held |= {errand.id for errand in errands}
        self._has_some.set()
        return errands

    async def release(self, errand: Errand, due_at: datetime) -> None:
        await self._write("release", lambda: self.shared.return_one(errand, due_at, self.name))

    async def postpone(self, names: Collection[tuple[str, int]], due_at: datetime, *, claimed: bool) -> None:
        await self._write("release", lambda: self.shared.return_some(names, due_at, self.name, claimed=claimed))

    async def release_claims(self, held: Collection[tuple[str, int]] = (), *, tried: bool = True) -> int:
        return await self._write("release_claims", lambda: self.shared.return_all(self.name, held, tried=tried))

    async def holds(self, errand: int) -> bool:
        """Whether an errand is still leased to this node; after a long sleep another may have it."""
        if errand in self._held and self._time() < self._sure_until:
            return True
        await self._read("holds")
        return self.shared.is_held(errand, self.name)

    def is_here(self, destination: str) -> bool:
        """Every node reaches everything here."""
        return True

    def renew_only(self, carried: Callable[[], Collection[Name]], begun: Callable[[], Collection[Name]]) -> None:
        """From now on renew what is carried, and take nothing again that is begun."""
        self.carried, self.begun = carried, begun

    async def keep(self) -> None:
        """Renew what is carried, as often as the one that ships, while there is anything."""
        while True:
            await self._has_some.wait()
            begun, before = self._time(), set(self._held)
            try:
                held = await self._write("renew", lambda: self.shared.renew(self.name, self.carried()))
            except OSError:
                await asyncio.sleep(RENEW_S)
                continue
            self._held -= before - held
            self._sure_until = begun + SURE_S
            if not self._held:
                self._has_some.clear()
            await asyncio.sleep(RENEW_S)

    # ── what others did ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_behind(self) -> bool:
        """Whether there is something that this node has not read."""
        return self._followed < len(self.shared.log)

    async def follow(self) -> list[Sealed]:
        """The entries that any node has appended since the last call."""
        await self._read("follow")
        found = self.shared.log[self._followed :]
        self._followed += len(found)
        return found

    async def held(self) -> tuple[list[Held], list[bytes]]:
        return [], []

    async def joining(self) -> list[Joining]:
        return []


class Following(Follower):
    """The follower, which rests until there is something to read."""

    def __init__(self, journal: Journal, disk: SharedDisk) -> None:
        super().__init__(journal, disk)
        self._disk = disk

    async def _rest(self, wait: float) -> None:
        if self._disk.is_behind or self._waiting:
            await super()._rest(wait)
            return
        await self._disk.news.wait()
        self._disk.news.clear()
