"""A team's working hours: when they are open, when they begin next, and how time is counted in them.

A stretch belongs to the day on which it begins, by the wall of the team's zone; on a public holiday, or a day on which
the team says that it is closed, none begins. The clock's changes follow the rules of `wall.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from tocsin.oncall.holiday import name_holiday
from tocsin.oncall.restriction import parse_restriction
from tocsin.oncall.settings import Hours
from tocsin.oncall.wall import find_instant, find_wall

DAY = timedelta(days=1)
LAST_HOUR = timedelta(hours=1)
MOST_DAYS = 400
"""How far ahead somebody looks for working hours; who closes for longer has none."""
Stretch = tuple[datetime, datetime]


class WorkingTime(msgspec.Struct, frozen=True, gc=False):
    """Working hours in their zone."""

    hours: Hours
    zone: ZoneInfo

    def find_opening(self, since: datetime) -> datetime:
        """`since` if that lies in working hours, else when these begin next."""
        begins, _ = next(self._follow(since), (since, since))
        return max(since, begins.astimezone(since.tzinfo))

    def is_open(self, at: datetime) -> bool:
        """Whether a moment lies in working hours."""
        return self.find_opening(at) == at

    def find_last(self, at: datetime) -> datetime:
        """`at` if that lies in working hours, else an hour before these ended last: there is time to do something."""
        today = find_wall(at, self.zone).date()
        for before in range(MOST_DAYS):
            for begins, ends in reversed(_list_stretches(self.hours, self.zone, today - before * DAY)):
                if begins <= at < ends:
                    return at
                if ends <= at:
                    return max(begins, ends - LAST_HOUR).astimezone(at.tzinfo)
        return at

    def add(self, since: datetime, amount: timedelta) -> datetime:
        """`since` plus `amount` of working hours."""
        for begins, ends in self._follow(since):
            start = max(begins, since)
            if amount <= ends - start:
                return (start + amount).astimezone(since.tzinfo)
            amount -= ends - start
        return since + amount

    def close_next_day(self, since: datetime) -> datetime:
        """The end of the first working day after the day of `since`."""
        today = find_wall(since, self.zone).date()
        for ahead in range(1, MOST_DAYS):
            found = _list_stretches(self.hours, self.zone, today + ahead * DAY)
            if found:
                return max(ends for _, ends in found).astimezone(since.tzinfo)
        return since + DAY

    def _follow(self, since: datetime) -> Iterator[Stretch]:
        """The stretches that end after a moment, in order; where two overlap, what is left of the later one."""
        first, until = find_wall(since, self.zone).date() - 7 * DAY, since
        for ahead in range(MOST_DAYS):
            for begins, ends in _list_stretches(self.hours, self.zone, first + ahead * DAY):
                if ends > until:
                    yield begins if begins >= until or until == since else until, ends
                    until = ends


@lru_cache(maxsize=5000)
def _list_stretches(hours: Hours, zone: ZoneInfo, day: date) -> tuple[Stretch, ...]:
    """Those that begin on a day, in order. Remembered: every plan of what may wait asks."""
    if is_closed(hours, day):
        return ()
    found = set()
    for text in hours.during:
        for window in parse_restriction(text):
            if window.weekday == day.weekday():
                begins = datetime.combine(day, window.clock)
                found.add((find_instant(begins, zone), find_instant(begins + window.length, zone)))
    return tuple(sorted(found))


def is_closed(hours: Hours, day: date) -> bool:
    """Whether a team does not work on a day, whatever weekday that is."""
    return day in hours.closed or bool(hours.holidays is not None and name_holiday(hours.holidays, day))
