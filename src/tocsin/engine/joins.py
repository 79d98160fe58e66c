"""Alerts that have joined an incident in a storm, and stand on its timeline a moment later, all in one entry.

They are acknowledged when their rows are on disk; the row names the incident, and a mark beside it (`Joining`) says
that the timeline does not name the alert yet. Pages go first: nobody is kept waiting for a list. Whoever tells the
incident next puts them there, else the next quiet turn of the engine; a server that ended in between finds the marks.
Where the incident is over by then, the alert fires anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.alert.group import see
from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Joining, Store
from tocsin.incident.firing import JoinAlerts

MOST_STREAMS = 50
"""Incidents in one commit: so long at most does a page wait for the loop."""
LONGEST = timedelta(seconds=1)
"""After so long they are put on timelines though the storm goes on, or its pages wait to be sent."""


class Joined(msgspec.Struct, frozen=True, array_like=True):
    """An alert by its team and fingerprint, and the incident that it belongs to."""

    stream: str
    team: str
    fingerprint: str


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Joined]).decode


class Joins:
    """What waits for its place on a timeline, by incident."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, AlertRow]] = {}
        self._since: datetime | None = None
        self._last = 0
        self._kept = 0
        self._taken_away = 0
        self._doubted: dict[Joined, None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def mark(self, deferred: Sequence[tuple[str, AlertRow]]) -> Joining:
        """The mark that is written with the rows. Until `release` no mark is taken away."""
        self._last += 1
        self._kept += 1
        return Joining(n=self._last, body=_encode([Joined(to, row.team, row.fingerprint) for to, row in deferred]))

    def keep(self) -> None:
        """Take no mark away until `release`: what a mark says is not on disk any other way yet."""
        self._kept += 1

    def release(self) -> None:
        """It is, or came to nothing."""
        self._kept -= 1

    def add(self, deferred: Iterable[tuple[str, AlertRow]], now: datetime) -> None:
        """Rows and mark are on disk."""
        for stream, row in deferred:
            self._waiting.setdefault(stream, {})[row.fingerprint] = row
            self._since = self._since or now

    def doubt(self, deferred: Iterable[tuple[str, AlertRow]]) -> None:
        """The commit of rows and mark failed, and they may be on disk all the same: no mark is taken away until that is
        known.
        """
        self._doubted.update((Joined(stream, row.team, row.fingerprint), None) for stream, row in deferred)

    async def settle_doubts(self, store: Store, now: datetime) -> None:
        """Ask the disk what there is of those, if any. To be done before anything else is decided about them."""
        doubted = list(self._doubted)
        if doubted:
            await self._take_up(store, doubted, now)
        for each in doubted:
            self._doubted.pop(each, None)

    async def _take_up(self, store: Store, joined: Sequence[Joined], now: datetime) -> None:
        """Let those wait whose rows are on disk."""
        by_team: dict[str, list[Joined]] = {}
        for each in joined:
            by_team.setdefault(each.team, []).append(each)
        for team, found in by_team.items():
            rows = await store.alerts_by_fingerprint(team, [each.fingerprint for each in found])
            known = [(each.stream, rows[each.fingerprint]) for each in found if each.fingerprint in rows]
            self.add([(stream, row) for stream, row in known if row.incident == stream], now)

    def find(self, stream: str, more: Sequence[AlertRow] = ()) -> JoinAlerts | None:
        """What an incident is to be told of those that wait, and of `more`; null for nothing."""
        rows = {**self._waiting.get(stream, {}), **{row.fingerprint: row for row in more}}
        return JoinAlerts(by="alert", alerts=tuple(see(row) for row in rows.values())) if rows else None

    def are_due(self, now: datetime, *, is_busy: bool) -> bool:
        """Whether there are any, and nothing is more urgent, or they have waited long enough whatever else there is."""
        return self._since is not None and (not is_busy or now - self._since >= LONGEST)

    def next(self) -> list[str]:
        """The incidents to be told next."""
        return [stream for stream, _ in zip(self._waiting, range(MOST_STREAMS), strict=False)]

    def take(self, stream: str) -> list[AlertRow]:
        """They are on the timeline, or will be elsewhere."""
        rows = [*self._waiting.pop(stream, {}).values()]
        if not self._waiting:
            self._since = None
        return rows

    def drop(self, stream: str, told: JoinAlerts | None) -> None:
        """So much of it is on the timeline; what has come since waits on."""
        waiting = self._waiting.get(stream, {})
        for seen in told.alerts if told is not None else ():
            waiting.pop(seen.fingerprint, None)
        if not waiting:
            self.take(stream)

    @property
    def written(self) -> int | None:
        """The last mark, if there are any and none is needed any more; else null."""
        needed = self._waiting or self._kept or self._doubted
        return None if needed or self._last == self._taken_away else self._last

    def note_written(self, last: int) -> None:
        """The marks up to that one are taken away."""
        self._taken_away = last

    async def load(self, store: Store, now: datetime) -> None:
        """What a server before this one has not put on timelines."""
        for joining in await store.joining():
            self._last = max(self._last, joining.n)
            await self._take_up(store, _decode(joining.body), now)
