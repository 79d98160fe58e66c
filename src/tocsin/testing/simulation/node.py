"""One life of a server: put together as the one that ships, on a disk, channels and a machine that outlive it.

It begins as `tocsin serve` does: nothing recorded lies in the future, the loop turns, what was in flight is taken up
again. It ends at a failpoint, between any two steps of anything that it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.journal import Journal
from tocsin.engine.shelf import Shelf
from tocsin.errors import TocsinError
from tocsin.integrations.channel import Channel as AnyChannel
from tocsin.integrations.pager import Pager
from tocsin.page.message import PageMessage, compose
from tocsin.testing.memory import MemoryBlobs, MemoryStore
from tocsin.testing.simulation.beats import Rows, RowsOnDisk
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.disk import Died, Disk, Hand
from tocsin.testing.simulation.faults import COMMITS, Mischief
from tocsin.testing.simulation.loop import OUTSIDE, PROCESS, find_loop
from tocsin.testing.simulation.machine import Machine
from tocsin.testing.simulation.network import CHANNELS, Channel, Hear
from tocsin.testing.simulation.record import Arrived, Life, Record
from tocsin.testing.simulation.shared import Following, SharedDisk, SharedStore
from tocsin.testing.simulation.teams import Cast
from tocsin.testing.simulation.turning import Turning
from tocsin.timeline.events import PageRequested, PlaybookActivated

T = TypeVar("T")

BEFORE_COMMIT = {f"{cause}.before_commit": cause for cause in COMMITS}
"""The failpoints after which it is known what the next write is for."""


PATIENCE_S = 20.0
"""How long whoever asked waits for an answer of one node of several."""


HANG_S, LONGEST_HANG_S = 20.0, 90.0


class Gone(Exception):
    """The server did not answer: it is not there, or went away while it was asked."""


class Ground:
    """What every life of the server stands on: it outlives them all."""

    def __init__(self, cast: Cast, record: Record, mischief: Mischief) -> None:
        self.cast, self.record, self.mischief = cast, record, mischief
        self.shared = SharedStore(record.start, mischief) if record.nodes > 1 else None
        self.store = self.shared or MemoryStore()
        self.blobs, self.beats = dict[str, bytes](), Rows()
        self.hand, self.disk_dice = Hand(), Dice(record.seed, "disk")
        self.hang_dice = Dice(record.seed, "hangs")
        self.machine_dice = Dice(record.seed, "machine")
        self.offset = 0.0
        self.loop = find_loop()
        self.time = self.loop.time
        self.hear: Hear = lambda page: None

    def wall(self) -> datetime:
        """What the machine's clock says, right or wrong."""
        return self.record.start + timedelta(seconds=self.loop.now + self.offset)


