"""A team's own working hours, with its holidays: compared minute by minute with what the wall shows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tocsin.incident.deadline import find_deadline
from tocsin.oncall.hours import WorkingTime
from tocsin.oncall.settings import Holidays, Hours
from tocsin.playbook.model import Response
from tocsin.words import Calendar

from .rotas import AROUND, ZONES

MINUTE = timedelta(minutes=1)
SHOWN: dict[str, Callable[[int, float], bool]] = {
    "Mon-Fri 09:00-17:00": lambda day, clock: day < 5 and 9 <= clock < 17,
    "Sun-Thu 08:30-16:00": lambda day, clock: day in (6, 0, 1, 2, 3) and 8.5 <= clock < 16,
    "Mon,Wed 10:00-12:00": lambda day, clock: day in (0, 2) and 10 <= clock < 12,
    "Mon-Fri 13:00-18:00": lambda day, clock: day < 5 and 13 <= clock < 18,
}
"""What each means, in another way than the product reads it."""
CLOSED = date(2026, 12, 24)
CHRISTMAS = (date(2026, 12, 25), date(2026, 12, 26))


def is_open(hours: Hours, zone: ZoneInfo, at: datetime) -> bool:
    wall = at.astimezone(zone)
    if wall.date() in hours.closed or (hours.holidays and wall.date() in CHRISTMAS):
        return False
    return any(SHOWN[each](wall.weekday(), wall.hour + wall.minute / 60) for each in hours.during)


@pytest.mark.parametrize("seed", range(60))
def test_openings_and_deadlines_are_what_counting_minutes_finds(seed: int) -> None:
    dice = random.Random(seed)
    hours = Hours(
        during=tuple(dice.sample(sorted(SHOWN), dice.randint(1, 2))),
        holidays=Holidays(country="DE") if dice.random() < 0.5 else None,
        closed=(CLOSED,) if dice.random() < 0.5 else (),
    )
    zone = ZoneInfo(dice.choice(ZONES))
    since = dice.choice(AROUND) + MINUTE * dice.randint(-4000, 2000)
    working, minutes = WorkingTime(hours, zone), dice.randint(1, 500)
    at, left, opening = since, minutes, None
    while left:
        if is_open(hours, zone, at):
            opening = opening or at
            left -= 1
        at += MINUTE
    assert working.find_opening(since) == opening
    assert working.add(since, minutes * MINUTE) == at
    assert working.is_open(since) == is_open(hours, zone, since)
    day = since.astimezone(zone).date() + timedelta(days=1)
    noon = [datetime(day.year, day.month, day.day, 0, 0, tzinfo=zone) + MINUTE * each for each in range(15 * 1440)]
    opened = next(each for each in noon if is_open(hours, zone, each))
    that_day = [each for each in noon if each.date() == opened.date() and is_open(hours, zone, each)]
    assert working.close_next_day(since) == that_day[-1].astimezone(UTC) + MINUTE


def local(*when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("calendar", "since", "due"),
    [
        (Calendar.BUSINESS_HOURS, local(2026, 12, 23, 15, 0), local(2026, 12, 28, 9, 0)),
        (Calendar.NEXT_BUSINESS_DAY, local(2026, 12, 23, 15, 0), local(2026, 12, 28, 16, 0)),
        (Calendar.BUSINESS_HOURS, local(2026, 12, 28, 7, 30), local(2026, 12, 28, 10, 0)),
        (Calendar.ELAPSED, local(2026, 12, 23, 15, 0), local(2026, 12, 23, 17, 0)),
    ],
)
def test_a_deadline_passes_over_christmas_and_the_day_on_which_the_team_is_closed(
    calendar: Calendar, since: datetime, due: datetime
) -> None:
    """From eight to four, holidays of Germany, closed on Christmas Eve: what came on Wednesday is due on Monday."""
    hours = Hours(during=("Mon-Fri 08:00-16:00",), holidays=Holidays(country="DE"), closed=(CLOSED,))
    working = WorkingTime(hours, ZoneInfo("Europe/Berlin"))
    assert find_deadline(Response(within_s=7200, calendar=calendar), 7200, since, working) == due


@pytest.mark.parametrize("seed", range(10))
def test_the_last_working_hour_before_a_moment(seed: int) -> None:
    dice = random.Random(seed)
    zone = ZoneInfo(dice.choice(ZONES))
    hours = Hours(during=(dice.choice(list(SHOWN)),), closed=(CLOSED,))
    at = datetime(2026, 12, 21, tzinfo=UTC) + dice.randrange(10 * 24 * 60) * MINUTE
    found = WorkingTime(hours, zone).find_last(at)
    if is_open(hours, zone, at):
        assert found == at
        return
    assert found <= at - 60 * MINUTE
    assert all(is_open(hours, zone, found + n * MINUTE) for n in range(60))
    after = found + 60 * MINUTE
    while after < at:
        assert not is_open(hours, zone, after)
        after += MINUTE
