"""The intake: signals become alert rows, and what matters about them becomes events, before anybody is told "200".

In order, and one signal at a time for each team: two batches that speak of the same alert cannot open two incidents,
and one team's storm does not hold up another team's alert. Each signal's row and events are one transaction.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from weakref import WeakValueDictionary

from msgspec.structs import replace

from tocsin.alert.group import TRIAGE, find_open, open_events, see
from tocsin.alert.route import Destination, find_destination
from tocsin.alert.row import AlertRow, Change, merge
from tocsin.alert.signal import Signal, settle_times
from tocsin.engine.contracts import Write
from tocsin.engine.decide import decide
from tocsin.engine.journal import MOST_TRIES, Journal
from tocsin.engine.opening import declared, open_incident
from tocsin.engine.silencing import is_silenced
from tocsin.errors import Conflict, NotFound, Stale, Unavailable
from tocsin.incident.book import Book
from tocsin.incident.commands import ClearAlert, Command, JoinAlerts, RefireAlert
from tocsin.incident.state import Incident
from tocsin.timeline.events import Event
from tocsin.words import Status

LOG = logging.getLogger("tocsin.intake")

CAUSE = "intake"
MOST_FAILURES = 3
"""After so many signals of one batch that could not be taken in, the rest is not tried: the fault is ours."""
UNROUTED = ""
"""The team of alert rows whose team nobody knows."""

Watch = Callable[[str, str, AlertRow], Awaitable[None]]
"""Told of each alert that counts as a beat: its team, the heartbeat, and its row."""


async def _watch_nothing(team: str, heartbeat: str, row: AlertRow) -> None: ...


class Intake:
    """Takes signals in, and opens incidents by hand."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._shelf = journal.shelf
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.watch: Watch = _watch_nothing

    async def receive(self, team: str | None, signals: Iterable[Signal]) -> None:
        """Take in signals that came with the key of `team` (null: with none). Committed when it returns.

        What cannot be taken in does not keep the others out. Raises `Unavailable` at the end if there was any such.
        """
        failed = 0
        for signal in signals:
            try:
                await self._take(team, signal)
            except Exception:
                failed += 1
                LOG.exception("An alert (%s) could not be taken in.", signal.labels.get("alertname", "without a name"))
                if failed == MOST_FAILURES:
                    break
        if failed:
            count = "An alert" if failed == 1 else "Several alerts"
            raise Unavailable(f"{count} could not be taken in; the server's log says why. Send them again.")

    def _lock(self, team: str) -> asyncio.Lock:
        return self._locks.setdefault(team or TRIAGE, asyncio.Lock())

    async def declare(self, team: str, title: str, scenario: str | None, severity: str | None, by: str) -> str:
        """Open an incident by hand; its id. Raises `NotFound` for a team, scenario or severity that is not known."""
        if team not in self._shelf.settings.teams:
            raise NotFound(f"There is no team {team!r}; there are {', '.join(self._shelf.settings.teams)}.")
        events = declared(self._shelf.settings.teams[team], title, scenario, severity, by)
        async with self._lock(team):
            for _ in range(MOST_TRIES):
                try:
                    return await open_incident(self._journal, team, events, None, "command")
                except Stale:
                    continue
        raise Conflict("Too much is opening at once; try again.")

    async def _take(self, keyed: str | None, signal: Signal) -> None:
        to = find_destination(signal, keyed, self._shelf.routing(), self._shelf.settings.routes)
        async with self._lock(to.team or TRIAGE):
            row = await self._store_in_time(to, signal)
        if to.heartbeat and to.team:
            await self.watch(to.team, to.heartbeat, row)

    async def _store_in_time(self, to: Destination, signal: Signal) -> AlertRow:
        for _ in range(MOST_TRIES):
            try:
                return await self._store(to, signal)
            except Stale:  # another node has opened an incident meanwhile: the alert may belong to it
                continue
        raise Conflict("Too much is opening at once; send it again.")

    async def _store(self, to: Destination, signal: Signal) -> AlertRow:
        seen = await self._journal.look(to.team or TRIAGE)
        now = self._journal.clock.now()
        timed = settle_times(signal, now)
        team = to.team or UNROUTED
        fresh, _ = merge(None, timed, team, now)
        before = await self._journal.store.alert(team, fresh.fingerprint)
        row, change = merge(before, timed, team, now)
        if change is Change.NEW and not to.record:
            await self._fire(to, row, before, seen)
        elif change is Change.RESOLVED and row.incident is not None:
            cleared = ClearAlert(by="alert", fingerprint=row.fingerprint, name=row.name)
            await self._tell(row.incident, cleared, row)
        elif before is not None or change is Change.NEW:
            await self._journal.store.write(Write(alerts=(row,)))
        return row

    async def _fire(self, to: Destination, row: AlertRow, before: AlertRow | None, seen: int | None) -> None:
        """A firing alert comes back to its own incident, joins the open one of its scenario, or opens one."""
        own = await self._journal.incident(before.incident) if before and before.incident else None
        if own is not None and own.is_open:
            again = RefireAlert(by="alert", fingerprint=row.fingerprint, name=row.name)
            await self._tell(own.id, again, row)
            return
        joined = find_open(to, row, await self._journal.open_incidents(to.team or TRIAGE))
        if joined is not None:
            await self._tell(joined.id, JoinAlerts(by="alert", alerts=(see(row),)), row)
            return
        if await is_silenced(self._journal, to.team or TRIAGE, row.labels):
            await self._journal.store.write(Write(alerts=(replace(row, incident=None),)))
            return
        await self._open(to, row, seen)

    async def reconsider(self, team: str) -> None:
        """Alerts that a silence kept from opening an incident, and that it keeps no longer, open one if they fire.

        One that cannot be opened does not hold up the others. Raises `Unavailable` at the end if there was any such.
        """
        failed = False
        for row in await self._journal.store.alerts(_owner(team), firing=True):
            try:
                if row.incident is None and not await is_silenced(self._journal, team, row.labels):
                    await self._reconsider(team, row)
            except Exception:
                failed = True
                LOG.exception("An alert (%s) that is no longer silenced could not be taken in.", row.name)
        if failed:
            raise Unavailable("An alert that is no longer silenced could not be taken in; it is tried again.")

    async def _reconsider(self, team: str, row: AlertRow) -> None:
        signal = Signal(labels=row.labels, annotations=row.annotations, generator_url=row.generator_url)
        keyed = None if team == TRIAGE else team
        to = find_destination(signal, keyed, self._shelf.routing(), self._shelf.settings.routes)
        if to.record:
            return
        async with self._lock(team):
            for _ in range(MOST_TRIES):
                seen = await self._journal.look(team)
                now = await self._journal.store.alert(_owner(team), row.fingerprint)
                if now is None or not now.firing or now.incident is not None:
                    return
                try:
                    await self._fire(to, now, now, seen)
                    return
                except Stale:
                    continue
        raise Conflict("Too much is opening at once; it is tried again.")

    async def _tell(self, stream: str, command: Command, row: AlertRow) -> None:
        def choose(incident: Incident | None, book: Book) -> tuple[Event, ...]:
            if incident is None or incident.status is Status.CLOSED:
                return ()
            return decide(incident, book, command, self._journal.clock.now())

        await self._journal.change(stream, choose, cause=CAUSE, alerts=(replace(row, incident=stream),))

    async def _open(self, to: Destination, row: AlertRow, seen: int | None) -> None:
        team = to.team or TRIAGE
        shelf = self._shelf.settings.teams.get(team)
        digest, model = (shelf.playbook.digest, shelf.model) if shelf else ("", "")
        events = lambda number: open_events(to, row, number, digest, model)  # noqa: E731
        await open_incident(self._journal, team, events, row, CAUSE, seen)


def _owner(team: str) -> str:
    """The team of alert rows that belong to `team`, or to nobody yet."""
    return UNROUTED if team == TRIAGE else team
