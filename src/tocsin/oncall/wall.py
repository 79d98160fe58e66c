"""The clock on the wall and the moments it shows: the rules for the hours that it leaps over or shows twice.

A time that the wall never shows (clocks go forward) means the first moment after the leap. One that it shows twice
(clocks go back) means the first time. So wall-clock times in order are moments in order, and a week with a change to or
from summer time lasts 167 or 169 hours.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tocsin.errors import BadInput

SECOND = timedelta(seconds=1)
MIDNIGHT = time()
FIRST_YEAR, LAST_YEAR = 2000, 2199


def check_year(at: datetime) -> None:
    """Raise `BadInput` for a moment of a year that nobody has shifts in: near the ends of the calendar no zone and no
    length can be reckoned with.
    """
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise BadInput(f"{at:%d %b} {at.year} is too far away; write a year from {FIRST_YEAR} to {LAST_YEAR}.")


def find_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, that a wall-clock time without a zone means in `zone`."""
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if find_wall(found, zone) == wall:
        return found
    return _find_leap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), found, zone)


def _find_leap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment behind the leap that lies between two moments, to the second."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + ((after - before) // (2 * SECOND)) * SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def find_wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What the wall shows at a moment, without a zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def find_midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return find_instant(datetime.combine(day, MIDNIGHT), zone)
