"""Ninety days of a component, counted honestly.

A component counts as down while an incident that the public was told of had it down, from the opening of the incident
(not from the first public word) to its fix or its end, and again after it came back. What overlaps counts once. A
lesser impairment is shown and is no downtime. Days before tocsin's own record began, or that its retention has taken
away, are days of which nothing is known, and count neither way. A share is cut off, never rounded up: 100 % means
that not a second was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import ComponentStatus

DAYS = 90
DAY = timedelta(days=1)
DOWN = frozenset({ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE})


class Spell(msgspec.Struct, frozen=True):
    """A stretch of time in which something was impaired; it goes on while there is no end."""

    starts_at: datetime
    ends_at: datetime | None
    status: ComponentStatus


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day (UTC) of a component: seconds of which something is known, and of these down or impaired.

    `day` is the date; where `known_s` is 0, there is no record.
    """

    day: date
    known_s: int
    down_s: int
    impaired_s: int


def find_spells(entries: Iterable[Entry]) -> tuple[tuple[datetime, datetime | None], ...]:
    """When an incident was a trouble to users: from its opening to its fix or end, and so again when it came back."""
    spells: list[tuple[datetime, datetime | None]] = []
    for entry in entries:
        goes_on = bool(spells) and spells[-1][1] is None
        if isinstance(entry.event, e.IncidentOpened | e.Reopened) and not goes_on:
            spells.append((entry.at, None))
        elif isinstance(entry.event, e.Mitigated | e.Resolved | e.Closed | e.Dismissed | e.Merged) and goes_on:
            spells[-1] = (spells[-1][0], entry.at)
    return tuple(spells)


def count_days(spells: Sequence[Spell], since: datetime, now: datetime) -> tuple[Day, ...]:
    """The last 90 days, the oldest first, today included as far as it has gone. `since` is where the record begins."""
    today = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
    first = today - (DAYS - 1) * DAY
    return tuple(_count_day(first + n * DAY, spells, since, now) for n in range(DAYS))


def _count_day(begin: datetime, spells: Sequence[Spell], since: datetime, now: datetime) -> Day:
    start, end = max(begin, since), min(begin + DAY, now)
    if start >= end:
        return Day(day=begin.date(), known_s=0, down_s=0, impaired_s=0)
    down = _sum([each for each in spells if each.status in DOWN], start, end)
    return Day(
        day=begin.date(),
        known_s=int((end - start).total_seconds()),
        down_s=down,
        impaired_s=_sum(spells, start, end) - down,
    )


def _sum(spells: Sequence[Spell], start: datetime, end: datetime) -> int:
    """Seconds of a stretch that any of the spells covers, a started second counted as a whole one."""
    cut = sorted((max(each.starts_at, start), min(each.ends_at or end, end)) for each in spells)
    total, reached = timedelta(), start
    for begins, ends in cut:
        total += max(ends - max(begins, reached), timedelta())
        reached = max(reached, ends)
    return -int(-total.total_seconds() // 1)


def tell_share(days: Iterable[Day]) -> str | None:
    """The share of time that it was up, in percent with three digits, cut off; null where nothing is known."""
    days = tuple(days)
    known, down = sum(day.known_s for day in days), sum(day.down_s for day in days)
    if not known:
        return None
    thousandths = max(known - down, 0) * 100_000 // known
    return f"{thousandths // 1000}.{thousandths % 1000:03}"
