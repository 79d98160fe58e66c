"""A batch of one team's signals, decided: which rows are written, and what each incident is told in the same commit.

An alert that joins is one more in its incident's one `AlertsJoined` of the commit; alerts of a group that is not open
yet open one incident together.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from tocsin.alert.group import TRIAGE, open_events, see
from tocsin.alert.held import Held, hold, sum_up
from tocsin.alert.route import Destination
from tocsin.alert.row import AlertRow, merge_row
from tocsin.alert.row import Change as Meaning
from tocsin.engine.change import Change, Decide
from tocsin.engine.contracts import Append, Store
from tocsin.engine.decide import decide
from tocsin.engine.hushing import is_hushed
from tocsin.engine.index import Mark, TeamIndex
from tocsin.engine.joins import Joins
from tocsin.engine.journal import Journal
from tocsin.engine.lane import Item
from tocsin.engine.memory import Memory
from tocsin.engine.opening import Opening, count_on
from tocsin.errors import Stale
from tocsin.incident.book import Book
from tocsin.incident.commands import Command
from tocsin.incident.firing import ClearAlert, JoinAlerts, RefireAlert
from tocsin.incident.state import Incident
from tocsin.timeline.events import AlertSeen, Event
from tocsin.words import Status

MOST_AT_ONCE = 100
"""So many signals together are no storm: what they join is told in the same commit."""


class Batch:
    """What one commit of the intake holds, of the first `count` signals that were given."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[AlertRow] = []
        self.changes: list[Change] = []
        self.counters: dict[str, int] = {}
        self.spans: dict[str, int] = {}
        self.deferred: list[tuple[str, AlertRow]] = []
        self.held = False
        self.watch: tuple[Append, ...] = ()
        self.caught_up: list[str] = []
        self.touched: list[tuple[Held, Item]] = []
        self.written: list[tuple[AlertRow, Item]] = []

    def write(self, row: AlertRow, item: Item) -> None:
        """Have a row written, and held once it is."""
        self.rows.append(row)
        self.written.append((row, item))

    def remember(self, memory: Memory) -> None:
        """It is on disk."""
        for row, item in self.written:
            held = memory.keep(row)
            if item.form is not None:
                memory.remember_form(item.keyed, *_spelt(item.form, held))
        for held, item in self.touched:
            memory.hear(held, item.row)
            if item.form is not None:
                memory.remember_form(item.keyed, *_spelt(item.form, held))


def _as_row(row: AlertRow, held: Held | None) -> AlertRow | None:
    """What is held of an alert, with the words of `row`; null if nothing is."""
    if held is None:
        return None
    return replace(
        row,
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        updated_at=held.updated_at,
        firing=held.firing,
        incident=held.incident,
    )


def _spelt(form: tuple[bytes, int, int], held: Held) -> tuple[bytes, Held, int, int]:
    return form[0], held, form[1], form[2]


async def decide_batch(journal: Journal, memory: Memory | None, items: list[Item], joins: Joins) -> Batch:
    """The batch of the items up to the first that speaks of an alert for the second time.

    In a storm what joins an open incident is put on its timeline later, with what joins it meanwhile.
    """
    team = items[0].to.team or TRIAGE
    seen = await journal.look(team)
    held = await _find_held(journal.store, memory, items)
    later = memory is not None and len(items) > MOST_AT_ONCE
    decided = _Deciding(journal, memory, team, await journal.index(team), joins, seen, later=later)
    for item in items:
        fingerprint = item.row.fingerprint
        if fingerprint in decided.seen:
            break
        decided.seen.add(fingerprint)
        known = held.get(fingerprint)
        if known is not None or not decided.take_new(item):
            await decided.take(item, known)
        decided.batch.count += 1
    await decided.finish()
    return decided.batch


async def _find_held(store: Store, memory: Memory | None, items: list[Item]) -> dict[str, Held]:
    """What is known of the alerts, from memory where that is all there is, else from the store."""
    team = items[0].row.team
    prints = [item.row.fingerprint for item in items]
    found = {}
    if memory is not None:
        found = {each: held for each in prints if (held := memory.find(team, each)) is not None}
    missing = [each for each in prints if each not in found and (memory is None or memory.is_doubted(team, each))]
    rows = await store.alerts_by_fingerprint(team, missing) if missing else {}
    return found | {each: hold(row) for each, row in rows.items()}


