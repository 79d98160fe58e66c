"""When a layer counts at all: times of the day, days of the week, and stretches of the week.

09:00-17:00             every day
Mon-Fri 09:00-17:00     on these days
Sat,Sun 22:00-06:00     beginning on these days, and over midnight
Fri 17:00 - Mon 09:00   one stretch of each week
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tocsin.oncall.wall import find_instant, find_wall

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = r"(\d{1,2}):(\d{2})"
TIMES = re.compile(rf"(?:([a-z,\- ]+?)\s+)?{CLOCK}\s*-\s*{CLOCK}")
SPAN = re.compile(rf"([a-z]+)\s+{CLOCK}\s*-\s*([a-z]+)\s+{CLOCK}")
DAY, WEEK = timedelta(days=1), timedelta(days=7)
HOW = "write it as `Mon-Fri 09:00-17:00`, `22:00-06:00` or `Fri 17:00 - Mon 09:00`"


class Window(NamedTuple):
    """A stretch of each week: it begins on `weekday` (from 0) at `clock`, and lasts `length` by the wall."""

    weekday: int
    clock: time
    length: timedelta


@lru_cache(maxsize=500)
def parse_restriction(text: str) -> tuple[Window, ...]:
    """The stretches of the week that a restriction names. Raises `ValueError` with a sentence."""
    bare = text.strip().lower()
    span, times = SPAN.fullmatch(bare), TIMES.fullmatch(bare)
    try:
        if span is not None:
            return (_read_span(*span.groups()),)
        if times is not None:
            days, *clock = times.groups()
            begins, ends = _read_clock(*clock[:2]), _read_clock(*clock[2:])
            length = ends - begins if ends > begins else ends - begins + DAY
            found = range(7) if days is None else _read_days(days)
            return tuple(Window(day, _as_time(begins), length) for day in found)
    except ValueError as error:
        raise ValueError(f"{text!r} names no time: {error}; {HOW}.") from None
    raise ValueError(f"{text!r} names no time; {HOW}.")


def _read_span(first: str, hour: str, minute: str, last: str, to_hour: str, to_minute: str) -> Window:
    begins, ends = _read_clock(hour, minute), _read_clock(to_hour, to_minute)
    if begins >= DAY:
        raise ValueError("a stretch begins at 23:59 at the latest")
    length = (_read_day(last) - _read_day(first)) * DAY + ends - begins
    return Window(_read_day(first), _as_time(begins), length if length > timedelta() else length + WEEK)


def _read_days(text: str) -> list[int]:
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        at, until = _read_day(first), _read_day(last or first)
        found += [(at + ahead) % 7 for ahead in range((until - at) % 7 + 1)]
    return sorted(set(found))


def _read_day(text: str) -> int:
    for number, name in enumerate(DAYS):
        if len(text) >= 3 and text.startswith(name):
            return number
    raise ValueError(f"{text!r} is no day of the week")


def _read_clock(hour: str, minute: str) -> timedelta:
    found = timedelta(hours=int(hour), minutes=int(minute))
    if int(minute) > 59 or found > DAY:
        raise ValueError(f"{hour}:{minute} is no time of the day")
    return found


def _as_time(since_midnight: timedelta) -> time:
    if since_midnight >= DAY:
        raise ValueError("a stretch begins at 23:59 at the latest")
    minutes = since_midnight // timedelta(minutes=1)
    return time(minutes // 60, minutes % 60)


class Open(NamedTuple):
    """Whether a layer counts now, and when that changes next (null: never)."""

    is_open: bool
    until: datetime | None


def find_open(restrictions: tuple[str, ...], zone: ZoneInfo, at: datetime) -> Open:
    """Whether any of the restrictions holds at `at`; where there is none, always."""
    if not restrictions:
        return Open(True, None)
    stretches = _list_stretches(tuple(restrictions), zone, find_wall(at, zone).date())
    is_open = any(begins <= at < ends for begins, ends in stretches)
    moments = [moment for stretch in stretches for moment in stretch if moment > at]
    return Open(is_open, min(moments, default=None))


@lru_cache(maxsize=5000)
def _list_stretches(restrictions: tuple[str, ...], zone: ZoneInfo, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Those that began up to a week before a day, and those of the week after it. Remembered: every page asks."""
    windows = [window for text in restrictions for window in parse_restriction(text)]
    found = set()
    for ahead in range(-8, 9):
        each = day + timedelta(days=ahead)
        for window in windows:
            if each.weekday() == window.weekday:
                begins = datetime.combine(each, window.clock)
                found.add((find_instant(begins, zone), find_instant(begins + window.length, zone)))
    return tuple(sorted(found))
