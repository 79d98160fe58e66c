"""Recurrence rules of calendars, day by day: as much of RFC 5545 as calendars of shifts use, and never more work than
the days that lie between a beginning and an end.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.errors import BadInput

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"})
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
OLDEST = datetime(2000, 1, 1)  # noqa: DTZ001 a wall's time
WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")


class Rule(NamedTuple):
    """A rule that is understood. `days` are weekdays from 0, with their place in the month (0: each)."""

    frequency: str
    interval: int
    times: int | None
    days: tuple[tuple[int, int], ...]
    month_days: tuple[int, ...]
    months: tuple[int, ...]
    week_start: int


def read_rule(parts: Mapping[str, Sequence[str]]) -> Rule:
    """A rule of its parts. Raises `BadInput` for one of another kind, or that makes no sense."""
    frequency = parts.get("FREQ", ("",))[0].upper()
    days = tuple(_read_day(each) for each in parts.get("BYDAY", ()))
    odd = frequency not in FREQUENCIES or not set(parts) <= PARTS or any(len(each) > 60 for each in parts.values())
    if odd or (frequency != "MONTHLY" and any(place for _, place in days)) or (frequency == "YEARLY" and days):
        spelt = ";".join(f"{name}={','.join(values)}" for name, values in parts.items())
        raise BadInput(f"A recurrence rule is not understood here: {spelt[:100]}.")
    interval = int(parts.get("INTERVAL", ("1",))[0])
    if not 1 <= interval <= 1000:
        raise BadInput("A recurrence rule makes no sense: its interval.")
    return Rule(
        frequency,
        interval,
        int(parts["COUNT"][0]) if "COUNT" in parts else None,
        days,
        tuple(int(each) for each in parts.get("BYMONTHDAY", ())),
        tuple(int(each) for each in parts.get("BYMONTH", ())),
        DAYS.index(parts.get("WKST", ("MO",))[0].upper()),
    )


def _read_day(text: str) -> tuple[int, int]:
    found = WEEKDAY.fullmatch(text.upper())
    if found is None:
        raise BadInput(f"A recurrence rule names a day that is none: {text[:20]!r}.")
    return DAYS.index(found[2]), int(found[1] or 0)


def list_occurrences(rule: Rule, first: datetime, stop: datetime) -> Iterator[datetime]:
    """What the wall shows when it happens, from `first` to `stop`."""
    if first < OLDEST:
        raise BadInput("A recurrence rule begins before the year 2000.")
    seen, at = 0, first
    while at <= stop and (rule.times is None or seen < rule.times):
        if _fits(rule, first, at):
            seen += 1
            yield at
        at += timedelta(days=1)


def _fits(rule: Rule, first: datetime, at: datetime) -> bool:
    if rule.months and at.month not in rule.months:
        return False
    if rule.month_days and not _is_month_day(rule.month_days, at):
        return False
    if rule.days and not any(_is_day(day, place, at) for day, place in rule.days):
        return False
    match rule.frequency:
        case "DAILY":
            return (at - first).days % rule.interval == 0
        case "WEEKLY":
            weeks = (_find_week(at, rule.week_start) - _find_week(first, rule.week_start)).days // 7
            return weeks % rule.interval == 0 and (bool(rule.days) or at.weekday() == first.weekday())
        case "MONTHLY":
            months = (at.year - first.year) * 12 + at.month - first.month
            return months % rule.interval == 0 and (bool(rule.days or rule.month_days) or at.day == first.day)
        case _:
            in_month = bool(rule.months) or at.month == first.month
            on_day = bool(rule.month_days) or at.day == first.day
            return (at.year - first.year) % rule.interval == 0 and in_month and on_day


def _is_month_day(wanted: Sequence[int], at: datetime) -> bool:
    return at.day in wanted or at.day - 1 - calendar.monthrange(at.year, at.month)[1] in wanted


def _is_day(day: int, place: int, at: datetime) -> bool:
    if at.weekday() != day:
        return False
    last = calendar.monthrange(at.year, at.month)[1]
    return place == 0 or place in ((at.day - 1) // 7 + 1, -((last - at.day) // 7 + 1))


def _find_week(at: datetime, week_start: int) -> datetime:
    return at - timedelta(days=(at.weekday() - week_start) % 7)
