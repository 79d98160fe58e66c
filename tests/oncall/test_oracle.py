"""Hand-offs of 60 zones over three years, beside what a calendar library makes of the same rules.

The library follows RFC 5545, which places a time that the wall leaps over behind the leap by as much as it lay before;
our rule (`wall.py`) places it at the first moment after the leap. So there the oracle is asked for that moment.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from tocsin.oncall.duty import Plan, list_shifts
from tocsin.oncall.settings import Schedule

ZONES = """
Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Adak America/Anchorage
America/Asuncion America/Bogota America/Buenos_Aires America/Caracas America/Chicago America/Denver America/Godthab
America/Halifax America/Havana America/Lima America/Los_Angeles America/Mexico_City America/Miquelon America/New_York
America/Phoenix America/Santiago America/Sao_Paulo America/Scoresbysund America/St_Johns America/Toronto
America/Winnipeg Antarctica/Troll Asia/Almaty Asia/Beirut Asia/Dhaka Asia/Dubai Asia/Gaza Asia/Jerusalem Asia/Kathmandu
Asia/Kolkata Asia/Seoul Asia/Shanghai Asia/Tehran Asia/Tokyo Atlantic/Azores Atlantic/Reykjavik Australia/Adelaide
Australia/Brisbane Australia/Eucla Australia/Lord_Howe Australia/Sydney Europe/Athens Europe/Berlin Europe/Chisinau
Europe/Dublin Europe/Istanbul Europe/Lisbon Europe/London Europe/Moscow Pacific/Apia Pacific/Auckland Pacific/Chatham
Pacific/Easter
""".split()
SINCE, UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
CLOCKS = ("00:00", "00:30", "01:00", "01:30", "02:00", "02:15", "02:30", "02:45", "03:00", "09:00", "23:30")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _find_changes(zone: ZoneInfo) -> list[datetime]:
    """The hours in which the wall changes, found by looking at each day."""
    days = [SINCE + DAY * at for at in range((UNTIL - SINCE).days)]
    return [day for day in days if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset()]


def _ask_oracle(
    zone: ZoneInfo, first: datetime, rule: str, every: int, since: datetime, until: datetime
) -> list[datetime]:
    """When the events of a rule begin, in UTC, by the library."""
    calendar, event = icalendar.Calendar(), icalendar.Event()
    event.add("uid", "handoff")
    event.add("dtstart", first.replace(tzinfo=zone))
    event.add("dtend", (first + HOUR).replace(tzinfo=zone))
    event.add("rrule", {"freq": rule, "interval": every})
    calendar.add_component(event)
    found = recurring_ical_events.of(calendar).between(since - 2 * DAY, until + 2 * DAY)
    clock = first.time()
    moments = {_mend(each["DTSTART"].dt, clock if rule != "HOURLY" else each["DTSTART"].dt.time()) for each in found}
    return sorted(moment for moment in moments if since < moment < until)


def _mend(moment: datetime, clock: object) -> datetime:
    """Where the wall never showed that time: the first moment behind the leap, found minute by minute."""
    found = moment.astimezone(UTC)
    if found.astimezone(moment.tzinfo).time() == clock:
        return found
    minute = timedelta(minutes=1)
    while (found - minute).astimezone(moment.tzinfo).utcoffset() == found.astimezone(moment.tzinfo).utcoffset():
        found -= minute
    return found


def _list_handoffs(schedule: Schedule, zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    shifts = list_shifts(Plan(name="s", schedule=schedule, zone=zone), since, until)
    assert [each.ends_at for each in shifts[:-1]] == [each.starts_at for each in shifts[1:]], "no hole"
    return [each.starts_at for each in shifts[1:]]


def test_there_are_sixty_zones() -> None:
    assert len(set(ZONES)) == 60


@pytest.mark.parametrize("name", ZONES)
def test_handoffs_are_where_an_independent_calendar_has_them(name: str) -> None:
    """Weekly over three years, and daily around each change of the wall, at a time that the zone's number picks."""
    zone, number = ZoneInfo(name), ZONES.index(name)
    clock = CLOCKS[number % len(CLOCKS)]
    at = datetime.combine(date(2023, 12, 31), datetime.strptime(clock, "%H:%M").time())
    people = ("ana", "bo", "cy")
    weekly = Schedule(people=people, rotation="weekly", handoff=f"Sunday {clock}", start=at.date())
    assert _list_handoffs(weekly, zone, SINCE, UNTIL) == _ask_oracle(zone, at, "WEEKLY", 1, SINCE, UNTIL)
    for change in _find_changes(zone):
        for each in CLOCKS:
            first = datetime.combine((change - 3 * DAY).date(), datetime.strptime(each, "%H:%M").time())
            daily = Schedule(people=people, rotation="daily", handoff=each, start=first.date())
            since, until = change - DAY, change + 2 * DAY
            assert _list_handoffs(daily, zone, since, until) == _ask_oracle(zone, first, "DAILY", 1, since, until)


@pytest.mark.parametrize("name", ZONES[::6])
def test_months_and_hours_too(name: str) -> None:
    zone, first = ZoneInfo(name), datetime(2024, 1, 15, 2, 30)
    people = ("ana", "bo")
    monthly = Schedule(people=people, rotation="monthly", handoff="15 02:30", start=first.date())
    assert _list_handoffs(monthly, zone, SINCE + 15 * DAY, UNTIL) == _ask_oracle(
        zone, first, "MONTHLY", 1, SINCE + 15 * DAY, UNTIL
    )
    long = Schedule(people=people, rotation="custom", length="10d", handoff="02:30", start=first.date())
    assert _list_handoffs(long, zone, SINCE + 15 * DAY, UNTIL) == _ask_oracle(
        zone, first, "DAILY", 10, SINCE + 15 * DAY, UNTIL
    )


@pytest.mark.parametrize("name", ZONES[::3])
def test_hours_around_each_change_of_the_wall(name: str) -> None:
    """A turn that the wall leaps over has no time, one that it shows twice lasts for both."""
    zone = ZoneInfo(name)
    for change in _find_changes(zone):
        for clock in ("00:00", "00:30"):
            first = datetime.combine((change - 2 * DAY).date(), datetime.strptime(clock, "%H:%M").time())
            hourly = Schedule(people=("ana", "bo", "cy"), rotation="hourly", handoff=clock, start=first.date())
            since, until = change - DAY, change + 2 * DAY
            assert _list_handoffs(hourly, zone, since, until) == _ask_oracle(zone, first, "HOURLY", 1, since, until)
