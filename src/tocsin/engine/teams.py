"""The streams of teams: what stands for a team whichever incident it has, such as its silences."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from tocsin.engine.change import seal_all
from tocsin.engine.contracts import Append, Clock, Store, Write
from tocsin.errors import Conflict, Stale
from tocsin.incident.silence import Silence
from tocsin.incident.standing import Standing, fold_standing, team_stream
from tocsin.oncall.override import Override
from tocsin.timeline import chain
from tocsin.timeline.codec import unseal
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Event
from tocsin.timeline.sink import veil

MOST_TRIES = 50
LOOK_AGAIN = timedelta(seconds=5)
"""So long after a look comes another, if alerts were held back while it was under way."""
Hold = Callable[[str], asyncio.Lock]
"""The lock of a stream."""


class Teams:
    """What stands for each team, as it is remembered, and how it is changed."""

    def __init__(
        self, store: Store, clock: Clock, key: bytes, hold: Hold, windows: Callable[[str], Sequence[Silence]]
    ) -> None:
        self._store, self._clock, self._key, self._hold, self._windows = store, clock, key, hold, windows
        self._wakes: dict[str, datetime | None] = {}
        self._watched: set[str] = set()
        self._forgotten = 0
        self._standing: dict[str, tuple[Standing, bytes]] = {}
        self._overrides: dict[str, tuple[Override, ...]] = {}

    def overrides(self, team: str) -> tuple[Override, ...]:
        """What lies over a team's schedules, as of the last look at what stands for it."""
        return self._overrides.get(team, ())

    async def standing(self, team: str) -> Standing:
        """What stands for a team."""
        known = self._standing.get(team)
        return known[0] if known is not None else (await self._find(team))[0]

    def forget(self, team: str) -> None:
        """Another node may have changed it, or a commit that failed may be on disk all the same."""
        self._standing.pop(team, None)
        self._wakes.pop(team, None)
        self._forgotten += 1

    async def _find(self, team: str) -> tuple[Standing, bytes]:
        while (found := self._standing.get(team)) is None:
            before = self._forgotten
            sealed = await self._store.load(team_stream(team))
            if before != self._forgotten or team in self._standing:  # it went on while it was read
                continue
            standing = fold_standing(map(unseal, sealed), Standing())
            self._overrides[team] = standing.overrides
            self._standing[team] = (standing, sealed[-1].mac if sealed else chain.START)
        return found

    async def append(self, team: str, event: Event, needed: Callable[[Standing], bool]) -> Entry | None:
        """Append an event if it is needed; null if it is not.

        Where there are silences, the stream is looked at in the next turn. Raises `Conflict`.
        """
        stream, event = team_stream(team), veil(event)
        async with self._hold(stream):
            for _ in range(MOST_TRIES):
                before, seal = await self._find(team)
                if not needed(before):
                    return None
                now = self._clock.now()
                entry = Entry(stream=stream, seq=before.seq + 1, at=now, recorded_at=now, event=event)
                sealed = seal_all(self._key, [entry], seal)
                after = fold_standing([entry], before)
                wake = now if before.hushes or after.hushes or self._may_hold(team) else None
                if await self._write(team, Append(stream=stream, expected_seq=before.seq, entries=sealed, wake=wake)):
                    self._overrides[team] = after.overrides
                    self._standing[team] = (after, sealed[-1].mac)
                    self._wakes[team] = wake
                    return entry
        raise Conflict(f"What stands for {team} is changing too fast; try again.")

    def _may_hold(self, team: str) -> bool:
        """Whether a window of the settings holds alerts back, or a look at such is or may be owed."""
        return bool(self._windows(team)) or team not in self._wakes or self._wakes[team] is not None

    async def rest(self, team: str, seq: int, look_at: datetime | None = None) -> None:
        """Let the stream sleep until time alone changes something in it, at most until `look_at`, unless it has gone on
        since `seq`.
        """
        stream = team_stream(team)
        async with self._hold(stream):
            standing, _ = await self._find(team)
            if standing.seq == seq:
                planned_at = self._clock.now()
                change = self._next_change(team, standing)
                wake = min((each for each in (change, look_at) if each is not None), default=None)
                if team in self._watched:
                    soon = self._clock.now() + LOOK_AGAIN
                    wake = min(wake or soon, soon)
                self._watched.discard(team)
                append = Append(stream=stream, expected_seq=seq, wake=wake, planned_at=planned_at)
                if await self._write(team, append):
                    self._wakes[team] = wake

    def _next_change(self, team: str, standing: Standing) -> datetime | None:
        now = self._clock.now()
        ends = [each.ends_at for each in self._windows(team) if each.state(now) == "active"]
        change = standing.next_change(now)
        return min([*ends, *([change] if change is not None else [])], default=None)

    async def keep_watch(self, team: str) -> Append:
        """What belongs into the transaction of alerts that something of a team keeps from opening an incident.

        They are looked at when that ends, whatever happens to this process; and what has ended before the transaction
        makes it stale. A look that is owed already, or of which nothing is known, stays owed.
        """
        standing, _ = await self._find(team)
        moments = [self._next_change(team, standing), self._wakes.get(team, self._clock.now())]
        wake = min((each for each in moments if each is not None), default=self._clock.now())
        self._wakes[team] = wake
        self._watched.add(team)
        return Append(stream=team_stream(team), expected_seq=standing.seq, wake=wake)

    async def _write(self, team: str, append: Append) -> bool:
        """Whether it came in time. Where it failed otherwise, only the disk knows, so it is asked next time."""
        try:
            await self._store.write(Write(appends=(append,)))
        except Stale:
            self.forget(team)
            return False
        except BaseException:
            self.forget(team)
            raise
        return True
