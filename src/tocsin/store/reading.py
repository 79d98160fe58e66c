"""What both stores read in the same words: streams, counters, alerts, cards.

A name with a NUL byte, which PostgreSQL would refuse to look up, is nobody's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, bindparam, case, func, select

from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Backlog, Card, Queue, Tally
from tocsin.store import schema
from tocsin.store.ends import Ends, is_team
from tocsin.store.rows import ENDED, SEALED, read_alert, read_card, read_sealed
from tocsin.timeline.codec import stamp, unstamp
from tocsin.timeline.entry import Sealed

T = TypeVar("T")

MOST_ASKED = 500
"""Fingerprints, or streams, in one query."""

LOAD = (
    select(*SEALED)
    .where(schema.entry.c.stream == bindparam("stream"), schema.entry.c.seq > bindparam("seq"))
    .order_by(schema.entry.c.seq)
)
"""What is asked for again and again is put in words once: that takes longer than most answers."""
COUNT = select(schema.counter.c.value).where(schema.counter.c.name == bindparam("name"))
ALERT = select(schema.alert).where(
    schema.alert.c.team == bindparam("team"), schema.alert.c.fingerprint == bindparam("fingerprint")
)


class Reading:
    """Reads by `read`, which each store does its own way. `ends` are still to be checked, where there are very many."""

    ends: Ends | None = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work`, which changes nothing."""
        raise NotImplementedError

    async def look_aside(self, work: Callable[[Connection], T]) -> T:
        """The same for work that may take long: whatever else is read does not wait for it."""
        return await self.read(work)

    def is_one_of(self, column: ColumnElement[str], names: Sequence[str]) -> ColumnElement[bool]:
        """Whether a column's text is one of these."""
        return column.in_(names)

    async def load(self, stream: str, after_seq: int = 0) -> list[Sealed]:
        """A stream's entries after `after_seq`. Raises `Corrupt` if the record does not hold."""
        if "\0" in stream:
            return []
        if self.ends is not None and not self.ends.is_done and not is_team(stream):
            await self.ends.settle_some([stream])
        asked = {"stream": stream, "seq": after_seq}
        return [read_sealed(row) for row in await self.read(lambda c: c.execute(LOAD, asked).all())]

    async def load_all(self, streams: Sequence[str]) -> dict[str, list[Sealed]]:
        """Those of the streams that are there, each from its first entry on."""
        if self.ends is not None and not self.ends.is_done:
            await self.ends.settle_some(streams)
        t = schema.entry
        names = [stream for stream in streams if "\0" not in stream]
        asked = [names[at : at + MOST_ASKED] for at in range(0, len(names), MOST_ASKED)]
        queries = [
            select(*SEALED).where(self.is_one_of(t.c.stream, each)).order_by(t.c.stream, t.c.seq) for each in asked
        ]
        found: dict[str, list[Sealed]] = {}
        rows = await self.read(lambda c: [row for query in queries for row in c.execute(query)])
        for sealed in map(read_sealed, rows):
            found.setdefault(sealed.stream, []).append(sealed)
        return found

    async def count(self, counter: str) -> int:
        """A counter's value; 0 before its first use."""
        return await self.read(lambda c: c.execute(COUNT, {"name": counter}).scalar()) or 0

    async def newest(self) -> datetime | None:
        """When the last entry was recorded."""
        t = schema.entry
        text = await self.read(lambda c: c.execute(select(t.c.recorded_at).order_by(t.c.pos.desc()).limit(1)).scalar())
        return None if text is None else unstamp(text)

    async def next_due(self) -> datetime | None:
        """The earliest wake or errand."""
        wake = select(func.min(schema.wake.c.due_at))
        errand = select(func.min(schema.errand.c.due_at)).where(schema.errand.c.claimed.is_(False))
        found = await self.read(lambda c: [c.execute(query).scalar() for query in (wake, errand)])
        times = [unstamp(text) for text in found if text is not None]
        return min(times, default=None)

    async def backlog(self, now: datetime) -> Backlog:
        """What was due before `now`, counted while others read."""
        wake, errand = schema.wake, schema.errand
        late = case((errand.c.due_at < stamp(now), errand.c.due_at))
        overdue = select(func.count(), func.min(wake.c.due_at)).where(wake.c.due_at < stamp(now))
        queued = select(errand.c.destination, errand.c.claimed, func.count(), func.min(late))
        queued = queued.group_by(errand.c.destination, errand.c.claimed).order_by(errand.c.destination)
        wakes, rows = await self.look_aside(lambda c: (c.execute(overdue).one(), c.execute(queued).all()))
        queues: dict[str, Queue] = {}
        for destination, claimed, many, oldest in rows:
            found = queues.get(destination, Queue(destination=destination))
            if claimed:
                queues[destination] = replace(found, handed_out=many)
            else:
                queues[destination] = replace(found, waiting=many, oldest=oldest and unstamp(oldest))
        return Backlog(wakes=wakes[0], oldest=wakes[1] and unstamp(wakes[1]), queues=tuple(queues.values()))

    async def tally(self) -> Tally:
        """What there is, counted while others read."""
        card, alert = schema.card, schema.alert
        told = select(card.c.team, card.c.status, func.count()).where(card.c.private.is_(False))
        incidents = told.group_by(card.c.team, card.c.status)
        firing = select(alert.c.team, func.count()).where(alert.c.firing.is_(True)).group_by(alert.c.team)
        found = await self.look_aside(lambda c: (c.execute(incidents).all(), c.execute(firing).all()))
        return Tally(
            incidents={(team, status): many for team, status, many in found[0]},
            firing={row[0]: row[1] for row in found[1]},
        )

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None:
        """One alert."""
        asked = {"team": team, "fingerprint": fingerprint}
        row = await self.read(lambda c: c.execute(ALERT, asked).first())
        return None if row is None else read_alert(row)

    async def alerts_by_fingerprint(self, team: str, fingerprints: Sequence[str]) -> dict[str, AlertRow]:
        """Those of a team's alerts that are there."""
        t = schema.alert
        asked = [fingerprints[at : at + MOST_ASKED] for at in range(0, len(fingerprints), MOST_ASKED)]
        queries = [select(t).where(t.c.team == team, self.is_one_of(t.c.fingerprint, each)) for each in asked]
        rows = await self.read(lambda c: [row for query in queries for row in c.execute(query)])
        return {row.fingerprint: read_alert(row) for row in rows}

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]:
        """Alerts, by team, by whether they fire, and by the incident that they belong to (empty: to none)."""
        t = schema.alert
        query = select(t).order_by(t.c.starts_at, t.c.fingerprint)
        query = query if team is None else query.where(t.c.team == team)
        query = query if firing is None else query.where(t.c.firing.is_(firing))
        query = query if incident is None else query.where(t.c.incident == (incident or None))
        return [read_alert(row) for row in await self.read(lambda c: c.execute(query).all())]

    async def silent(self, after: datetime, until: datetime) -> list[AlertRow]:
        """Alerts of incidents whose end passed in that stretch without a word."""
        t = schema.alert
        query = select(t).where(
            t.c.firing.is_(True), t.c.incident.is_not(None), t.c.ends_at > stamp(after), t.c.ends_at <= stamp(until)
        )
        return [read_alert(row) for row in await self.read(lambda c: c.execute(query).all())]

    async def cards(
        self, *, team: str | None = None, open_only: bool = False, private_only: bool = False
    ) -> list[Card]:
        """Incidents, the newest first."""
        if team is not None and "\0" in team:
            return []
        t = schema.card
        query = select(t).order_by(t.c.opened_at.desc(), t.c.id.desc())
        query = query if team is None else query.where(t.c.team == team)
        query = query.where(t.c.status.not_in(ENDED)) if open_only else query
        query = query.where(t.c.private.is_(True)) if private_only else query
        return await self.look_aside(lambda c: [read_card(row) for row in c.execute(query)])


def choose(rows: Sequence[Any], limit: int, places: Callable[[str], int]) -> list[Any]:
    """The first rows that find a place at their destination."""
    taken: Counter[str] = Counter()
    chosen: list[Any] = []
    for row in rows:
        if len(chosen) < limit and taken[row.destination] < places(row.destination):
            taken[row.destination] += 1
            chosen.append(row)
    return chosen