class _Deciding:
    """One batch in the making."""

    def __init__(
        self,
        journal: Journal,
        memory: Memory | None,
        team: str,
        index: TeamIndex,
        joins: Joins,
        count: int | None,
        *,
        later: bool,
    ) -> None:
        self.journal, self.team, self.index, self.joins, self.count = journal, team, index, joins, count
        self.memory, self.later = memory, later
        self.batch = Batch()
        self.seen: set[str] = set()
        self.cleared: list[tuple[Item, Held]] = []
        self.told: dict[str, list[Command]] = {}
        self.opened: dict[Mark, list[Item]] = {}

    def take_new(self, item: Item) -> bool:
        """Decide a signal that fires and of whose alert nothing is known, if that is a look-up; else false."""
        row = item.row
        if not row.firing or item.anew:
            return False
        if item.to.record:
            self.batch.write(row, item)
            return True
        joined = self.index.find(find_mark(item.to, row))
        if joined is None:
            return False
        self._belong(item, joined)
        return True

    async def take(self, item: Item, held: Held | None) -> None:
        """Decide one signal by what is known of its alert."""
        if item.anew:
            if held is not None and held.firing and not item.to.record and not self._belongs(held):
                item.row = replace(item.row, updated_at=held.updated_at)
                await self._fire(item, None)
        elif not item.row.firing:
            if held is not None and held.firing:
                self.cleared.append((item, held))
        else:
            item.row, meaning = merge_row(_as_row(item.row, held), item.row, firing=True)
            if held is not None and meaning is Meaning.REPEAT and not await self._is_back(item, held):
                self._repeat(item, held)
            elif item.to.record:
                self.batch.write(item.row, item)
            else:
                await self._fire(item, held)

    def _belongs(self, held: Held) -> bool:
        return held.incident is not None and held.incident in self.index.streams

    async def _is_back(self, item: Item, held: Held) -> bool:
        """Whether an alert fires anew, by its source's own account, that had only gone silent: nobody has it any more
        if its incident is over. What goes on since before is what somebody has called over, and comes back to nobody.
        """
        gone = held.ends_at <= min(item.began, item.row.updated_at)
        if not gone or held.incident is None or held.incident in self.index.streams:
            return False
        own = await self.journal.incident(held.incident)
        return own is None or not own.is_open

    def _repeat(self, item: Item, held: Held) -> None:
        row = item.row
        is_late = row.ends_at >= held.ends_at if row.starts_at == held.starts_at else row.starts_at == row.ends_at
        in_memory = self.memory is not None and self.memory.find(row.team, row.fingerprint) is held
        if not in_memory or not is_late or sum_up(row) != held.said:
            self.batch.write(row, item)
        else:
            self.batch.touched.append((held, item))

    async def _fire(self, item: Item, held: Held | None) -> None:
        """A firing alert comes back to its own incident, joins the open one of its scenario, or opens one."""
        row = item.row
        if held is not None and held.incident in self.index.streams:
            self._tell(held.incident, RefireAlert(by="alert", fingerprint=row.fingerprint, name=row.name))
            self.batch.write(replace(row, incident=held.incident), item)
            return
        own = await self.journal.incident(held.incident) if held is not None and held.incident else None
        if own is not None and (own.is_open or own.is_watched):  # another team's by now, or watched after its fix
            self._tell(own.id, RefireAlert(by="alert", fingerprint=row.fingerprint, name=row.name))
            self.batch.write(replace(row, incident=own.id), item)
            return
        mark = find_mark(item.to, row)
        joined = self.index.find(mark)
        if joined is None and await is_hushed(self.journal, self.team, row.labels):
            self.batch.write(replace(row, incident=None), item)
            self.batch.held = True
        elif joined is None:
            self.opened.setdefault(mark, []).append(item)
        elif held is not None and await self._knows(joined, row.fingerprint):
            self.batch.write(replace(row, incident=joined), item)
            self._tell(joined, RefireAlert(by="alert", fingerprint=row.fingerprint, name=row.name))
        else:
            self._belong(item, joined)

    def _belong(self, item: Item, joined: str) -> None:
        """It joins that incident, which is told in this commit or a moment later."""
        row = replace(item.row, incident=joined)
        self.batch.write(row, item)
        if self.later and joined not in self.told:
            self.batch.deferred.append((joined, row))
        else:
            self._join(joined, see(row))

    async def _knows(self, stream: str, fingerprint: str) -> bool:
        """Whether an alert was this incident's before it was another one's: then it does not join, it is back."""
        incident = await self.journal.incident(stream)
        return incident is not None and fingerprint in incident.alerts

    def _join(self, stream: str, seen: AlertSeen) -> None:
        commands = self.told.setdefault(stream, [])
        if commands and isinstance(commands[-1], JoinAlerts):
            commands[-1] = replace(commands[-1], alerts=(*commands[-1].alerts, seen))
        else:
            commands.append(JoinAlerts(by="alert", alerts=(seen,)))

    def _tell(self, stream: str, command: Command) -> None:
        self.told.setdefault(stream, []).append(command)

    async def finish(self) -> None:
        """Look up what is over, open what is to be opened, and put it all together."""
        await self._clear()
        if self.batch.held:
            self.batch.watch = (await self.journal.teams.keep_watch(self.team),)
        for stream, commands in self.told.items():
            before = self.joins.find(stream, [row for to, row in self.batch.deferred if to == stream])
            if before is not None:  # what is waiting for its place on the timeline comes first
                commands.insert(0, before)
                self.batch.caught_up.append(stream)
            self.batch.changes.append(Change(stream, tuple(tell_open(self.journal, each) for each in commands)))
        if self.opened:
            openings = await count_on(self.journal, self.team, len(self.opened), self.count)
            for opening, items in zip(openings, self.opened.values(), strict=True):
                self._open(opening, items)
            self.batch.counters = openings[-1].counters
            self.batch.spans = dict.fromkeys(self.batch.counters, len(openings))

    async def _clear(self) -> None:
        """What is over keeps what was said of it while it fired."""
        prints = [item.row.fingerprint for item, _ in self.cleared]
        rows = await self.journal.store.alerts_by_fingerprint(self.cleared[0][0].row.team, prints) if prints else {}
        for item, held in self.cleared:
            before = _as_row(rows.get(item.row.fingerprint, item.row), held)
            over, _ = merge_row(before, item.row, firing=False)
            self.batch.write(over, item)
            if over.incident is not None:
                self._tell(over.incident, ClearAlert(by="alert", fingerprint=over.fingerprint, name=over.name))

    def _open(self, opening: Opening, items: list[Item]) -> None:
        shelf = self.journal.shelf.settings.teams.get(self.team)
        digest, model = (shelf.playbook.digest, shelf.model) if shelf else ("", "")
        to, first = items[0].to, items[0].row
        seen = tuple(see(item.row) for item in items)
        choose = _opening(to, first, opening.number, digest, model, seen)
        self.batch.changes.append(Change(opening.stream, (choose,), is_new=True))
        for item in items:
            self.batch.write(replace(item.row, incident=opening.stream), item)


def _opening(
    to: Destination, row: AlertRow, number: str, digest: str, model: str, seen: tuple[AlertSeen, ...]
) -> Callable[[Incident | None, Book], tuple[Event, ...]]:
    def choose(incident: Incident | None, book: Book) -> tuple[Event, ...]:
        opened, joined = open_events(to, row, number, digest, model)
        return opened, msgspec.structs.replace(joined, alerts=seen)

    return choose


def find_mark(to: Destination, row: AlertRow) -> Mark:
    """What an incident must have for the alert to join it."""
    if to.scenario is not None:
        return Mark(to.scenario.title, "", to.group)
    return Mark(None, row.name, to.group)


def tell_open(journal: Journal, command: Command) -> Decide:
    """Have an incident told. What joins, or comes back, needs one that is open; raises `Stale` where it is not."""
    joins = isinstance(command, JoinAlerts | RefireAlert)

    def choose(incident: Incident | None, book: Book) -> tuple[Event, ...]:
        if joins and (incident is None or not (incident.is_open or incident.is_watched)):
            raise Stale("The incident is over: the alert belongs to another one.")
        if incident is None or incident.status is Status.CLOSED:
            return ()
        return decide(incident, book, command, journal.clock.now())

    return choose
