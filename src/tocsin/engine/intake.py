"""The intake: signals become alert rows, and what matters about them becomes events, before anybody is told "200".

In order, and batch by batch for each team (`lane.py`): two messages that speak of the same alert cannot open two
incidents, and one team's storm does not hold up another team's alert. A batch's rows and events are one transaction; if
that fails, each of its signals is tried in one of its own, so that what cannot be taken in keeps nothing else out.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import repeat

from tocsin.alert.group import TRIAGE
from tocsin.alert.route import Directions
from tocsin.alert.row import AlertRow, begin_row
from tocsin.alert.signal import Signal, settle_times
from tocsin.alert.sources.posted import Post, read_signal
from tocsin.engine.alerts import Alerts
from tocsin.engine.batch import Batch, decide_batch, tell_open
from tocsin.engine.change import Change
from tocsin.engine.contracts import Write
from tocsin.engine.hushing import is_hushed
from tocsin.engine.inhibiting import Inhibiting
from tocsin.engine.journal import MOST_TRIES, Journal
from tocsin.engine.lane import MOST_FAILURES, Backlog, Item, Lane, Receipt
from tocsin.engine.opening import declared, open_incident
from tocsin.engine.shelf import Settings
from tocsin.errors import Conflict, NotFound, Stale, Unavailable
from tocsin.timeline.sink import veil

LOG = logging.getLogger("tocsin.intake")

CAUSE = "intake"
MOST_WAITING = 20_000
"""Signals on their way in; more are not taken before memory grows without bound."""
UNROUTED = ""
"""The team of alert rows whose team nobody knows."""

Spelt = tuple[bytes, int, int] | None
Watch = Callable[[str, str, AlertRow], Awaitable[None]]
"""Told of each alert that counts as a beat: its team, the heartbeat, and its row."""


async def _watch_nothing(team: str, heartbeat: str, row: AlertRow) -> None: ...


class Intake(Alerts):
    """Takes signals in, and opens incidents by hand."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self._shelf = journal.shelf
        self._lanes: dict[str, Lane] = {}
        self._backlog = Backlog()
        self._routed: tuple[Settings, Directions] | None = None
        self.inhibiting = Inhibiting(journal)
        self.watch: Watch = _watch_nothing

    async def receive(self, team: str | None, signals: Iterable[Signal]) -> None:
        """Take in signals that came with the key of `team` (null: with none). Committed when it returns.

        What cannot be taken in does not keep the others out. Raises `Unavailable` at the end if there was any such, and
        at once if too much is waiting.
        """
        signals = list(signals)
        await self.settle(self._begin(team, signals, [None] * len(signals)))

    async def receive_posts(self, team: str | None, posts: list[Post]) -> None:
        """As `receive`, for posts that are read no further than needed: what is heard again costs a look-up.

        Raises `Unusual`, before anything is taken in, for what must be read in full.
        """
        await self.memory()
        await self.settle(self.begin_posts(team, posts))

    @property
    def is_ready(self) -> bool:
        """Whether signals can be taken in without asking the disk for anything first."""
        return self._loaded or self._memory is None

    def begin_posts(self, team: str | None, posts: list[Post]) -> Receipt:
        """Take posts in as far as that is a look-up, and have the rest taken in: `settle` says when that is done."""
        left, epoch = posts, 0
        if self._memory is not None:
            self._directions()  # forgets forms that settings of before have left
            epoch = self._memory.epoch
            left = self._memory.take_repeats(team, posts, self._journal.clock.now())
        signals = [read_signal(post) for post in left]
        return self._begin(team, signals, [(bytes(post.labels), post.said(), epoch) for post in left])

    async def settle(self, receipt: Receipt) -> None:
        """Wait until a message is taken in. Raises `Unavailable` if a part of it could not be."""
        try:
            await receipt.settle(self.watch)
        finally:
            self._doubt(receipt.beats)  # of what was not heard as a beat, the next message is no mere repeat
        receipt.check()

    def _begin(self, team: str | None, signals: Sequence[Signal], forms: Sequence[Spelt]) -> Receipt:
        """`forms` says how each one's labels were spelt, so that they are known again."""
        if self._backlog.count and self._backlog.count + len(signals) > MOST_WAITING:
            raise Unavailable("More alerts are coming in than can be written down; send them again in a moment.")
        receipt = Receipt(len(signals), self._backlog)
        self._put(team, receipt, zip(signals, forms, repeat(None)))
        return receipt

    def _put(
        self, keyed: str | None, receipt: Receipt, signals: Iterable[tuple[Signal, Spelt, AlertRow | None]]
    ) -> None:
        """Have signals of one message taken in: how each was spelt, and the alert that it is if it is no message."""
        directions, now = self._directions(), self._journal.clock.now()
        lanes: dict[str | None, list[Item]] = {}
        for signal, form, again in signals:
            try:
                to = directions.find(signal, keyed)
                row = veil(begin_row(settle_times(signal, now), to.team or UNROUTED, now))
            except Exception:  # noqa: BLE001 it is logged there
                receipt.fail(signal.labels)
                continue
            item = Item(to, row, receipt, keyed, form, again)
            if not row.firing and self._memory is not None:
                self._memory.await_end(row.team, row.fingerprint)
            if to.heartbeat and to.team:
                receipt.beats.append(item)
            lanes.setdefault(to.team, []).append(item)
        for team, items in lanes.items():
            self._lane(team).put(items)

    def _directions(self) -> Directions:
        """Where alerts belong, made anew when the settings have changed; so are the forms known again."""
        settings = self._shelf.settings
        if self._routed is None or self._routed[0] is not settings:
            self._routed = (settings, Directions(self._shelf.routing(), settings.routes))
            if self._memory is not None:
                self._memory.forget_forms()
        return self._routed[1]

    def _lane(self, team: str | None) -> Lane:
        name = team or TRIAGE
        if name not in self._lanes:
            self._lanes[name] = Lane(self._take)
        return self._lanes[name]

    async def declare(
        self, team: str, title: str, scenario: str | None, severity: str | None, by: str, *, private: bool = False
    ) -> str:
        """Open an incident by hand, also a private one; its id. Raises `NotFound` for a team, scenario or severity that
        is not known.
        """
        if team not in self._shelf.settings.teams:
            raise NotFound(f"There is no team {team!r}; there are {', '.join(self._shelf.settings.teams)}.")
        events = declared(self._shelf.settings.teams[team], title, scenario, severity, by, private=private)
        async with self._lane(team).lock:
            for _ in range(MOST_TRIES):
                try:
                    return await open_incident(self._journal, team, events, "command")
                except BaseException as error:
                    self._journal.doubt(team)
                    if not isinstance(error, Stale):
                        raise
        raise Conflict("Too much is opening at once; try again.")

    # ── taking in ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _take(self, items: list[Item]) -> None:
        """Take in what belongs to one team: all in one transaction, or each in one of its own."""
        while items:
            taken = await self._try(items) if len(items) > 1 else await self._take_one(items[0])
            if not taken:
                for item in items:
                    await self._take_one(item)
                return
            items = items[taken:]

    async def _try(self, items: list[Item]) -> int:
        """How many of them, from the first on, were taken in together; none if that failed."""
        try:
            batch = await self._take_in(items)
        except Exception as error:  # noqa: BLE001 whatever it was, each is tried alone, and says so itself
            LOG.warning("%d alerts could not be taken in as one (%r); each is tried alone.", len(items), error)
            self._doubt(items)
            return 0
        for receipt, count in Counter(item.receipt for item in items[: batch.count]).items():
            receipt.done(count)
        return batch.count

    async def _take_one(self, item: Item) -> int:
        if item.receipt.failed >= MOST_FAILURES:
            item.receipt.done()
            return 1
        try:
            for tries in range(MOST_TRIES):
                try:
                    await self._take_in([item])
                    break
                except Stale:
                    self._doubt([item])
                    if tries == MOST_TRIES - 1:
                        raise
        except Exception:  # noqa: BLE001 it is logged there
            self._doubt([item])
            item.receipt.fail(item.row.labels)
        else:
            item.receipt.done()
        return 1

    async def _take_in(self, items: list[Item]) -> Batch:
        """Decide and commit. What inhibits is known before that, and what does no more after it."""
        await self.inhibiting.announce(items)
        memory = await self.memory()
        await self._joins.settle_doubts(self._journal.store, self._journal.clock.now())
        batch = await decide_batch(self._journal, memory, items, self._joins)
        await self._commit(batch)
        await self.inhibiting.withdraw(batch.rows)
        return batch

    def _doubt(self, items: list[Item]) -> None:
        """They may be on disk, or not: nothing in memory says so any more."""
        for item in items:
            self._journal.doubt(item.to.team or TRIAGE)
            if self._memory is not None:
                self._memory.doubt(item.row.team, item.row.fingerprint)

    async def _commit(self, batch: Batch) -> None:
        joining = (self._joins.mark(batch.deferred),) if batch.deferred else ()
        write = Write(
            alerts=tuple(batch.rows), counters=batch.counters, spans=batch.spans, joining=joining, appends=batch.watch
        )
        try:
            await self._write(batch, write)
            self._joins.add(batch.deferred, self._journal.clock.now())
        except BaseException as error:
            if not isinstance(error, Stale):
                self._joins.doubt(batch.deferred)
            raise
        finally:
            if joining:
                self._joins.release()
        for stream in batch.caught_up:
            self._joins.take(stream)
        if self._memory is not None:
            batch.remember(self._memory)

    async def _write(self, batch: Batch, write: Write) -> None:
        if batch.changes:
            await self._journal.change_all(batch.changes, cause=CAUSE, write=write)
            self._journal.counts.note(batch.counters)
        elif batch.rows:
            self._journal.reach(f"{CAUSE}.before_commit")
            await self._journal.store.write(write)
            self._journal.reach(f"{CAUSE}.after_commit")

    # ── what has joined in a storm ─────────────────────────────────────────────────────────────────────────────────

    async def join_waiting(self) -> int:
        """Put on their timelines what waits for it, unless alerts or pages wait too; how many incidents that were."""
        await self.memory()
        await self._joins.settle_doubts(self._journal.store, self._journal.clock.now())
        is_busy = self._backlog.count > 0 or self._journal.outgoing.is_crowded
        if not self._joins.are_due(self._journal.clock.now(), is_busy=is_busy):
            await self._take_marks_away()
            return 0
        streams = self._joins.next()
        for stream in streams:
            incident = await self._journal.incident(stream)
            if incident is None or not incident.is_open:
                await self._fire_anew(self._joins.take(stream))
        await self._join([stream for stream in streams if self._joins.find(stream) is not None])
        return len(streams)

    async def _join(self, streams: list[str]) -> None:
        """Tell incidents what has joined; where that fails for one, the others are told all the same."""
        try:
            await self._tell_joined(streams)
        except Stale:  # one of them is over by now: the next turn sees which
            return
        except Exception:
            if len(streams) > 1:
                for stream in streams:
                    await self._join([stream])
                return
            LOG.critical("What has joined %s cannot be put on its timeline; a restart tries again.", *streams)
            LOG.debug("This is why", exc_info=True)
            self._joins.keep()
            self._joins.take(streams[0])
        await self._take_marks_away()

    async def _take_marks_away(self) -> None:
        last = self._joins.written
        if last is not None:
            await self._journal.store.write(Write(joined=last))
            self._joins.note_written(last)

    async def _tell_joined(self, streams: list[str]) -> None:
        told = {stream: command for stream in streams if (command := self._joins.find(stream)) is not None}
        changes = [Change(stream, (tell_open(self._journal, command),)) for stream, command in told.items()]
        await self._journal.change_all(changes, cause=CAUSE)
        for stream, command in told.items():
            self._joins.drop(stream, command)

    async def _fire_anew(self, rows: list[AlertRow]) -> None:
        """Alerts whose incident ended before they stood on its timeline: nobody has heard of them there."""
        self._joins.keep()
        if await self._look_again(rows):  # else the marks stay, and a restart tries again
            self._joins.release()

    async def _look_again(self, rows: list[AlertRow]) -> bool:
        """Decide about alerts once more as if they had just fired, as far as they fire; whether that was possible."""
        receipt = Receipt(len(rows), self._backlog)
        for row in rows:
            signal = Signal(
                labels=row.labels,
                annotations=row.annotations,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                generator_url=row.generator_url,
                resolved=False,
            )
            self._put(row.team or None, receipt, [(signal, None, row)])
        await receipt.wait()
        return not receipt.failed

    async def reconsider(self, team: str) -> None:
        """Alerts that were hushed and so kept from opening an incident, and are no longer, open one if they fire.

        One that cannot be opened does not hold up the others. Raises `Unavailable` at the end if there was any such.
        """
        owner = UNROUTED if team == TRIAGE else team
        firing = await self.alerts(owner, firing=True, incident="")
        rows = [row for row in firing if not await is_hushed(self._journal, team, row.labels)]
        if rows and not await self._look_again(rows):
            raise Unavailable("An alert that is no longer hushed could not be taken in; it is tried again.")
