"""When a duty is due: seconds as the clock runs, in working hours, or by the end of the next working day.

Working hours are Monday to Friday, 09:00 to 17:00 by the wall clock of the team's zone.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tocsin.playbook.model import Response
from tocsin.words import Calendar

OPENS, CLOSES = time(9), time(17)
FRIDAY = 4


def find_deadline(response: Response, within_s: int | None, since: datetime, zone: ZoneInfo) -> datetime | None:
    """When `response` is due if it counts from `since`; null where the level states no time at all."""
    if response.calendar is Calendar.NEXT_BUSINESS_DAY:
        return close_next_working_day(since, zone)
    if within_s is None:
        return None
    if response.calendar is Calendar.BUSINESS_HOURS:
        return add_working_time(since, timedelta(seconds=within_s), zone)
    return since + timedelta(seconds=within_s)


def close_next_working_day(since: datetime, zone: ZoneInfo) -> datetime:
    """The end of the first working day after the day of `since`."""
    day = since.astimezone(zone).date() + timedelta(days=1)
    while day.weekday() > FRIDAY:
        day += timedelta(days=1)
    return datetime.combine(day, CLOSES, tzinfo=zone).astimezone(since.tzinfo)


def find_opening(since: datetime, zone: ZoneInfo) -> datetime:
    """`since` if that lies in working hours, else when these begin next."""
    at = since.astimezone(zone)
    while True:
        opens, closes = _hours(at)
        if at.weekday() <= FRIDAY and at < closes:
            return since if at >= opens else opens.astimezone(since.tzinfo)
        at = datetime.combine(at.date() + timedelta(days=1), time(), tzinfo=zone)


def add_working_time(since: datetime, amount: timedelta, zone: ZoneInfo) -> datetime:
    """`since` plus `amount` of working hours."""
    at = since.astimezone(zone)
    while True:
        opens, closes = _hours(at)
        start = max(at, opens)
        if at.weekday() <= FRIDAY and start < closes:
            left = closes.timestamp() - start.timestamp()
            if amount.total_seconds() <= left:
                return (start.astimezone(since.tzinfo) + amount).astimezone(since.tzinfo)
            amount -= timedelta(seconds=left)
        at = datetime.combine(at.date() + timedelta(days=1), OPENS, tzinfo=zone)


def _hours(at: datetime) -> tuple[datetime, datetime]:
    return (
        datetime.combine(at.date(), OPENS, tzinfo=at.tzinfo),
        datetime.combine(at.date(), CLOSES, tzinfo=at.tzinfo),
    )
