"""The streams of teams: what stands for a team whichever incident it has, such as its silences."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tocsin.engine.change import seal_all
from tocsin.engine.contracts import Append, Clock, Store, Write
from tocsin.errors import Conflict, Stale
from tocsin.incident.standing import Standing, fold_standing, team_stream
from tocsin.timeline import chain
from tocsin.timeline.codec import unseal
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Event

MOST_TRIES = 50
Hold = Callable[[str], asyncio.Lock]
"""The lock of a stream."""


class Teams:
    """What stands for each team, as it is remembered, and how it is changed."""

    def __init__(self, store: Store, clock: Clock, key: bytes, hold: Hold) -> None:
        self._store, self._clock, self._key, self._hold = store, clock, key, hold
        self._standing: dict[str, tuple[Standing, bytes]] = {}

    async def standing(self, team: str) -> Standing:
        """What stands for a team."""
        return (await self._find(team))[0]

    def forget(self, team: str) -> None:
        """Another node may have changed it, or a commit that failed may be on disk all the same."""
        self._standing.pop(team, None)

    async def _find(self, team: str) -> tuple[Standing, bytes]:
        if team not in self._standing:
            sealed = await self._store.load(team_stream(team))
            standing = fold_standing(map(unseal, sealed), Standing())
            self._standing[team] = (standing, sealed[-1].mac if sealed else chain.START)
        return self._standing[team]

    async def append(self, team: str, event: Event, needed: Callable[[Standing], bool]) -> Entry | None:
        """Append an event if it is needed; null if it is not.

        Where there are silences, the stream is looked at in the next turn. Raises `Conflict`.
        """
        stream = team_stream(team)
        async with self._hold(stream):
            for _ in range(MOST_TRIES):
                before, seal = await self._find(team)
                if not needed(before):
                    return None
                now = self._clock.now()
                entry = Entry(stream=stream, seq=before.seq + 1, at=now, recorded_at=now, event=event)
                sealed = seal_all(self._key, [entry], seal)
                after = fold_standing([entry], before)
                wake = now if before.silences or after.silences else None
                if await self._write(team, Append(stream=stream, expected_seq=before.seq, entries=sealed, wake=wake)):
                    self._standing[team] = (after, sealed[-1].mac)
                    return entry
        raise Conflict(f"What stands for {team} is changing too fast; try again.")

    async def rest(self, team: str, seq: int) -> None:
        """Let the stream sleep until time alone changes something in it, unless it has gone on since `seq`."""
        stream = team_stream(team)
        async with self._hold(stream):
            standing, _ = await self._find(team)
            if standing.seq == seq:
                wake = standing.next_change(self._clock.now())
                await self._write(team, Append(stream=stream, expected_seq=seq, wake=wake))

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
