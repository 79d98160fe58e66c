"""Layers, restrictions, holidays and overrides: who has the duty, and that every instant is accounted for."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from tests.oncall.rotas import AROUND, find_zone, list_moments, make_override, make_schedule

from tocsin.oncall.duty import Plan, find_duty, list_shifts
from tocsin.oncall.finding import find_all, group_findings
from tocsin.oncall.override import Override
from tocsin.oncall.restriction import find_open, parse_restriction
from tocsin.oncall.rota import Rota
from tocsin.oncall.rotation import find_rotation_fault
from tocsin.oncall.settings import Holidays, Layer, Person, Schedule, Staffing, Stretch

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def who(schedule: Schedule, text: str, *overrides: Override, stretches: tuple[Stretch, ...] = ()) -> tuple[str, ...]:
    plan = Plan(name="p", schedule=schedule, zone=BERLIN, overrides=overrides, stretches=stretches)
    return find_duty(plan, at(text)).people


def test_the_upper_layer_wins_where_it_has_somebody() -> None:
    office = Layer(people=("bo",), during=("Mon-Fri 09:00-17:00",))
    schedule = Schedule(people=("ana",), layers=(office,))
    assert who(schedule, "2026-03-02 08:59") == ("ana",)
    assert who(schedule, "2026-03-02 09:00") == ("bo",)
    assert who(schedule, "2026-03-02 17:00") == ("ana",)
    assert who(schedule, "2026-03-01 12:00") == ("ana",), "a Sunday"


def test_a_restriction_may_span_midnight_and_the_weekend() -> None:
    night = Schedule(people=("ana",), during=("Fri 22:00-06:00",))
    assert who(night, "2026-03-06 23:00") == who(night, "2026-03-07 05:59") == ("ana",)
    assert who(night, "2026-03-07 06:00") == who(night, "2026-03-07 23:00") == ()
    weekend = Schedule(people=("ana",), during=("Fri 17:00 - Mon 09:00",))
    assert who(weekend, "2026-03-09 08:59") == ("ana",)
    assert who(weekend, "2026-03-09 09:00") == who(weekend, "2026-03-06 16:59") == ()


@pytest.mark.parametrize(
    "text", ["", "Mon", "Moonday 09:00-10:00", "09:00-25:00", "24:00-06:00", "Mon 9-17", "09:61-10:00"]
)
def test_a_restriction_that_names_no_time_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="Mon-Fri 09:00-17:00"):
        parse_restriction(text)


@pytest.mark.parametrize(
    ("layer", "field"),
    [
        (Layer(rotation="fortnightly"), "rotation"),
        (Layer(rotation="custom"), "length"),
        (Layer(rotation="custom", length="1s"), "length"),
        (Layer(rotation="weekly", length="2d"), "length"),
        (Layer(rotation="monthly", handoff="Monday 09:00"), "handoff"),
        (Layer(rotation="monthly", handoff="32 09:00"), "handoff"),
        (Layer(rotation="weekly", every=0), "every"),
        (Layer(rotation="weekly", handoff="9 o'clock"), "handoff"),
    ],
)
def test_a_rotation_that_does_not_hold_is_named(layer: Layer, field: str) -> None:
    assert find_rotation_fault(layer)[0] == field


def test_a_month_that_is_too_short_hands_over_on_its_last_day() -> None:
    monthly = Schedule(people=("ana", "bo"), rotation="monthly", handoff="31 09:00", start=date(2026, 1, 1))
    shifts = list_shifts(Plan(name="p", schedule=monthly, zone=BERLIN), at("2026-01-31 09:00"), at("2026-05-31 09:00"))
    assert [each.starts_at for each in shifts] == [
        at(f"2026-{day} 09:00") for day in ("01-31", "02-28", "03-31", "04-30")
    ]
    assert [each.people for each in shifts] == [("ana",), ("bo",), ("ana",), ("bo",)]


def test_hours_by_the_wall_vanish_in_the_leap_and_last_twice_when_it_is_shown_again() -> None:
    hourly = Schedule(people=("ana", "bo", "cy"), rotation="hourly", handoff="00:00", start=date(2026, 3, 29))
    spring = list_shifts(Plan(name="p", schedule=hourly, zone=BERLIN), at("2026-03-29 00:00"), at("2026-03-29 05:00"))
    assert [each.people[0] for each in spring] == ["ana", "bo", "ana", "bo"], "cy's 02:00 to 03:00 was never shown"
    autumn = list_shifts(Plan(name="p", schedule=hourly, zone=BERLIN), at("2026-10-25 02:00"), at("2026-10-25 04:00"))
    assert [each.ends_at - each.starts_at for each in autumn] == [2 * HOUR, HOUR]


def test_on_a_holiday_those_named_take_over_or_nobody_and_it_is_said() -> None:
    covered = Schedule(people=("ana",), holidays=Holidays(country="DE", region="BY", who=("bo",)))
    assert who(covered, "2026-12-25 00:00") == ("bo",)
    assert who(covered, "2026-12-24 23:59") == ("ana",)
    assert who(covered, "2026-01-06 12:00") == ("bo",), "Epiphany is one in Bavaria"
    berlin = Schedule(people=("ana",), holidays=Holidays(country="DE", region="BE"))
    assert who(berlin, "2026-01-06 12:00") == ("ana",)
    assert who(berlin, "2026-12-25 12:00") == ()
    rota = Rota(
        staffing=Staffing(timezone="Europe/Berlin", schedules={"primary": berlin}, levels=(("primary",),)),
        people={"ana": Person(name="Ana")},
    )
    (gap,) = find_all({"shop": rota}, lambda person: "", at("2026-12-24 12:00"), at("2026-12-29 12:00"))
    assert (gap.kind, gap.starts_at, gap.ends_at) == ("gap", at("2026-12-25 00:00"), at("2026-12-27 00:00"))


def test_an_override_takes_the_duty_and_the_later_one_holds() -> None:
    weekly = Schedule(people=("ana",))
    first = Override(
        id="1", schedule="p", person="bo", starts_at=at("2026-03-02 08:00"), ends_at=at("2026-03-02 18:00")
    )
    later = Override(
        id="2", schedule="p", person="cy", starts_at=at("2026-03-02 12:00"), ends_at=at("2026-03-02 13:00")
    )
    seen = [who(weekly, f"2026-03-02 {hour}:00", first, later)[0] for hour in ("07", "08", "12", "13", "18")]
    assert seen == ["ana", "bo", "cy", "bo", "ana"]


def test_an_override_for_somebody_leaves_the_others_alone() -> None:
    both = Schedule(people=("ana", "bo"))
    swap = Override(
        id="1",
        schedule="p",
        person="cy",
        instead="bo",
        starts_at=at("2026-03-02 08:00"),
        ends_at=at("2026-03-03 08:00"),
    )
    assert who(both, "2026-03-02 09:00", swap) == ("ana", "cy")
    assert who(Schedule(people=("ana",)), "2026-03-02 09:00", swap) == ("ana",)


def test_shifts_of_a_calendar_lie_above_the_layers() -> None:
    imported = Schedule(people=("ana",), ics="shifts.ics")
    stretch = Stretch(person="bo", starts_at=at("2026-03-02 08:00"), ends_at=at("2026-03-02 18:00"))
    assert who(imported, "2026-03-02 09:00", stretches=(stretch,)) == ("bo",)
    assert who(imported, "2026-03-02 19:00", stretches=(stretch,)) == ("ana",)


@pytest.mark.parametrize("block", range(10))
def test_every_instant_is_covered_or_reported_for_1000_random_schedules(block: int) -> None:
    """Shifts follow one another without a hole, say at any instant what is asked for that instant alone, and what
    nobody has is reported as a gap, to the minute.
    """
    for number in range(block * 100, block * 100 + 100):
        dice = random.Random(number)
        schedule, near = make_schedule(dice), dice.choice(AROUND)
        overrides = tuple(make_override(dice, "p", near) for _ in range(dice.randint(0, 3)))
        plan = Plan(name="p", schedule=schedule, zone=find_zone(schedule), overrides=overrides)
        since, until = near - timedelta(days=3), near + timedelta(days=3)
        shifts = list_shifts(plan, since, until)
        assert shifts[0].starts_at == since
        assert shifts[-1].ends_at == until
        assert all(one.ends_at == next_.starts_at for one, next_ in pairwise(shifts)), number
        staffing = Staffing(timezone=schedule.timezone or "UTC", schedules={"p": schedule}, levels=(("p",),))
        rota = Rota(staffing=staffing, people={}, overrides=overrides)
        gaps = [each for each in find_all({"t": rota}, lambda _: "", since, until) if each.kind == "gap"]
        for moment in list_moments(near, dice, 12):
            if not since <= moment < until:
                continue
            found = find_duty(plan, moment).people
            (shift,) = [each for each in shifts if each.starts_at <= moment < each.ends_at]
            assert shift.people == found, (number, moment)
            reported = [
                each for each in gaps if each.starts_at and each.ends_at and each.starts_at <= moment < each.ends_at
            ]
            assert bool(reported) == (not found), (number, moment)


@pytest.mark.parametrize("text", ["Mon-Fri 09:00-17:00", "22:00-06:00", "Sun 00:00-24:00", "Fri 17:00 - Mon 09:00"])
def test_a_restriction_is_what_the_wall_says_minute_by_minute(text: str) -> None:
    """Away from changes of the wall, what it means can be read off the wall."""
    means: dict[str, Callable[[int, int], bool]] = {
        "Mon-Fri 09:00-17:00": lambda day, minute: 540 <= minute < 1020 and day < 5,
        "22:00-06:00": lambda day, minute: minute >= 1320 or minute < 360,
        "Sun 00:00-24:00": lambda day, minute: day == 6,
        "Fri 17:00 - Mon 09:00": lambda day, minute: (
            (day == 4 and minute >= 1020) or day in (5, 6) or (day == 0 and minute < 540)
        ),
    }
    begins = at("2026-06-01 00:00")
    for minute in range(0, 7 * 1440, 5):
        wall = begins + timedelta(minutes=minute)
        expected = means[text](wall.weekday(), minute % 1440)
        assert find_open((text,), BERLIN, wall.astimezone(UTC)).is_open == expected, wall


def test_double_bookings_and_people_who_cannot_be_reached_are_found() -> None:
    people = {name: Person(name=name) for name in ("ana", "bo")}
    weekly = Schedule(people=("ana", "bo"), rotation="weekly", start=date(2026, 3, 2), timezone="UTC")
    rota = Rota(
        staffing=Staffing(
            schedules={"primary": weekly, "secondary": Schedule(people=("ana",))},
            levels=(("primary",), ("backup",)),
            roles={"Backup": ("secondary",)},
        ),
        people=people,
    )
    other = Rota(staffing=Staffing(schedules={"day": Schedule(people=("bo",))}, levels=(("day",),)), people=people)
    since, until = at("2026-03-02 09:00", ZoneInfo("UTC")), at("2026-03-16 09:00", ZoneInfo("UTC"))
    found = find_all(
        {"shop": rota, "bank": other}, lambda person: "has no channel" if person == "bo" else "", since, until
    )
    told = [(each.kind, each.team, each.text, each.starts_at, each.ends_at) for each in found]
    turn = at("2026-03-09 09:00", ZoneInfo("UTC"))
    assert (
        "double",
        "shop",
        "ana is on duty in primary and in secondary, so nobody stands behind them",
        since,
        turn,
    ) in told
    assert ("double", "shop", "bo is on duty in shop's primary and in bank's day", turn, until) in told
    assert ("unreachable", "shop", "bo has no channel", None, None) in told
    assert len(told) == 4


def test_a_double_booking_that_comes_back_is_one_finding() -> None:
    people = {name: Person(name=name) for name in ("ana", "bo")}
    nights = Schedule(people=("ana", "bo"), rotation="daily", handoff="09:00", start=date(2026, 3, 2), timezone="UTC")
    staffing = Staffing(
        schedules={"primary": nights, "secondary": Schedule(people=("ana",))}, levels=(("primary",), ("secondary",))
    )
    rotas = {"shop": Rota(staffing=staffing, people=people)}
    since, until = at("2026-03-02 09:00", ZoneInfo("UTC")), at("2026-03-16 09:00", ZoneInfo("UTC"))
    (found,) = group_findings(find_all(rotas, lambda person: "", since, until), rotas)
    said = "ana is on duty in primary and in secondary, so nobody stands behind them, 7 times in this time; the first"
    assert (found.text, found.starts_at, found.ends_at) == (said, since, since + timedelta(days=1))


def test_a_gap_stands_above_people_whom_nobody_reaches_and_who_are_one_finding_for_one_reason() -> None:
    many = tuple(f"p{number:03}" for number in range(200))
    staffing = Staffing(schedules={"day": Schedule(people=many), "night": Schedule()}, levels=(("day",),))
    rotas = {"shop": Rota(staffing=staffing, people={name: Person(name=name) for name in (*many, "ana")})}
    since, until = at("2026-03-02 09:00", ZoneInfo("UTC")), at("2026-03-16 09:00", ZoneInfo("UTC"))
    whys = {"p007": "has no channel"}
    found = group_findings(find_all(rotas, lambda person: whys.get(person, "needs mail"), since, until), rotas)
    assert [(each.kind, each.text) for each in found] == [
        ("gap", "nobody is on duty in night"),
        ("unreachable", "199 people, each needs mail: p000, p001, p002, p003, p004 and 194 more"),
        ("unreachable", "p007 has no channel"),
    ]


def test_whoever_has_the_duty_in_many_places_at_once_is_one_finding() -> None:
    people = {"ana": Person(name="ana")}
    both = {"primary": Schedule(people=("ana",)), "secondary": Schedule(people=("ana",))}
    pair = Rota(staffing=Staffing(schedules=both, levels=(("primary",), ("secondary",))), people=people)
    day = Rota(
        staffing=Staffing(schedules={"day": Schedule(people=("ana",))}, levels=(("day",),)),
        people=people,
    )
    since, until = at("2026-03-02 09:00", ZoneInfo("UTC")), at("2026-03-16 09:00", ZoneInfo("UTC"))
    found = find_all({"shop": pair, "bank": day, "post": day}, lambda person: "", since, until)
    assert [(each.text, each.starts_at, each.ends_at) for each in found] == [
        (
            "ana is on duty in shop's primary, in shop's secondary, in bank's day and in post's day, so nobody stands"
            " behind them in shop",
            since,
            until,
        )
    ]


def test_gaps_that_a_schedule_s_hours_leave_are_one_and_every_other_stands_by_itself() -> None:
    office = Schedule(people=("ana",), during=("Mon-Fri 09:00-17:00",), holidays=Holidays(country="DE"))
    rotas = {"t": Rota(staffing=Staffing(timezone="Europe/Berlin", schedules={"office": office}), people={})}
    since, until = at("2026-12-21 09:00"), at("2026-12-29 09:00")
    found = find_all(rotas, lambda _: "", since, until)
    assert len(found) == 5, "Monday to Friday nights, of which Christmas and the weekend are one long one"
    grouped = group_findings(found, rotas)
    assert [each.starts_at for each in grouped] == [at("2026-12-24 17:00"), at("2026-12-21 17:00")]
    assert grouped[0] in found, "it goes on over Christmas, which is no matter of hours"
    assert grouped[1].text == "nobody is on duty in office outside of its hours, 4 times in this time; the first"
    whole = Schedule(people=("ana",), holidays=Holidays(country="DE"))
    rotas = {"t": Rota(staffing=Staffing(timezone="Europe/Berlin", schedules={"office": whole}), people={})}
    found = find_all(rotas, lambda _: "", since, until)
    assert group_findings(found, rotas) == found and len(found) == 1, "a holiday without people is no matter of hours"
