"""Whose turn it is: wall-clock arithmetic in the schedule's own time zone.

A turn lasts from one hand-off to the next by the clock on the wall, so that a week with a change to or from summer time
lasts 167 or 169 hours, and the hand-off stays at 09:00.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tocsin.oncall.settings import Schedule

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One person's stretch of duty; `ends_at` is null where nobody ever hands over."""

    person: str
    ends_at: datetime | None


def parse_handoff(text: str) -> tuple[int | None, time]:
    """``"Monday 09:00"`` as (weekday from 0, time); ``"09:00"`` has no weekday. Raises `ValueError` with a sentence."""
    try:
        *day, clock = text.split()
        at = time.fromisoformat(clock)
        weekday = WEEKDAYS.index(day[0].capitalize()) if day else None
    except (ValueError, IndexError):
        raise ValueError(f"{text!r} is no hand-off; write it as `Monday 09:00` or, for daily turns, `09:00`.") from None
    return weekday, at


def find_turns(schedule: Schedule, zone: ZoneInfo, at: datetime) -> tuple[Turn, ...]:
    """Who is on duty at `at`: everybody for `none`, one person for a rotation, nobody for an empty schedule."""
    if not schedule.people:
        return ()
    if schedule.rotation == "none":
        return tuple(Turn(person=person, ends_at=None) for person in schedule.people)
    period = PERIODS[schedule.rotation]
    first = _first_handoff(schedule)
    turns = (at.astimezone(zone).replace(tzinfo=None) - first) // period
    ends_at = (first + (turns + 1) * period).replace(tzinfo=zone)
    if ends_at.astimezone(UTC) <= at:  # the clock shows this hour for the second time: nobody hands back
        turns, ends_at = turns + 1, (first + (turns + 2) * period).replace(tzinfo=zone)
    return (Turn(person=schedule.people[turns % len(schedule.people)], ends_at=ends_at),)


def _first_handoff(schedule: Schedule) -> datetime:
    """The hand-off that starts the first turn, on or after `start`, as wall-clock time."""
    weekday, clock = parse_handoff(schedule.handoff)
    ahead = 0 if weekday is None or schedule.rotation == "daily" else (weekday - schedule.start.weekday()) % 7
    return datetime.combine(schedule.start + timedelta(days=ahead), clock)
