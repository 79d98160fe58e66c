"""Heartbeats, heard and missed. What is late becomes an alert of the ordinary intake, and so does what comes back.

Each heartbeat is a row with the time at which it is late; what is due is looked for as the loop turns, so that a
restart changes nothing. A row is written after the intake has what follows from it: if the server dies between the two,
the same is said again, which an alert does not mind.

An alert that always fires counts as a beat by a route with `heartbeat`. Its repetitions may reach only the alert's own
row, so before such a heartbeat is called late that row is looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol
from weakref import WeakValueDictionary

from msgspec.structs import replace

from tocsin.alert.heartbeat import Beat, Heartbeat, State, Word, find_due, hear, make_signal
from tocsin.alert.row import AlertRow
from tocsin.engine.intake import Intake
from tocsin.engine.journal import Journal
from tocsin.errors import Conflict, NotFound

LOG = logging.getLogger("tocsin.beats")

LOOK_EVERY = timedelta(seconds=5)
"""How long what is due may go unseen that another node has written."""
MOST_TRIES = 20
"""Of a few nodes that hear one heartbeat at once, each writes its row soon."""
WATCH_EVERY = timedelta(seconds=10)
"""How often the row of an alert is looked at whose heartbeat is late."""


class BeatStore(Protocol):
    """The heartbeats' rows."""

    async def put(self, beat: Beat, before: Beat | None) -> bool:
        """Keep a beat in place of the one found before; false if another node has written the row since."""
        ...

    async def find(self, team: str, name: str) -> Beat | None: ...

    async def list_all(self) -> list[Beat]: ...

    async def forget(self, team: str, name: str) -> None: ...


