"""Shifts as an iCalendar feed, for calendars that people subscribe to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Event(NamedTuple):
    """A shift as a calendar shows it. `who` is an id or a name, `key` what keeps it the same event at each reading."""

    key: str
    summary: str
    starts_at: datetime
    ends_at: datetime


def write_calendar(name: str, events: Iterable[Event], now: datetime) -> bytes:
    """An iCalendar document; a subscriber that reads it again finds the same events under the same ids."""
    from icalendar import Calendar
    from icalendar import Event as Entry

    calendar = Calendar()
    calendar.add("prodid", "-//tocsin//schedules//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval;value=duration", "PT1H")
    for each in events:
        entry = Entry()
        entry.add("uid", f"{hashlib.sha256(each.key.encode()).hexdigest()[:32]}@tocsin")
        entry.add("dtstamp", now)
        entry.add("dtstart", each.starts_at)
        entry.add("dtend", each.ends_at)
        entry.add("summary", each.summary)
        entry.add("transp", "TRANSPARENT")
        calendar.add_component(entry)
    return bytes(calendar.to_ical())
