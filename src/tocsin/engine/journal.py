"""The journal: the only way to change an incident.

A change takes the stream's lock, decides on the newest state, lets the planners add what follows, seals the entries and
commits them in one transaction together with the alerts, errands and the next wake that belong to them. What is kept in
memory is a cache of what the database holds; if somebody else was first, the change is decided again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from weakref import WeakValueDictionary

import msgspec

from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Append, Card, Clock, Errand, Store, Write
from tocsin.engine.draft import Draft
from tocsin.engine.failpoint import Reach, pass_by
from tocsin.engine.shelf import Shelf
from tocsin.errors import Conflict, Corrupt, Denied, Stale
from tocsin.incident.book import Book
from tocsin.incident.evolve import fold
from tocsin.incident.plan import Happening
from tocsin.incident.standing import Standing, fold_standing, team_stream
from tocsin.incident.state import Incident
from tocsin.timeline import chain
from tocsin.timeline.codec import unseal
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import Event, Intent, Outcome, PageRequested, StepFinished, StepNotRun, StepRequested
from tocsin.words import StepState

LOG = logging.getLogger("tocsin.journal")

MOST_CACHED = 2000
MOST_TRIES = 8

Decide = Callable[[Incident | None, Book], Iterable[Happening]]
Listener = Callable[[str, Sequence[Entry]], None]


class Known(msgspec.Struct, kw_only=True):
    """A stream as it is cached: its incident and the seal of its last entry."""

    incident: Incident | None = None
    seal: bytes = chain.START


class Journal:
    """Changes incidents and tells listeners what was appended."""

    def __init__(self, store: Store, shelf: Shelf, clock: Clock, key: bytes, reach: Reach = pass_by) -> None:
        self.store, self.shelf, self.clock = store, shelf, clock
        self.reach = reach
        self._key = key
        self._cache: OrderedDict[str, Known] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._open: dict[str, set[str]] = {}
        self._standing: dict[str, tuple[Standing, bytes]] = {}
        self._listeners: list[Listener] = []
        self._disturbed: dict[str, None] = {}
        shelf.standing = self.standing
        shelf.open_incidents = self.open_incidents

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every stream and its new entries after each commit; the answer stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def incident(self, stream: str) -> Incident | None:
        """The incident as it is now, null if there is none."""
        return (await self._known(stream)).incident

    async def entries(self, stream: str, after_seq: int = 0) -> list[Entry]:
        """The timeline after `after_seq`."""
        return [unseal(sealed) for sealed in await self.store.load(stream, after_seq)]

    async def open_incidents(self, team: str) -> list[Incident]:
        """The open incidents of a team; one whose record does not hold together is left out, and said in the log."""
        if team not in self._open:
            stored = {card.id for card in await self.store.cards(team=team, open_only=True)}
            self._open[team] = stored | self._find_opened(team)
        found = [await self._find_whole(stream) for stream in sorted(self._open[team])]
        return [incident for incident in found if incident is not None and incident.is_open]

    def _find_opened(self, team: str) -> set[str]:
        """Those known to be open here: one of them may have been opened while the store was being asked."""
        known = [each.incident for each in self._cache.values() if each.incident is not None]
        return {incident.id for incident in known if incident.team == team and incident.is_open}

    async def _find_whole(self, stream: str) -> Incident | None:
        try:
            return await self.incident(stream)
        except Corrupt:
            LOG.critical("%s does not hold together; run `tocsin verify` and call somebody.", stream)
            return None

    async def _known(self, stream: str) -> Known:
        if stream in self._cache:
            self._cache.move_to_end(stream)
            return self._cache[stream]
        sealed = await self.store.load(stream)
        flaw = next(chain.check_stream(self._key, sealed), None)
        if flaw is not None:
            raise Corrupt(f"{flaw.text} Nothing is done in this incident until somebody has looked: `tocsin verify`.")
        known = Known(incident=fold(map(unseal, sealed)), seal=sealed[-1].mac if sealed else chain.START)
        self._remember(stream, known)
        return known

    def _remember(self, stream: str, known: Known) -> None:
        self._cache[stream] = known
        while len(self._cache) > MOST_CACHED:
            self._cache.popitem(last=False)

    def _forget(self, stream: str) -> None:
        self._cache.pop(stream, None)

    # ── changing ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def change(
        self,
        stream: str,
        decide: Decide,
        *,
        cause: str,
        book: Book | None = None,
        alerts: tuple[AlertRow, ...] = (),
        counters: dict[str, int] | None = None,
    ) -> list[Entry]:
        """Decide, plan and commit; the entries that were appended. `cause` names the failpoints around the commit.

        Raises what `decide` raises; a `Denied` with a record is committed before it is raised.
        """
        async with self._locks.setdefault(stream, asyncio.Lock()):
            for _ in range(MOST_TRIES):
                try:
                    return await self._try(stream, decide, cause, book, Write(alerts=alerts, counters=counters or {}))
                except Stale:
                    self._forget(stream)
        raise Conflict(f"{stream} is changing too fast; try again.")

    async def _try(self, stream: str, decide: Decide, cause: str, book: Book | None, write: Write) -> list[Entry]:
        known = await self._known(stream)
        draft = Draft(stream, known.incident, self.clock.now())
        denied: Denied | None = None
        try:
            draft.add(decide(known.incident, book or await self._book(known.incident)))
        except Denied as error:
            if not error.record:
                raise
            denied = error
            draft.add(error.record)
        await self._finish(draft, known, cause, write)
        if denied is not None:
            raise denied
        return draft.entries

    async def _book(self, incident: Incident | None) -> Book:
        """What is being opened has no book yet, and its first events are decided without one."""
        return self.shelf.blank() if incident is None else await self.shelf.book(incident)

    async def _finish(self, draft: Draft, known: Known, cause: str, write: Write) -> None:
        if draft.incident is None:
            return
        book = await self.shelf.book(draft.incident)
        draft.plan(book, self.shelf.rota(draft.incident))
        sealed = self._seal(draft.entries, known.seal)
        append = self._append(draft, known, sealed)
        self.reach(f"{cause}.before_commit")
        try:
            await self.store.write(msgspec.structs.replace(write, appends=(append,)))
        except Exception:  # it may be on disk all the same: only the disk knows, so it is asked next time
            self._forget(draft.stream)
            self._open.pop(draft.incident.team, None)
            raise
        self.reach(f"{cause}.after_commit")
        seal = sealed[-1].mac if sealed else known.seal
        self._remember(draft.stream, Known(incident=draft.incident, seal=seal))
        self._note_open(draft.incident)
        if find_forbidden(known.incident, book) != find_forbidden(draft.incident, book):
            await self._disturb(draft.incident)
        if draft.entries:
            self._tell(draft.stream, draft.entries)

    async def _disturb(self, incident: Incident) -> None:
        """What an incident forbids holds for the team's others too: where that changes, they are planned again."""
        others = [other.id for other in await self.open_incidents(incident.team) if other.id != incident.id]
        self._disturbed.update(dict.fromkeys(others))

    def take_disturbed(self) -> list[str]:
        """The streams whose book has changed by what happened elsewhere; each is given out once."""
        taken = list(self._disturbed)
        self._disturbed.clear()
        return taken

    def _note_open(self, incident: Incident) -> None:
        """Keep the sets of open incidents true for the teams that have been asked about."""
        for team, streams in self._open.items():
            if team == incident.team and incident.is_open:
                streams.add(incident.id)
            else:
                streams.discard(incident.id)

    def _seal(self, entries: Iterable[Entry], before: bytes) -> tuple[Sealed, ...]:
        sealed = []
        for entry in entries:
            sealed.append(chain.seal_entry(self._key, before, entry))
            before = sealed[-1].mac
        return tuple(sealed)

    def _append(self, draft: Draft, known: Known, sealed: tuple[Sealed, ...]) -> Append:
        assert draft.incident is not None
        events = [entry.event for entry in draft.entries]
        return Append(
            stream=draft.stream,
            expected_seq=known.incident.seq if known.incident else 0,
            entries=sealed,
            wake=draft.wake,
            errands=tuple(self._errands(draft)),
            closes=tuple(event.answers for event in events if isinstance(event, Outcome) and event.closes),
            release=any(isinstance(event, StepFinished | StepNotRun) for event in events),
            card=show_card(draft.incident),
        )

    def _errands(self, draft: Draft) -> Iterable[Errand]:
        assert draft.incident is not None
        reading = any(
            record.state is StepState.RUNNING and not record.changes for record in draft.incident.steps.values()
        )
        team = self.shelf.settings.teams.get(draft.incident.team)
        hold = timedelta(seconds=team.policy.evidence_wait_s if team and reading else 0)
        for entry in draft.entries:
            if isinstance(entry.event, Intent):
                first = isinstance(entry.event, PageRequested) and entry.event.round == 1
                due_at = draft.now + hold if first else draft.now
                to = destination(entry.event)
                yield Errand(stream=entry.stream, seq=entry.seq, destination=to, due_at=due_at)

    def _tell(self, stream: str, entries: Sequence[Entry]) -> None:
        for listener in tuple(self._listeners):
            listener(stream, entries)

    async def replan(self, stream: str) -> list[Entry]:
        """Ask the planners again because time has passed."""
        return await self.change(stream, lambda incident, book: (), cause="timer")

    async def record(self, stream: str, outcome: Outcome, cause: str) -> list[Entry]:
        """Append what the world answered."""
        return await self.change(stream, lambda incident, book: (outcome,), cause=cause)

    # ── the stream of a team ───────────────────────────────────────────────────────────────────────────────────────

    async def standing(self, team: str) -> Standing:
        """What stands for a team."""
        return (await self._team(team))[0]

    async def _team(self, team: str) -> tuple[Standing, bytes]:
        if team not in self._standing:
            sealed = await self.store.load(team_stream(team))
            standing = fold_standing(map(unseal, sealed), Standing())
            self._standing[team] = (standing, sealed[-1].mac if sealed else chain.START)
        return self._standing[team]

    async def change_team(self, team: str, event: Event) -> None:
        """Append to a team's stream; its open incidents are planned again, since their book has changed."""
        stream = team_stream(team)
        async with self._locks.setdefault(stream, asyncio.Lock()):
            standing, seal = await self._team(team)
            now = self.clock.now()
            entry = Entry(stream=stream, seq=standing.seq + 1, at=now, recorded_at=now, event=event)
            sealed = self._seal([entry], seal)
            append = Append(stream=stream, expected_seq=standing.seq, entries=sealed)
            try:
                await self.store.write(Write(appends=(append,)))
            except Exception:  # as above
                self._standing.pop(team, None)
                raise
            self._standing[team] = (fold_standing([entry], standing), sealed[-1].mac)
        self._tell(stream, [entry])
        for incident in await self.open_incidents(team):
            await self.replan(incident.id)


def find_forbidden(incident: Incident | None, book: Book) -> frozenset[int]:
    """The lines by which an open incident's scenario forbids something."""
    scenario = book.scenario(incident) if incident is not None and incident.is_open else None
    if incident is None or scenario is None:
        return frozenset()
    return frozenset(rule.line for rule in scenario.prohibitions if rule.line not in incident.lifted)


def destination(intent: Intent) -> str:
    """The queue of an intent: one for each channel, one for each target."""
    if isinstance(intent, PageRequested):
        return f"channel:{intent.channel}"
    if isinstance(intent, StepRequested):
        return f"target:{intent.target}"
    return "other"


def show_card(incident: Incident) -> Card:
    """The incident's row in lists."""
    return Card(
        id=incident.id,
        number=incident.number,
        team=incident.team,
        title=incident.title,
        scenario=incident.scenario,
        severity=incident.severity,
        status=incident.status,
        opened_at=incident.opened_at,
        acknowledged_at=incident.acknowledged_at,
        resolved_at=incident.resolved_at,
        seq=incident.seq,
        public=bool(incident.public_updates),
    )
