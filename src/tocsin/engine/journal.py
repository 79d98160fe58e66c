"""The journal: the only way to change an incident.

A change takes the stream's lock, decides on the newest state, lets the planners add what follows, seals the entries and
commits them in one transaction together with the alerts, errands and the next wake that belong to them. What is kept in
memory is a cache of what the database holds; if somebody else was first, the change is decided again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from weakref import WeakValueDictionary

import msgspec

from tocsin.alert.row import AlertRow
from tocsin.engine.answered import has_answer
from tocsin.engine.change import Decide, Known, destination, find_forbidden, show_card
from tocsin.engine.contracts import Append, Clock, Errand, Store, Write
from tocsin.engine.draft import Draft
from tocsin.engine.failpoint import Reach, pass_by
from tocsin.engine.shelf import Shelf
from tocsin.errors import Conflict, Corrupt, Denied, Stale
from tocsin.incident.book import Book
from tocsin.incident.evolve import fold
from tocsin.incident.standing import Standing, fold_standing, team_stream
from tocsin.incident.state import Incident
from tocsin.timeline import chain
from tocsin.timeline.codec import unseal, unstamp
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import Event, Intent, Outcome, PageRequested, StepFinished, StepNotRun
from tocsin.words import StepState

LOG = logging.getLogger("tocsin.journal")

MOST_CACHED = 2000
MOST_NOTED = 20_000
MOST_TRIES = 50
"""Of a few nodes that change one incident at once, each is first soon; this many times nobody comes too late."""

Listener = Callable[[str, Sequence[Entry]], None]


class Journal:
    """Changes incidents and tells listeners what was appended."""

    def __init__(self, store: Store, shelf: Shelf, clock: Clock, key: bytes, reach: Reach = pass_by) -> None:
        self.store, self.shelf, self.clock = store, shelf, clock
        self.reach = reach
        self._key = key
        self._cache: OrderedDict[str, Known] = OrderedDict()
        self._reached: OrderedDict[str, int] = OrderedDict()
        self._own: set[tuple[str, int]] = set()
        self.take_in: Callable[[], Awaitable[None]] | None = None
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
            self._open[team] = {card.id for card in await self.store.cards(team=team, open_only=True)}
        found = [await self._find_whole(stream) for stream in sorted(self._open[team])]
        return [incident for incident in found if incident is not None and incident.is_open]

    async def _find_whole(self, stream: str) -> Incident | None:
        try:
            return await self.incident(stream)
        except Corrupt:
            LOG.critical("%s does not hold together; run `tocsin verify` and call somebody.", stream)
            return None

    async def _known(self, stream: str) -> Known:
        known = self._cache.get(stream)
        if known is not None and known.seq >= self._reached.get(stream, 0):
            self._cache.move_to_end(stream)
            return known
        return await self.catch_up(stream, await self.store.load(stream, known.seq if known else 0), known)

    async def catch_up(self, stream: str, sealed: Sequence[Sealed], known: Known | None = None) -> Known:
        """Fold in what the stream has beyond `known` (null: all of it); what is known then. Raises `Corrupt`."""
        before = known or Known()
        end = Sealed(stream=stream, seq=before.seq, at="", recorded_at="", body=b"", mac=before.seal)
        flaw = next(chain.check_stream(self._key, sealed, end), None)
        if flaw is not None:
            self._forget(stream)
            raise Corrupt(f"{flaw.text} Nothing is done in this incident until somebody has looked: `tocsin verify`.")
        incident = fold(map(unseal, sealed), before.incident)
        found = before
        if sealed:
            found = Known(incident=incident, seal=sealed[-1].mac, at=unstamp(sealed[-1].recorded_at))
        if self._reached.get(stream, 0) <= found.seq or not sealed:
            self._reached.pop(stream, None)
        self._remember(stream, found)
        if incident is not None:
            self._note_open(incident)
        return found

    def note(self, stream: str, seq: int) -> None:
        """The stream has an entry `seq`, perhaps from another node; what is cached of it may be behind."""
        self._reached[stream] = max(seq, self._reached.pop(stream, 0))
        while len(self._reached) > MOST_NOTED:
            self._cache.pop(self._reached.popitem(last=False)[0], None)

    def peek(self, stream: str) -> Known | None:
        """What is cached of a stream, however old."""
        return self._cache.get(stream)

    def _tell_own(self, stream: str, entries: Sequence[Entry]) -> None:
        """Tell what was appended here; whoever follows all nodes will meet it again."""
        if self.take_in is not None:
            self._own |= {(stream, entry.seq) for entry in entries}
        self.tell(stream, entries)

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

    def _remember(self, stream: str, known: Known) -> None:
        """Keep it, unless something newer has been kept meanwhile."""
        before = self._cache.pop(stream, known)
        self._cache[stream] = known if known.seq >= before.seq else before
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

        Raises what `decide` raises; a `Denied` with a record is committed before it is raised. What rests on counters
        is not decided again here: that raises `Stale`, and whoever counted counts again.
        """
        async with self._locks.setdefault(stream, asyncio.Lock()):
            for _ in range(MOST_TRIES):
                try:
                    return await self._try(stream, decide, cause, book, Write(alerts=alerts, counters=counters or {}))
                except Stale:
                    if counters:
                        raise
        raise Conflict(f"{stream} is changing too fast; try again.")

    async def _try(self, stream: str, decide: Decide, cause: str, book: Book | None, write: Write) -> list[Entry]:
        known = await self._known(stream)
        draft = Draft(stream, known.incident, max(self.clock.now(), known.at or self.clock.now()))
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
        except Stale:
            self.note(draft.stream, known.seq + 1)
            raise
        except Exception:  # it may be on disk all the same: only the disk knows, so it is asked next time
            self._forget(draft.stream)
            raise
        self.reach(f"{cause}.after_commit")
        seal = sealed[-1].mac if sealed else known.seal
        self._remember(draft.stream, Known(incident=draft.incident, seal=seal, at=draft.now))
        self._note_open(draft.incident)
        if find_forbidden(known.incident, book) != find_forbidden(draft.incident, book):
            await self.disturb(draft.incident)
        if draft.entries:
            self._tell_own(draft.stream, draft.entries)

    async def disturb(self, incident: Incident) -> None:
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
            release=self._is_released(draft, events),
            card=show_card(draft.incident),
        )

    def _is_released(self, draft: Draft, events: Sequence[Event]) -> bool:
        """Whether the evidence for which pages were held is there; what waits for its group goes on waiting."""
        assert draft.incident is not None
        team = self.shelf.settings.teams.get(draft.incident.team)
        wait = timedelta(seconds=team.policy.group_wait_s if team else 0.0)
        complete = draft.now >= draft.incident.started_at + wait
        return complete and any(isinstance(event, StepFinished | StepNotRun) for event in events)

    def _errands(self, draft: Draft) -> Iterable[Errand]:
        assert draft.incident is not None
        reading = any(
            record.state is StepState.RUNNING and not record.changes for record in draft.incident.steps.values()
        )
        team = self.shelf.settings.teams.get(draft.incident.team)
        evidence = team.policy.evidence_wait_s if team and reading else 0.0
        hold = timedelta(seconds=max(evidence, team.policy.group_wait_s if team else 0.0))
        for entry in draft.entries:
            if isinstance(entry.event, Intent):
                first = isinstance(entry.event, PageRequested) and entry.event.round == 1
                due_at = draft.now + hold if first else draft.now
                to = destination(entry.event)
                yield Errand(stream=entry.stream, seq=entry.seq, destination=to, due_at=due_at)

    def tell(self, stream: str, entries: Sequence[Entry]) -> None:
        """Tell whoever listens what was appended, here or by another node."""
        for listener in tuple(self._listeners):
            listener(stream, entries)

    async def replan(self, stream: str) -> list[Entry]:
        """Ask the planners again because time has passed."""
        return await self.change(stream, lambda incident, book: (), cause="timer")

    async def record(self, stream: str, outcome: Outcome, cause: str) -> list[Entry]:
        """Append what the world answered, unless another node has been answered before."""
        return await self.change(
            stream, lambda incident, book: () if has_answer(incident, outcome) else (outcome,), cause=cause
        )

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

    def forget_standing(self, team: str) -> None:
        """Another node may have changed what stands for a team."""
        self._standing.pop(team, None)

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
        stream = team_stream(team)
        async with self._locks.setdefault(stream, asyncio.Lock()):
            entry = await self._append_to_team(team, stream, event, needed)
        if entry is None:
            return
        self._tell_own(stream, [entry])
        for incident in await self.open_incidents(team) if replan else ():
            await self.replan(incident.id)

    async def _append_to_team(
        self, team: str, stream: str, event: Event, needed: Callable[[Standing], bool]
    ) -> Entry | None:
        for _ in range(MOST_TRIES):
            before, seal = await self._team(team)
            if not needed(before):
                return None
            now = self.clock.now()
            entry = Entry(stream=stream, seq=before.seq + 1, at=now, recorded_at=now, event=event)
            sealed = self._seal([entry], seal)
            after = fold_standing([entry], before)
            wake = now if before.silences or after.silences else None
            try:
                append = Append(stream=stream, expected_seq=before.seq, entries=sealed, wake=wake)
                await self.store.write(Write(appends=(append,)))
            except Stale:
                self.forget_standing(team)
                continue
            except Exception:  # it may be on disk all the same: only the disk knows, so it is asked next time
                self.forget_standing(team)
                raise
            self._standing[team] = (after, sealed[-1].mac)
            return entry
        raise Conflict(f"What stands for {team} is changing too fast; try again.")

    async def rest_team(self, team: str, seq: int) -> None:
        """Let a team's stream sleep until time alone changes something in it, unless it has gone on since `seq`."""
        stream = team_stream(team)
        async with self._locks.setdefault(stream, asyncio.Lock()):
            standing, _ = await self._team(team)
            if standing.seq != seq:
                return
            wake = standing.next_change(self.clock.now())
            try:
                await self.store.write(Write(appends=(Append(stream=stream, expected_seq=seq, wake=wake),)))
            except Stale:  # another node has changed it, and has it looked at
                self.forget_standing(team)
