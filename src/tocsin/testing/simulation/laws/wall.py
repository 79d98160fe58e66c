"""What the clock on a wall shows, day by day, over every change of summer time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def list_times(clock: str, zone: ZoneInfo, first: date, last: date, weekdays: Collection[int]) -> Iterator[datetime]:
    """When it first shows a time ("02:30"), or leaps over it, on each of these days of the week."""
    hour, minute = map(int, clock.split(":"))
    day = first
    while day <= last:
        if day.weekday() in weekdays:
            wall = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 wall time
            yield first_shown(wall, zone)
        day += timedelta(days=1)


def first_shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a wall's clock first shows this time or, where it leaps over it, a later one."""
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    earlier = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    leap = earlier  # in a gap the later offset gives the earlier moment, somewhere before the leap
    while leap.astimezone(zone).replace(tzinfo=None) < wall:
        leap += timedelta(minutes=1)
    return leap
