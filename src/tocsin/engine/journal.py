"""The journal: the only way to change an incident.

A change takes the stream's lock, decides on the newest state, lets the planners add what follows, seals the entries and
commits them in one transaction together with the alerts, errands and the next wake that belong to them. What is kept in
memory is a cache of what the database holds; if somebody else was first, the change is decided again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakValueDictionary

import msgspec

from tocsin.engine.ahead import Ahead
from tocsin.engine.answered import answer
from tocsin.engine.change import (
    Change,
    Decide,
    Known,
    NoOutgoing,
    Outgoing,
    Prepared,
    remember,
)
from tocsin.engine.contracts import Clock, Store, Write
from tocsin.engine.counts import Counts
from tocsin.engine.failpoint import Reach, pass_by
from tocsin.engine.gathering import ALONE as NOTHING
from tocsin.engine.gathering import MOST as MOST_WITHOUT_PAUSE
from tocsin.engine.gathering import Gathering, Part, join_writes
from tocsin.engine.index import TeamIndex
from tocsin.engine.listeners import Listener, Listeners
from tocsin.engine.preparing import Preparing
from tocsin.engine.shelf import Shelf
from tocsin.engine.streams import Streams
from tocsin.engine.teams import Teams
from tocsin.errors import Conflict, Stale
from tocsin.incident.book import Book
from tocsin.incident.standing import Standing
from tocsin.incident.state import Incident
from tocsin.timeline.codec import unseal
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Event, Intent, Outcome

LOG = logging.getLogger("tocsin.journal")

MOST_TRIES = 50
"""Of a few nodes that change one incident at once, each is first soon; this many times nobody comes too late."""


class Journal:
    """Changes incidents and tells listeners what was appended."""

    def __init__(self, store: Store, shelf: Shelf, clock: Clock, key: bytes, reach: Reach = pass_by) -> None:
        self.store, self.shelf, self.clock = store, shelf, clock
        self.reach = reach
        self._key = key
        self.streams = Streams(store, shelf, key)
        self._cache, self._ongoing = self.streams.cache, self.streams.ongoing
        self.ahead = Ahead(key, self._cache, shelf)
        self._own: set[tuple[str, int]] = set()
        self.take_in: Callable[[], Awaitable[None]] | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._preparing = Preparing(key, self.streams, self.ahead, self._now, self._reserve)
        self._gathering = Gathering(self.hold, self._carry, self._is_busy)
        self.counts = Counts(store)
        self.outgoing: Outgoing = NoOutgoing()
        self.teams = Teams(store, clock, key, self.hold, shelf.windows)
        self._listeners, self._own_listeners = Listeners(), Listeners()
        self._disturbed: dict[str, None] = {}
        shelf.standing, shelf.overrides = self.standing, self.teams.overrides
        shelf.now = self._now  # it may have another clock by then
        shelf.forbidding_incidents, shelf.forbidding_mark = self._ongoing.find_forbidding, self._ongoing.find_mark

    def listen(self, listener: Listener, *, own: bool = False) -> Callable[[], None]:
        """Call `listener` with new entries after each commit (`own`: only of this node); the answer stops it."""
        return (self._own_listeners if own else self._listeners).add(listener)

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def incident(self, stream: str) -> Incident | None:
        """The incident as it is now, null if there is none."""
        return await self.streams.incident(stream)

    async def entries(self, stream: str, after_seq: int = 0) -> list[Entry]:
        """The timeline after `after_seq`."""
        return [unseal(sealed) for sealed in await self.store.load(stream, after_seq)]

    async def index(self, team: str) -> TeamIndex:
        """The open incidents of a team, by what alerts join them."""
        return await self._ongoing.index(team)

    def doubt(self, team: str) -> None:
        """A commit failed that may be on disk all the same: the team's open incidents and counts are read anew."""
        self._ongoing.forget(team)
        self.counts.known.clear()

    async def open_incidents(self, team: str) -> list[Incident]:
        """The open incidents of a team; one whose record does not hold together is left out, and said in the log."""
        return await self._ongoing.find_all(team)

    # ── what other nodes did ───────────────────────────────────────────────────────────────────────────────────────

    def note(self, stream: str, seq: int) -> None:
        """The stream has an entry `seq`, perhaps from another node; what is cached of it may be behind."""
        self._cache.note(stream, seq)

    def peek(self, stream: str) -> Known | None:
        """What is cached of a stream, however old."""
        return self._cache.find(stream)

    def was_own(self, stream: str, seq: int) -> bool:
        """Whether an entry was appended here, and so told; asked once for each."""
        own = (stream, seq) in self._own
        self._own.discard((stream, seq))
        return own

    def is_changing(self, stream: str) -> bool:
        """Whether a change of the stream is under way here."""
        lock = self._locks.get(stream)
        return lock is not None and lock.locked()

    async def look(self, team: str) -> int | None:
        """How many incidents the team has had, counted before what other nodes did is taken in: to open one more upon
        this count fails if anybody has opened one that is not known here. Null where no other node writes.
        """
        if self.take_in is None:
            return None
        count = await self.store.count(f"incident/{team}")
        await self.take_in()
        return count

    def hold(self, stream: str) -> asyncio.Lock:
        """Keep a stream from changing while the lock is held."""
        lock = self._locks.get(stream)
        if lock is None:
            lock = self._locks[stream] = asyncio.Lock()
        elif lock.locked():
            self.store.hurry()
        return lock

    # ── changing ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def change(
        self,
        stream: str,
        decide: Decide,
        *,
        cause: str,
        book: Book | None = None,
        write: Write = NOTHING,
    ) -> list[Entry]:
        """Decide, plan and commit; the entries that were appended. `cause` names the failpoints around the commit.

        `write` is what else belongs to the transaction. Raises what `decide` raises; a `Denied` with a record is
        committed before it is raised. What rests on counters is not decided again here: that raises `Stale`, and
        whoever counted counts again.
        """
        return await self._gathering.change(Change(stream, (decide,), book), cause, write)

    async def _carry(self, stream: str, parts: Sequence[Part]) -> Sequence[Entry]:
        """Decide and commit what waited together; what the planners have added. Where nothing is left of all, that is
        not written.
        """
        write = join_writes(parts)
        for _ in range(MOST_TRIES):
            try:
                prepared, planned = await self._preparing.prepare_parts(parts)
                if prepared is not None:
                    await self._commit([prepared], tuple(dict.fromkeys(part.cause for part in parts)), write)
            except Stale:
                if write.counters:
                    raise
            else:
                return planned
        raise Conflict(f"{stream} is changing too fast; try again.")

    async def change_all(self, changes: Sequence[Change], *, cause: str, write: Write = NOTHING) -> None:
        """Decide, plan and commit many streams in one transaction, all of them or none. Raises `Stale` too.

        No stream may be named twice.
        """
        async with self._hold_all(change.stream for change in changes):
            await self._commit(await self._prepare_all(changes), (cause,), write)

    @asynccontextmanager
    async def _hold_all(self, streams: Iterable[str]) -> AsyncIterator[None]:
        held: list[asyncio.Lock] = []
        try:
            for stream in sorted(streams):
                lock = self.hold(stream)
                await lock.acquire()
                held.append(lock)
            yield
        finally:
            for lock in held:
                lock.release()

    async def _prepare_all(self, changes: Sequence[Change]) -> list[Prepared]:
        """All of them prepared; now and then whatever else is to be done has its turn."""
        await self.streams.read_ahead(change.stream for change in changes if not change.is_new)
        prepared: list[Prepared] = []
        try:
            for at, change in enumerate(changes, 1):
                ready = await self._preparing.prepare(change)
                if ready is not None:
                    prepared.append(ready)
                if at % MOST_WITHOUT_PAUSE == 0:
                    await asyncio.sleep(0)
        except BaseException:
            self._give_places_up(prepared)
            raise
        return prepared

    def _now(self) -> datetime:
        return self.clock.now()

    def _reserve(self, to: str) -> bool:
        return self.outgoing.reserve(to)

    def _is_busy(self, stream: str) -> bool:
        return self.outgoing.is_busy(stream)

    async def _commit(self, prepared: Sequence[Prepared], causes: Sequence[str], write: Write) -> None:
        """Write it, and remember what is on disk. What says nothing that is not there already is not written."""
        appends = tuple(each.append for each in prepared if not (self.store.is_sole and each.is_idle))
        if not appends and write is NOTHING:
            for each in prepared:
                self._take_up(each)
            return
        for cause in causes:
            self.reach(f"{cause}.before_commit")
        try:
            await self.store.write(msgspec.structs.replace(write, appends=(*write.appends, *appends)))
        except BaseException as error:
            self._give_places_up(prepared)
            for each in prepared:
                self._doubt_stream(each, error)
            raise
        for cause in causes:
            self.reach(f"{cause}.after_commit")
        changed = [each for each in prepared if each.rules != each.before.rules]
        marks = {team: self._ongoing.find_mark(team) for team in {each.team for each in changed}}
        for each in prepared:
            self._take_up(each)
        for each in changed:
            if marks[each.team] is None or self._ongoing.find_mark(each.team) != marks[each.team]:
                await self.disturb(each.team, each.draft.stream)
        for each in prepared:
            if each.draft.entries:
                self._tell_own(each.draft.stream, each.draft.entries)

    def _give_places_up(self, prepared: Sequence[Prepared]) -> None:
        for errand in (errand for each in prepared for errand in each.append.errands if errand.claimed):
            self.outgoing.give_up(errand)

    def _doubt_stream(self, prepared: Prepared, error: BaseException) -> None:
        """It may be on disk all the same: only the disk knows, so it is asked next time; that for all of it, unless
        somebody else was just first.
        """
        stream, incident = prepared.draft.stream, prepared.draft.incident
        if isinstance(error, Stale):
            self._cache.note(stream, prepared.before.seq + 1)
            return
        self._cache.forget(stream)
        if incident is not None:
            self.doubt(incident.team)

    def _take_up(self, prepared: Prepared) -> None:
        """It is on disk: remember it, and carry what it asks for."""
        draft = prepared.draft
        assert draft.incident is not None
        self._cache.remember(draft.stream, remember(prepared))
        self._ongoing.note(draft.incident, prepared.rules)
        for errand in prepared.append.errands:
            intent = draft.entries[errand.seq - prepared.append.expected_seq - 1].event
            assert isinstance(intent, Intent)
            if errand.claimed:
                self.outgoing.hand_out(errand, intent)
            elif errand.due_at <= draft.now:
                self.outgoing.queue(errand, intent)

    async def disturb(self, team: str, stream: str) -> None:
        """What an incident forbids holds for the others on its targets: where that changes, they are planned again."""
        for name in self.shelf.sharing(team):
            others = (await self.index(name)).streams
            self._disturbed.update((other, None) for other in others if other != stream)

    @property
    def is_disturbed(self) -> bool:
        """Whether there are such."""
        return bool(self._disturbed)

    def take_disturbed(self) -> list[str]:
        """The streams whose book has changed by what happened elsewhere; each is given out once."""
        taken = list(self._disturbed)
        self._disturbed.clear()
        return taken

    def _tell_own(self, stream: str, entries: Sequence[Entry]) -> None:
        """Tell what was appended here; whoever follows all nodes will meet it again."""
        if self.take_in is not None:
            self._own |= {(stream, entry.seq) for entry in entries}
        self._own_listeners.tell(stream, entries)
        self.tell(stream, entries)

    def tell(self, stream: str, entries: Sequence[Entry]) -> None:
        """Tell whoever listens what was appended, here or by another node."""
        self._listeners.tell(stream, entries)

    async def replan(self, stream: str) -> list[Entry]:
        """Ask the planners again because time has passed."""
        return await self._gathering.change(Change(stream, ()), "timer", NOTHING)

    async def replan_all(self, streams: Sequence[str]) -> None:
        """The same for many, in one commit: all of them or none."""
        await self.change_all([Change(stream, ()) for stream in streams], cause="timer")

    async def record(self, stream: str, outcome: Outcome, cause: str, write: Write = NOTHING) -> list[Entry]:
        """Append what the world answered, unless it has been answered before; `write` is what goes with it."""
        book = self.shelf.blank()  # what the world answered is so by any book
        return await self.change(stream, lambda now, _: answer(now, outcome), cause=cause, book=book, write=write)

    # ── the stream of a team ───────────────────────────────────────────────────────────────────────────────────────

    async def standing(self, team: str) -> Standing:
        """What stands for a team."""
        return await self.teams.standing(team)

    def forget_standing(self, team: str) -> None:
        """Another node may have changed what stands for a team."""
        self.teams.forget(team)

    async def change_team(
        self,
        team: str,
        event: Event,
        needed: Callable[[Standing], bool] = lambda standing: True,
        *,
        replan: bool = True,
    ) -> None:
        """Append to a team's stream if it is needed; its open incidents are planned again: their book has changed.

        Without `replan`, it changes no book. Where there are silences, the stream is looked at in the next turn: what
        they kept back may have to page now. Raises `Conflict`.
        """
        entry = await self.teams.append(team, event, needed)
        if entry is None:
            return
        self._tell_own(entry.stream, [entry])
        if replan:
            await self.replan_team(team)

    async def replan_team(self, team: str) -> bool:
        """Plan a team's open incidents again; one that cannot be is left to the next turn, and holds up no other: then
        the answer is false.
        """
        well = True
        for incident in await self.open_incidents(team):
            try:
                await self.replan(incident.id)
            except Exception:
                LOG.exception("%s could not be planned again; that is tried in the next turn.", incident.id)
                self._disturbed[incident.id], well = None, False
        return well
