"""Shifts out of somebody's calendar: what calendars of shifts say is read, and what is hostile is refused in time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from tocsin.errors import BadInput
from tocsin.oncall.feed import Event, write_calendar
from tocsin.oncall.ical import MOST_BYTES, Read, read_calendar
from tocsin.oncall.settings import Person

BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = {"ana": Person(name="Ana Lind", mail="ana@example.org"), "bo": Person(name="Bo Rask")}
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


def calendar(*events: str) -> bytes:
    bodies = (f"BEGIN:VEVENT\r\nUID:e{at}\r\n{each}\r\nEND:VEVENT" for at, each in enumerate(events))
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *bodies, "END:VCALENDAR", ""]).encode()


def take(*events: str) -> Read:
    return read_calendar(calendar(*events), PEOPLE, BERLIN, SINCE, UNTIL)


def spell(read: Read) -> list[str]:
    return [f"{each.person} {each.starts_at.astimezone(BERLIN):%m-%d %H:%M}" for each in read.stretches]


WEEKLY = (
    "SUMMARY:Ana Lind on call\r\nDTSTART;TZID=Europe/Berlin:20260302T090000\r\nDTEND;TZID=Europe/Berlin:20260309T090000"
)


def test_weeks_in_turn_keep_the_walls_time_over_the_change() -> None:
    read = take(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY;INTERVAL=2")
    assert spell(read) == [f"ana {day} 09:00" for day in ("03-02", "03-16", "03-30", "04-13", "04-27")]
    (leap,) = [each for each in take(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY").stretches if each.starts_at.day == 23]
    assert leap.ends_at - leap.starts_at == timedelta(hours=167)


def test_counts_ends_exceptions_and_moved_shifts() -> None:
    assert len(take(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY;COUNT=3").stretches) == 3
    assert len(take(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY;UNTIL=20260316T080000Z").stretches) == 3
    assert spell(take(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE;TZID=Europe/Berlin:20260309T090000")) == [
        "ana 03-02 09:00",
        "ana 03-16 09:00",
    ]
    moved = (
        "UID:e0\r\nSUMMARY:bo\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260309T090000\r\n"
        "DTSTART;TZID=Europe/Berlin:20260310T120000\r\nDTEND;TZID=Europe/Berlin:20260311T120000"
    )
    content = calendar(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY;COUNT=3", moved).replace(b"UID:e1\r\n", b"")
    read = read_calendar(content, PEOPLE, BERLIN, SINCE, UNTIL)
    assert spell(read) == ["ana 03-02 09:00", "bo 03-10 12:00", "ana 03-16 09:00"]


@pytest.mark.parametrize("status", ["CANCELLED", "Cancelled"])
def test_a_cancelled_occurrence_is_nobodys_shift(status: str) -> None:
    gone = (
        f"UID:e0\r\nSUMMARY:Ana Lind on call\r\nSTATUS:{status}\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260309T090000\r\n"
        "DTSTART;TZID=Europe/Berlin:20260309T090000\r\nDTEND;TZID=Europe/Berlin:20260316T090000"
    )
    content = calendar(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY;COUNT=3", gone).replace(b"UID:e1\r\n", b"")
    read = read_calendar(content, PEOPLE, BERLIN, SINCE, UNTIL)
    assert spell(read) == ["ana 03-02 09:00", "ana 03-16 09:00"]


def test_an_occurrence_that_is_moved_with_all_after_it_is_refused_and_not_read_as_one() -> None:
    moved = (
        "UID:e0\r\nSUMMARY:bo\r\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260309T090000\r\n"
        "DTSTART;TZID=Europe/Berlin:20260310T120000\r\nDTEND;TZID=Europe/Berlin:20260311T120000"
    )
    with pytest.raises(BadInput, match="RANGE"):
        take(f"{WEEKLY}\r\nRRULE:FREQ=WEEKLY;COUNT=3", moved)


def test_many_people_times_many_shifts_take_no_time() -> None:
    people = {f"p{n}": Person(name=f"Person Number {n}", mail=f"p{n}@example.org") for n in range(300)}
    times = "DTSTART:20260310T080000Z\r\nDTEND:20260310T100000Z"
    content = calendar(*(f"SUMMARY:Person Number {n % 300} (till)\r\n{times}" for n in range(1000)))
    began = time.process_time()
    read = read_calendar(content, people, BERLIN, SINCE, UNTIL)
    assert time.process_time() - began < 5, "a pattern for each name and shift took half a minute"
    assert {each.person for each in read.stretches} == set(people), "the longest name counts: 29 is not 2"


def test_whole_days_and_times_without_a_zone_are_the_schedules() -> None:
    assert spell(take("SUMMARY:bo\r\nDTSTART;VALUE=DATE:20260310\r\nDTEND;VALUE=DATE:20260312")) == ["bo 03-10 00:00"]
    assert spell(take("SUMMARY:bo\r\nDTSTART:20260310T080000\r\nDTEND:20260310T100000")) == ["bo 03-10 08:00"]
    assert spell(take("SUMMARY:bo\r\nDTSTART:20260310T080000Z\r\nDTEND:20260310T100000Z")) == ["bo 03-10 09:00"]
    assert take("STATUS:CANCELLED\r\nSUMMARY:bo\r\nDTSTART:20260310T080000Z\r\nDTEND:20260310T100000Z").stretches == ()


def test_whose_shift_it_is() -> None:
    times = "DTSTART:20260310T080000Z\r\nDTEND:20260310T100000Z"
    assert take(f"SUMMARY:Somebody\r\nATTENDEE:mailto:ANA@example.org\r\n{times}").stretches[0].person == "ana"
    assert take(f"SUMMARY:On Call - Bo Rask - Shop\r\n{times}").stretches[0].person == "bo"
    stranger = take(f"SUMMARY:Bob Rasket\r\n{times}")
    assert (stranger.stretches, stranger.unknown) == ((), ("Bob Rasket",))


def test_what_we_write_we_read() -> None:
    event = Event("k", "On call: Ana Lind (Shop, primary)", SINCE, SINCE + timedelta(hours=8))
    read = read_calendar(write_calendar("x", [event], SINCE), PEOPLE, BERLIN, SINCE, UNTIL)
    assert [(each.person, each.starts_at, each.ends_at) for each in read.stretches] == [("ana", SINCE, event.ends_at)]


RULES = (
    "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;WKST=SU", "FREQ=WEEKLY;COUNT=4;BYDAY=TU,TH", "FREQ=MONTHLY;BYDAY=1MO,-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "FREQ=MONTHLY;INTERVAL=2", "FREQ=YEARLY;BYMONTH=3,4;BYMONTHDAY=10",
    "FREQ=DAILY;BYMONTH=4;COUNT=9", "FREQ=WEEKLY;UNTIL=20260420T070000Z", "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_rules_mean_what_an_independent_library_takes_them_to_mean(rule: str) -> None:
    for day in (2, 8, 15, 31):
        event = f"SUMMARY:bo\r\nDTSTART;TZID=Europe/Berlin:202601{day:02}T090000\r\nDURATION:PT2H\r\nRRULE:{rule}"
        if rule.startswith("FREQ=DAILY;INTERVAL=7;BYDAY=TU") and day != 2:
            continue  # where a rule never happens, the library looks until the year 9999
        content = calendar(event)
        wanted = recurring_ical_events.of(icalendar.Calendar.from_ical(content.decode())).between(SINCE, UNTIL)
        found = [each.starts_at for each in read_calendar(content, PEOPLE, BERLIN, SINCE, UNTIL).stretches]
        fitting = {each["DTSTART"].dt.astimezone(UTC) for each in wanted}
        first = datetime(2026, 1, day, 9, tzinfo=BERLIN).astimezone(UTC)
        assert set(found) - {first} == fitting - {first}, (rule, day)


BOMB = "SUMMARY:ana\r\nDTSTART:20260301T000000Z\r\nDTEND:20260301T000001Z\r\nRRULE:"
HOSTILE = {
    "garbage": b"\x00\xff" * 1000,
    "no calendar": b"<html>sign in</html>",
    "empty": b"",
    "huge": b"BEGIN:VCALENDAR\r\n" + b"X" * MOST_BYTES,
    "torn": calendar(WEEKLY)[:-20],
    "deep": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 20_000 + b"END:VEVENT\r\n" * 20_000 + b"END:VCALENDAR\r\n",
    "each second": calendar(f"{BOMB}FREQ=SECONDLY"),
    "each second in disguise": calendar(f"{BOMB}FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2;BYSECOND=1,2"),
    "never": calendar(*[f"{BOMB.replace('2026', '2001')}FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5"] * 200),
    "since ever": calendar(f"{BOMB.replace('20260301', '00010101')}FREQ=DAILY"),
    "many": calendar(*["SUMMARY:x\r\nDTSTART:20260310T080000Z"] * 5001),
    "many more": calendar(*[f"{BOMB.replace('2026', '2006')}FREQ=DAILY"] * 100),
    "backwards": calendar("SUMMARY:ana\r\nDTSTART:20260310T080000Z\r\nDTEND:20260309T080000Z"),
    "no time": calendar("SUMMARY:ana"),
    "no such zone": calendar("SUMMARY:ana\r\nDTSTART;TZID=Mars/Base:20260310T080000"),
    "dates one by one": calendar("SUMMARY:ana\r\nDTSTART:20260310T080000Z\r\nRDATE:20260311T080000Z"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_hostile_is_refused_soon(kind: str) -> None:
    begun = time.process_time()
    with pytest.raises(BadInput) as refused:
        read_calendar(HOSTILE[kind], PEOPLE, BERLIN, SINCE, UNTIL)
    assert str(refused.value)
    assert time.process_time() - begun < 10, "seconds of CPU"


def test_a_zone_that_a_calendar_describes_itself_is_not_followed() -> None:
    """Rules of a zone's own are where a bomb would hide: they are not read, and the zone goes by its name."""
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:00010101T000000\r\n"
        "RRULE:FREQ=SECONDLY\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    content = calendar(WEEKLY).replace(b"BEGIN:VEVENT", zone.encode() + b"BEGIN:VEVENT")
    assert spell(read_calendar(content, PEOPLE, BERLIN, SINCE, UNTIL)) == ["ana 03-02 09:00"]
