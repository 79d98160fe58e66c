"""Deadlines as the clock runs, in working hours, and by the next working day."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tocsin.incident.deadline import find_deadline
from tocsin.oncall.hours import WorkingTime
from tocsin.oncall.settings import Hours
from tocsin.playbook.model import Response
from tocsin.words import Calendar

BERLIN = ZoneInfo("Europe/Berlin")
WORKING = WorkingTime(Hours(), BERLIN)


def local(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("calendar", "since", "due"),
    [
        (Calendar.ELAPSED, local(2026, 3, 2, 3, 0), local(2026, 3, 2, 5, 0)),
        (Calendar.BUSINESS_HOURS, local(2026, 3, 2, 3, 0), local(2026, 3, 2, 11, 0)),
        (Calendar.BUSINESS_HOURS, local(2026, 3, 2, 16, 0), local(2026, 3, 3, 10, 0)),
        (Calendar.BUSINESS_HOURS, local(2026, 3, 6, 16, 30), local(2026, 3, 9, 10, 30)),
        (Calendar.BUSINESS_HOURS, local(2026, 3, 27, 16, 30), local(2026, 3, 30, 10, 30)),
        (Calendar.NEXT_BUSINESS_DAY, local(2026, 3, 2, 3, 0), local(2026, 3, 3, 17, 0)),
        (Calendar.NEXT_BUSINESS_DAY, local(2026, 3, 6, 12, 0), local(2026, 3, 9, 17, 0)),
    ],
)
def test_two_hours_end_when_the_calendar_says(calendar: Calendar, since: datetime, due: datetime) -> None:
    assert find_deadline(Response(within_s=7200, calendar=calendar), 7200, since, WORKING) == due


def test_no_number_and_no_calendar_is_no_deadline() -> None:
    assert find_deadline(Response(), None, local(2026, 3, 2, 3, 0), WORKING) is None
