"""Whose turn it is in one layer: wall-clock arithmetic in the schedule's own time zone.

A turn lasts from one hand-off to the next by the clock on the wall (`wall.py` has the rules), so that a week with a
change to or from summer time lasts 167 or 169 hours, and the hand-off stays at 09:00. That holds for turns of hours
too: of two that begin in an hour which the wall leaps over, the first has no time at all.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tocsin.oncall.settings import Layer, Schedule
from tocsin.oncall.wall import find_instant, find_wall

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERIODS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(days=7)}
ROTATIONS = ("none", "hourly", "daily", "weekly", "monthly", "custom")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
LEAST_LENGTH, MOST_LENGTH = timedelta(minutes=5), timedelta(days=3660)
LAST_DAY = 31


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One person's stretch of duty; `ends_at` is null where nobody ever hands over."""

    person: str
    ends_at: datetime | None


class Going(NamedTuple):
    """The turn that is under way: its number from the first one on, when it began and when it ends."""

    number: int
    starts_at: datetime
    ends_at: datetime


class _Cycle(NamedTuple):
    """When turns begin: `first` on the wall, then every `period`, or every so many `months`."""

    first: datetime
    period: timedelta
    months: int


def parse_handoff(text: str) -> tuple[int | None, time]:
    """``"Monday 09:00"`` as (weekday from 0, time); ``"09:00"`` has no weekday. Raises `ValueError` with a sentence."""
    try:
        *day, clock = text.split()
        at = time.fromisoformat(clock)
        weekday = WEEKDAYS.index(day[0].capitalize()) if day else None
    except (ValueError, IndexError):
        raise ValueError(f"{text!r} is no hand-off; write it as `Monday 09:00` or, for daily turns, `09:00`.") from None
    return weekday, at


def parse_monthly(text: str) -> tuple[int, time]:
    """``"15 09:00"`` as (day of the month, time). Raises `ValueError` with a sentence."""
    day, _, clock = text.strip().partition(" ")
    try:
        found = int(day), time.fromisoformat(clock.strip())
    except ValueError:
        found = (0, time())
    if not 1 <= found[0] <= LAST_DAY:
        raise ValueError(f"{text!r} is no monthly hand-off; write the day of the month and the time: `1 09:00`.")
    return found


def parse_length(text: str) -> timedelta:
    """``"36h"``, ``"10d"``, ``"2w"`` as a length. Raises `ValueError` with a sentence."""
    parts = re.findall(r"(\d{1,6})([mhdw])", text)
    found = sum((int(number) * UNITS[unit] for number, unit in parts), timedelta())
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no length of a turn; write it as `36h`, `10d` or `2w`.")
    if not LEAST_LENGTH <= found <= MOST_LENGTH:
        raise ValueError(f"A turn of {text} is too short or too long; 5 minutes to ten years will do.")
    return found


def find_rotation_fault(layer: Layer | Schedule) -> tuple[str, str]:
    """The field of a layer that does not hold, and a sentence; two empty texts where all do."""
    if layer.rotation not in ROTATIONS:
        return "rotation", f"it must be one of: {', '.join(ROTATIONS)}."
    if not 1 <= layer.every <= 1000:
        return "every", "it must lie between 1 and 1000."
    try:
        field = "length"
        if layer.rotation == "custom":
            parse_length(layer.length)
        elif layer.length:
            return "length", 'it is for `rotation = "custom"` only; the others take `every`.'
        field = "handoff"
        if layer.rotation == "monthly":
            parse_monthly(layer.handoff)
        else:
            parse_handoff(layer.handoff)
    except ValueError as error:
        return field, str(error)
    return "", ""


@lru_cache(maxsize=2000)
def _read_cycle(layer: Layer) -> _Cycle:
    if layer.rotation == "monthly":
        day, clock = parse_monthly(layer.handoff)
        first = _in_month(layer.start.year * 12 + layer.start.month - 1, day, clock)
        ahead = 1 if first.date() < layer.start else 0
        return _Cycle(_add_months(first, ahead, day), timedelta(), layer.every)
    weekday, clock = parse_handoff(layer.handoff)
    period = (parse_length(layer.length) if layer.rotation == "custom" else PERIODS[layer.rotation]) * layer.every
    by_day = weekday is None or (layer.rotation in ("daily", "hourly"))
    ahead = 0 if by_day or weekday is None else (weekday - layer.start.weekday()) % 7
    return _Cycle(datetime.combine(layer.start + timedelta(days=ahead), clock), period, 0)


def _in_month(number: int, day: int, clock: time) -> datetime:
    """The day of a month, counted from year 0; its last one where the month is shorter."""
    year, month = number // 12, number % 12 + 1
    return datetime.combine(date(year, month, min(day, calendar.monthrange(year, month)[1])), clock)


def _add_months(first: datetime, months: int, day: int) -> datetime:
    return _in_month(first.year * 12 + first.month - 1 + months, day, first.time())


def find_going(layer: Layer, zone: ZoneInfo, at: datetime) -> Going:
    """The turn of a layer that rotates which is under way at `at`."""
    cycle = _read_cycle(layer)
    number = _guess(cycle, find_wall(at, zone))
    while (ends_at := _find_start(layer, cycle, number + 1, zone)) <= at:
        number += 1  # the wall shows this hour for the second time: nobody hands back
    while (starts_at := _find_start(layer, cycle, number, zone)) > at:
        number, ends_at = number - 1, starts_at
    return Going(number, starts_at, ends_at)


def _guess(cycle: _Cycle, wall: datetime) -> int:
    if cycle.months:
        return ((wall.year - cycle.first.year) * 12 + wall.month - cycle.first.month) // cycle.months
    return (wall - cycle.first) // cycle.period


def _find_start(layer: Layer, cycle: _Cycle, number: int, zone: ZoneInfo) -> datetime:
    if cycle.months:
        return find_instant(_add_months(cycle.first, number * cycle.months, parse_monthly(layer.handoff)[0]), zone)
    return find_instant(cycle.first + number * cycle.period, zone)


@lru_cache(maxsize=2000)
def make_own_layer(schedule: Schedule) -> Layer:
    """The layer that a schedule's own fields are."""
    return Layer(
        people=schedule.people,
        rotation=schedule.rotation,
        handoff=schedule.handoff,
        start=schedule.start,
        every=schedule.every,
        length=schedule.length,
        during=schedule.during,
    )


def find_turns(schedule: Schedule, zone: ZoneInfo, at: datetime) -> tuple[Turn, ...]:
    """Whose turn it is in a schedule's own layer, whenever that counts: everybody for `none`, else one."""
    if not schedule.people:
        return ()
    if schedule.rotation == "none":
        return tuple(Turn(person=person, ends_at=None) for person in schedule.people)
    going = find_going(make_own_layer(schedule), zone, at)
    person = schedule.people[going.number % len(schedule.people)]
    return (Turn(person=person, ends_at=going.ends_at.astimezone(zone)),)
