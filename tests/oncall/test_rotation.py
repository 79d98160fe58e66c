"""Turns change hands by the clock on the wall, summer time or not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.oncall.rota import Rota
from tocsin.oncall.rotation import find_turns, parse_handoff
from tocsin.oncall.settings import Person, Schedule, Staffing

BERLIN = ZoneInfo("Europe/Berlin")
WEEKLY = Schedule(people=("ana", "bo", "cy"), rotation="weekly", handoff="Monday 09:00", start=date(2026, 1, 1))


def test_the_week_turns_at_nine_on_monday() -> None:
    before = find_turns(WEEKLY, BERLIN, datetime(2026, 1, 12, 7, 59, tzinfo=UTC))
    after = find_turns(WEEKLY, BERLIN, datetime(2026, 1, 12, 8, 0, tzinfo=UTC))
    assert (before[0].person, after[0].person) == ("ana", "bo")
    assert before[0].ends_at == datetime(2026, 1, 12, 9, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 3, 23), 167), (date(2026, 10, 19), 169), (date(2026, 6, 1), 168)]
)
def test_a_week_with_a_clock_change_is_shorter_or_longer(monday: date, hours: int) -> None:
    starts = datetime(monday.year, monday.month, monday.day, 9, tzinfo=BERLIN).astimezone(UTC)
    turn = find_turns(WEEKLY, BERLIN, starts)[0]
    assert turn.ends_at is not None
    assert turn.ends_at.astimezone(UTC) - starts == timedelta(hours=hours)


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["daily", "weekly", "none"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_every_instant_has_somebody_and_turns_end_in_the_future(at: datetime, rotation: str, zone: str) -> None:
    schedule = Schedule(people=("ana", "bo"), rotation=rotation, handoff="Friday 17:30")
    turns = find_turns(schedule, ZoneInfo(zone), at)
    assert turns
    assert all(turn.ends_at is None or turn.ends_at > at for turn in turns)


def test_an_empty_schedule_has_nobody() -> None:
    assert find_turns(Schedule(people=()), BERLIN, datetime(2026, 1, 1, tzinfo=UTC)) == ()


@pytest.mark.parametrize("text", ["Moonday 09:00", "Monday", "09:60", "", "Monday nine"])
def test_a_handoff_that_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="Monday 09:00"):
        parse_handoff(text)


PEOPLE = {name: Person(name=name.title()) for name in ("ana", "bo", "cy")}
ROTA = Rota(
    staffing=Staffing(
        schedules={"primary": Schedule(people=("ana",)), "secondary": Schedule(people=("bo",))},
        levels=(("primary",), ("secondary",)),
        roles={"Engineering Lead": ("cy",), "Platform": ("secondary",)},
    ),
    people=PEOPLE,
)
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_schedule_is_called_by_its_whole_name_before_anything_that_the_name_may_mean() -> None:
    schedules = {"primary": Schedule(people=("ana",)), "primary-on-call": Schedule(people=("bo",))}
    staffing = Staffing(schedules={**schedules, "Team": Schedule(people=("cy",))})
    rota = Rota(staffing=staffing, people=PEOPLE)
    for name, person in (("primary", "ana"), ("Primary-On-Call", "bo"), ("primary on-call", "ana"), ("team", "cy")):
        assert rota.answer(name, NOW) == rota.behind(name) == (person,), name
    assert rota.answer("the team", NOW) == ("ana", "bo", "cy")


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("primary", ("ana",)),
        ("Primary On-Call", ("ana",)),
        ("primary on-call engineer", ("ana",)),
        ("engineering lead", ("cy",)),
        ("platform", ("bo",)),
        ("All on-call", ("ana", "bo")),
        ("entire team", ("ana", "bo", "cy")),
        ("All hands", ("ana", "bo", "cy")),
        ("all-hands", ("ana", "bo", "cy")),
        ("Emergency all-hands", ("ana", "bo", "cy")),
        ("bo", ("bo",)),
        ("CTO", ()),
        ("", ()),
    ],
)
def test_a_name_means_those_who_answer_to_it_and_nobody_is_guessed(name: str, people: tuple[str, ...]) -> None:
    assert ROTA.answer(name, NOW) == people
    assert ROTA.knows(name) == bool(people)