class MemoryBeats:
    """Rows that end with the process: for an engine that is given no store for them."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Beat] = {}

    async def put(self, beat: Beat, before: Beat | None) -> bool:
        """Keep a beat; nobody else writes here."""
        self._rows[beat.team, beat.name] = beat
        return True

    async def find(self, team: str, name: str) -> Beat | None:
        """One heartbeat."""
        return self._rows.get((team, name))

    async def list_all(self) -> list[Beat]:
        """Every heartbeat that was heard, the one that is due first at the front."""
        return sorted(self._rows.values(), key=lambda beat: beat.due_at)

    async def forget(self, team: str, name: str) -> None:
        """Take a heartbeat away."""
        self._rows.pop((team, name), None)


class Beats:
    """Hears heartbeats, and notices those that do not come."""

    def __init__(self, journal: Journal, intake: Intake, store: BeatStore) -> None:
        self._journal, self._intake, self._store = journal, intake, store
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._look_at: datetime | None = None
        self._heard: set[tuple[str, str]] = set()
        intake.watch = self.watch

    def settings(self, team: str) -> Mapping[str, Heartbeat]:
        """The heartbeats of a team."""
        shelf = self._journal.shelf.settings.teams.get(team)
        return shelf.heartbeats if shelf else {}

    def list_unheard(self) -> list[tuple[str, str]]:
        """Team and name of the heartbeats that were never heard."""
        teams = self._journal.shelf.settings.teams
        return [(team, name) for team in teams for name in self.settings(team) if (team, name) not in self._heard]

    async def list_all(self) -> list[Beat]:
        """Every heartbeat of the settings that was ever heard."""
        return [beat for beat in await self._store.list_all() if beat.name in self.settings(beat.team)]

    async def ping(self, team: str, name: str, word: Word, said: str = "") -> Beat:
        """A heartbeat says something; committed when it returns. Raises `NotFound`, `Conflict` and `Unavailable`."""
        heartbeat = self.settings(team).get(name)
        if heartbeat is None:
            raise NotFound(f"The settings have no heartbeat {name[:100]!r} for this key.")
        key = (team, name)
        async with self._locks.setdefault(key, asyncio.Lock()):
            for _ in range(MOST_TRIES):
                before, now = await self._store.find(team, name), self._journal.clock.now()
                beat = hear(heartbeat, self._zone(team), before, key, word, said, now)
                if before is not None:
                    beat = replace(beat, watched=before.watched, watched_until=before.watched_until)
                if await self._settle(heartbeat, before, beat):
                    return beat
        raise Conflict(f"The heartbeat {name} is changing too fast; send it again.")

    async def watch(self, team: str, name: str, row: AlertRow) -> None:
        """An alert that always fires was heard, which is a beat while it does."""
        heartbeat = self.settings(team).get(name)
        if heartbeat is None or not row.firing:
            return
        async with self._locks.setdefault((team, name), asyncio.Lock()):
            for _ in range(MOST_TRIES):
                if await self._hear_alert(heartbeat, await self._store.find(team, name), (team, name), row):
                    return

    async def _hear_alert(self, heartbeat: Heartbeat, before: Beat | None, key: tuple[str, str], row: AlertRow) -> bool:
        now = self._journal.clock.now()
        beat = hear(heartbeat, self._zone(key[0]), before, key, Word.SUCCESS, "", now)
        return await self._settle(heartbeat, before, replace(beat, watched=row.fingerprint, watched_until=row.ends_at))

    async def _settle(self, heartbeat: Heartbeat, before: Beat | None, beat: Beat) -> bool:
        """Say what has changed about the alert, then write the row; false if another node has written it meanwhile."""
        if beat.is_bad or (before is not None and before.is_bad):
            signal = make_signal(heartbeat, beat, self._journal.clock.now())
            await self._intake.receive(beat.team, [signal])
        self._heard.add((beat.team, beat.name))
        self._look_at = min(self._look_at or beat.due_at, beat.due_at)
        return await self._store.put(beat, before)

    def _zone(self, team: str) -> str:
        return self._journal.shelf.settings.teams[team].staffing.timezone

    async def turn(self, now: datetime) -> int:
        """Notice what is late; how many that were."""
        if self._look_at is not None and now < self._look_at:
            return 0
        found, late = await self._store.list_all(), 0
        self._heard = {(beat.team, beat.name) for beat in found}
        for beat in found:
            if beat.due_at <= now and (beat.state in (State.UP, State.STARTED) or beat.watched):
                late += await self._miss_safely(beat, now)
        ahead = [beat.due_at for beat in found if beat.due_at > now]
        self._look_at = min([*ahead, now + LOOK_EVERY])
        return late

    async def _miss_safely(self, beat: Beat, now: datetime) -> bool:
        try:
            return await self._miss(beat.team, beat.name, now)
        except Exception:  # one heartbeat in trouble must not keep the loop from the others, nor from the pages
            LOG.exception("That %s of %s is late could not be told; it is tried again.", beat.name, beat.team)
            return False

    async def _miss(self, team: str, name: str, now: datetime) -> bool:
        """A heartbeat whose time has passed; whether its alert fires now and did not before."""
        heartbeat = self.settings(team).get(name)
        if heartbeat is None:
            await self._store.forget(team, name)
            return False
        async with self._locks.setdefault((team, name), asyncio.Lock()):
            beat = await self._store.find(team, name)
            if beat is None or beat.due_at > now:
                return False
            row = await self._intake.alert(team, beat.watched) if beat.watched else None
            if row is not None and row.firing and _was_repeated(beat, row):
                await self._hear_alert(heartbeat, beat, (team, name), row)
                return False
            was_bad = beat.is_bad
            due_at = now + WATCH_EVERY if beat.watched else find_due(heartbeat, self._zone(team), now)
            late = replace(beat, state=State.LATE, due_at=due_at)
            if was_bad:
                await self._store.put(late, beat)
                return False
            if await self._settle(heartbeat, beat, late):
                return True
            await self._take_back(heartbeat, (team, name))
            return False

    async def _take_back(self, heartbeat: Heartbeat, key: tuple[str, str]) -> None:
        """It was called late while another node heard it: what that said about the alert is what holds."""
        current = await self._store.find(*key)
        if current is not None and not current.is_bad:
            await self._intake.receive(key[0], [make_signal(heartbeat, current, self._journal.clock.now())])


def _was_repeated(beat: Beat, row: AlertRow) -> bool:
    """Whether an alert has been heard since it last counted as a beat."""
    return row.updated_at > beat.heard_at or (beat.watched_until is not None and row.ends_at > beat.watched_until)
