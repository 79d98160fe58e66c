"""Random schedules and who has their duty, looked at minute by minute in another way than the product does."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.oncall.override import Override
from tocsin.oncall.settings import Holidays, Layer, Schedule

PEOPLE = ("ana", "bo", "cy", "dee", "eli")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns")
DURING = ("Mon-Fri 09:00-17:00", "22:00-06:00", "Sat,Sun 00:00-24:00", "Fri 17:00 - Mon 09:00", "01:30-02:30")
AROUND = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_layer(dice: random.Random) -> Layer:
    """A layer of any kind."""
    rotation = dice.choice(("none", "hourly", "daily", "weekly", "monthly", "custom"))
    clock = dice.choice(("09:00", "02:30", "00:00", "23:45"))
    day = {"weekly": f"{dice.choice(('Monday', 'Sunday'))} ", "monthly": f"{dice.choice((1, 25, 29, 31))} "}
    return Layer(
        people=tuple(dice.sample(PEOPLE, dice.randint(1, 4))),
        rotation=rotation,
        handoff=day.get(rotation, "") + clock if rotation != "none" else "Monday 09:00",
        start=date(2026, 1, dice.randint(1, 28)),
        every=dice.choice((1, 1, 2, 3)),
        length=dice.choice(("12h", "36h", "10d")) if rotation == "custom" else "",
        during=tuple(dice.sample(DURING, dice.choice((0, 0, 1, 2)))),
    )


def make_schedule(dice: random.Random) -> Schedule:
    """A schedule with a layer or more, perhaps holidays."""
    own = make_layer(dice)
    holidays = Holidays(country="DE", region="BY", who=tuple(dice.sample(PEOPLE, dice.choice((0, 1)))))
    return Schedule(
        people=own.people,
        rotation=own.rotation,
        handoff=own.handoff,
        start=own.start,
        every=own.every,
        length=own.length,
        during=own.during,
        timezone=dice.choice(ZONES),
        layers=tuple(make_layer(dice) for _ in range(dice.choice((0, 0, 1, 2)))),
        holidays=holidays if dice.random() < 0.2 else None,
    )


def make_override(dice: random.Random, schedule: str, near: datetime) -> Override:
    """Somebody takes over around `near`."""
    starts_at = near + MINUTE * dice.randint(-3000, 3000)
    return Override(
        id=str(dice.random()),
        schedule=schedule,
        person=dice.choice(PEOPLE),
        starts_at=starts_at,
        ends_at=starts_at + MINUTE * dice.randint(1, 3000),
        instead=dice.choice(("", *PEOPLE)),
    )


def list_moments(near: datetime, dice: random.Random, count: int) -> list[datetime]:
    """Moments around `near`, some of them on the hour."""
    found = [near + MINUTE * dice.randint(-3 * 1440, 3 * 1440) for _ in range(count)]
    return sorted([*found, *(each.replace(minute=0) for each in found[: count // 2])])


def find_zone(schedule: Schedule) -> ZoneInfo:
    """A schedule's zone, which it has."""
    return ZoneInfo(schedule.timezone or "UTC")