class Clock(SystemClock):
    """The clock that ships, which is read once for each simulated moment: it is asked a dozen times in each."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._loop = ground, ground.loop
        self._read_at, self._read_offset = -1.0, 0.0
        super().__init__(ground.wall, ground.time)

    def now(self) -> datetime:
        """The moment."""
        at, offset = self._loop.now, self._ground.offset
        if at != self._read_at or offset != self._read_offset:
            super().now()
            self._read_at, self._read_offset = at, offset
        return self._last


class Node:
    """A server from its start to its death."""

    def __init__(self, ground: Ground, name: str = "", *, build: Callable[[Node], None] | None = None) -> None:
        self.ground, self.name = ground, name
        self.dead = self.hung = False
        self.boundary = ""
        self.clock = Clock(ground)
        self.life = Life(up=ground.time(), newest=None, offsets=[(ground.time(), ground.offset)], node=name)
        self.died = ground.loop.create_future()
        self.context = copy_context()
        self.context.run(PROCESS.set, self)
        self._asking: dict[asyncio.Task[Any], None] = {}
        record, mischief = ground.record, ground.mischief
        self.disk = self._open_disk()
        self.blobs = MemoryBlobs(ground.blobs, self.reach)
        self.shelf = Shelf(ground.cast.settings, self.blobs)
        self.journal = Journal(self.disk, self.shelf, self.clock, record.key, self.reach)
        self.channels: Mapping[str, AnyChannel] = {
            name: Channel(name, self, mischief, self.reach, self.hear, record.turned) for name in CHANNELS
        }
        self.pager = Pager(lambda: self.channels, lambda: self.shelf.settings.people, self._write, self.reach)
        self.machine = Machine(self, mischief, ground.machine_dice, self.blobs, self.reach, record.ran)
        beats = RowsOnDisk(ground.beats, self.disk)
        performers, lease = (self.pager, self.machine), self.disk if isinstance(self.disk, SharedDisk) else None
        self.engine = Turning(self.journal, self.clock, performers, lease, beats=beats, steady=ground.time)
        if isinstance(self.disk, SharedDisk):
            self.engine.watch(self.disk, ground.beats, self.disk.shared.find_first_end)
        else:
            self.engine.watch(ground.store, ground.beats)
        if build is not None:
            build(self)

    def _open_disk(self) -> Disk:
        ground, record = self.ground, self.ground.record
        if ground.shared is not None:
            return SharedDisk(ground.shared, self.name, self, ground.mischief, ground.disk_dice, record.refused)
        return Disk(ground.store, self, ground.mischief, ground.disk_dice, ground.hand, record.refused)

    # ── life and death ─────────────────────────────────────────────────────────────────────────────────────────────

    def require(self) -> None:
        """Raises `Died` if it has."""
        if self.dead:
            raise Died

    def stir(self) -> None:
        """What is due next may be another thing now."""
        self.engine.notice_due()

    def look(self) -> None:
        """An alert may fall silent sooner than was known."""
        self.engine.notice()

    def hear(self, page: Arrived) -> None:
        """A page has reached somebody; also when the server is long dead."""
        self.ground.hear(page)

    def reach(self, name: str) -> None:
        """A failpoint."""
        self.require()
        if name in BEFORE_COMMIT:
            self.boundary = BEFORE_COMMIT[name]
        if self.ground.mischief.crashes_at(name):
            self.die()
            raise Died
        if self.ground.mischief.hangs_at(name):
            self.hang()

    def die(self) -> None:
        """From now on nothing of it reaches anything."""
        self.dead = True
        self.life.down = self.ground.time()
        if not self.died.done():
            self.died.set_result(None)
        self.go_on()
        if self.ground.shared is not None:
            self.ground.shared.listening.pop(self.name, None)
        for task in self._asking:
            if task is not asyncio.current_task():
                task.cancel()

    def hang(self) -> None:
        """Stand still for a while, as if it were not there; it knows nothing of it."""
        if not self.hung and not self.dead:
            self.hung = True
            self.life.hung.append((self.ground.time(), float("inf")))
            self.ground.loop.stop_process(self)
            self.ground.loop.call_later(self.ground.hang_dice.wait(HANG_S, LONGEST_HANG_S), self.go_on, context=OUTSIDE)

    def go_on(self) -> None:
        """Go on where it stood still."""
        if self.hung:
            self.hung = False
            self.life.hung[-1] = (self.life.hung[-1][0], self.ground.time())
            self.ground.loop.continue_process(self)

    async def start(self) -> None:
        """As a server starts. Raises what keeps it from starting."""
        newest = await self.disk.newest()
        if newest is not None:
            self.clock.go_on_from(newest)
        self.life.newest = newest
        self.ground.record.lives.append(self.life)
        await self.shelf.keep_playbooks()
        self.running = [asyncio.create_task(self.engine.run())]
        if isinstance(self.disk, SharedDisk):
            follower = Following(self.journal, self.disk)
            self.running += map(asyncio.create_task, (follower.run(), self.disk.keep()))
        await self.engine.start()
        for name, team in self.shelf.settings.teams.items():
            if not (await self.journal.standing(name)).activated:
                await self.journal.change_team(name, PlaybookActivated(digest=team.playbook.digest, by="init"))

    def note_clock(self) -> None:
        """Write down that the machine's clock was turned."""
        self.life.offsets.append((self.ground.time(), self.ground.offset))

    # ── what is asked of it ────────────────────────────────────────────────────────────────────────────────────────

    async def answer(self, asked: Awaitable[T]) -> T:
        """What it answers. Raises `TocsinError` for its "no", and `Gone` if there is no answer."""
        if self.ground.shared is not None:
            asked = self._ask_process(asked)
        asking = asyncio.current_task()
        assert asking is not None
        self._asking[asking] = None
        try:
            answer = await asked
        except TocsinError:
            if self.dead:
                raise Gone from None
            raise
        except (OSError, Died):
            raise Gone from None
        except asyncio.CancelledError:
            if not self.dead:
                raise
            asking.uncancel()
            raise Gone from None
        finally:
            self._asking.pop(asking, None)
        if self.dead:
            raise Gone
        return answer

    async def _ask_process(self, asked: Awaitable[T]) -> T:
        """As a request does: it is the process that works on it, for whoever waits for the answer so long."""

        async def work() -> T:
            return await asked

        task = asyncio.create_task(work(), context=self.context.copy())
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_S)
        if not done:
            raise Gone
        return task.result()

    async def _write(self, key: Key, intent: PageRequested) -> PageMessage:
        """The page's message, with what is known when it is sent."""
        incident = await self.journal.incident(key.stream)
        assert incident is not None
        book, rota = await self.shelf.book(incident), self.shelf.rota(incident)
        return compose(incident, book, rota, intent, now=self.clock.now(), link="", room=key.stream, repeat=key.again)
