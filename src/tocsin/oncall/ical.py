"""Shifts out of somebody's calendar (RFC 5545), which is as hostile as everything from outside.

Understood are events with a beginning and an end, and of recurrence what calendars of shifts use (`recurrence.py`),
with exceptions and moved occurrences. A rule of another kind, or a calendar that asks for too much work, is refused as
a whole: half a calendar would leave gaps that nobody sees. Zones are known by their names; what a calendar says of them
itself is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tocsin.errors import BadInput
from tocsin.oncall.recurrence import list_occurrences, read_rule
from tocsin.oncall.settings import Person, Stretch
from tocsin.oncall.wall import find_instant

MOST_BYTES = 2**20
MOST_EVENTS, MOST_DEPTH, MOST_STRETCHES = 5000, 4, 20_000
MOST_SUMMARY = 200
MOST_DAYS = 400_000
"""Days that all recurrence rules of a calendar may be followed over."""
LONGEST = timedelta(days=366)
OF_ZONE = re.compile(r"^BEGIN:VTIMEZONE\r?$.*?^END:VTIMEZONE\r?$\n?", re.MULTILINE | re.DOTALL | re.IGNORECASE)
NESTED = re.compile(r"^(BEGIN|END):", re.MULTILINE | re.IGNORECASE)


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """The shifts of a calendar, and the summaries of those whose person nobody knows."""

    stretches: tuple[Stretch, ...]
    unknown: tuple[str, ...]


def read_calendar(
    content: bytes, people: Mapping[str, Person], zone: ZoneInfo, since: datetime, until: datetime
) -> Read:
    """The shifts between two moments. Raises `BadInput` with a sentence for what is no calendar, or asks too much."""
    try:
        events = _parse(content)
        stretches, unknown = list[Stretch](), dict[str, None]()
        budget, finder = _Budget(), Finder(people)
        moved = {
            (str(each.get("UID")), _wall(each, "RECURRENCE-ID", zone)) for each in events if "RECURRENCE-ID" in each
        }
        for event in events:
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            summary = str(event.get("SUMMARY", ""))[:MOST_SUMMARY]
            person = finder.find(event, summary)
            for starts_at, ends_at in _list_times(event, zone, since, until, moved, budget):
                if person is None:
                    unknown[summary] = None
                    break
                stretches.append(Stretch(person=person, starts_at=starts_at, ends_at=ends_at))
                if len(stretches) > MOST_STRETCHES:
                    raise BadInput("It holds too many shifts.")
    except BadInput:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise BadInput(f"It is no calendar that can be read ({type(error).__name__}).") from error
    return Read(stretches=tuple(sorted(stretches, key=lambda each: each.starts_at)), unknown=tuple(unknown)[:20])


def _parse(content: bytes) -> list[Any]:
    from icalendar import Calendar

    if len(content) > MOST_BYTES:
        raise BadInput(f"It is larger than {MOST_BYTES // 2**20} MiB.")
    text = OF_ZONE.sub("", content.decode("utf-8-sig"))
    depth = 0
    for found in NESTED.finditer(text):
        depth += 1 if found[1].upper() == "BEGIN" else -1
        if depth > MOST_DEPTH:
            raise BadInput("Its parts are nested deeper than any calendar's.")
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise BadInput("It does not begin as a calendar (BEGIN:VCALENDAR).")
    if depth:
        raise BadInput("It ends in the middle.")
    events = list(Calendar.from_ical(text).walk("VEVENT"))
    if len(events) > MOST_EVENTS:
        raise BadInput(f"It holds more than {MOST_EVENTS} events.")
    if any("RECURRENCE-ID" in each and "RANGE" in each["RECURRENCE-ID"].params for each in events):
        raise BadInput("It moves an occurrence and all after it (RANGE), which is not understood here.")
    return events


class Finder:
    """Finds whose shift it is: by an attendee's mail address, else by an id or a name that stands in the summary alone
    or as whole words; the longest counts. What it looks for is made once: people times events can be many.
    """

    def __init__(self, people: Mapping[str, Person]) -> None:
        self._places = {person: place for place, person in enumerate(people)}
        self._mails = {each.mail.casefold(): person for person, each in [*people.items()][::-1] if each.mail}
        self._names = {
            name.casefold(): person
            for person, each in sorted(people.items())
            for name in (person, each.name, each.mail)
            if name
        }
        longest = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?=({'|'.join(map(re.escape, longest))})(?!\w))") if longest else None

    def find(self, event: Any, summary: str) -> str | None:
        """The id; null for whoever is not in the settings."""
        attendees = event.get("ATTENDEE", [])
        given = [attendees] if isinstance(attendees, str) else attendees
        asked = {self._mails.get(str(each).casefold().removeprefix("mailto:")) for each in given} - {None}
        if asked:
            return min((each for each in asked if each is not None), key=self._places.__getitem__)
        named: list[str] = self._pattern.findall(summary.casefold()) if self._pattern is not None else []
        return self._names[max(named, key=lambda name: (len(name), self._names[name]))] if named else None


class _Budget:
    """How many days rules may still be followed over."""

    def __init__(self) -> None:
        self.days = MOST_DAYS

    def spend(self, days: int) -> None:
        self.days -= max(days, 0)
        if self.days < 0:
            raise BadInput("Its recurrence rules go over too many years.")


def _list_times(
    event: Any, zone: ZoneInfo, since: datetime, until: datetime, moved: set[tuple[str, datetime]], budget: _Budget
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of an event that touch the time between two moments."""
    own = _find_zone(event, "DTSTART", zone)
    first, length = _wall(event, "DTSTART", zone), _find_length(event, zone)
    last = until.astimezone(own).replace(tzinfo=None)
    uid = str(event.get("UID"))
    for wall in _list_starts(event, first, last, zone, budget):
        if "RECURRENCE-ID" not in event and "RRULE" in event and (uid, wall) in moved:
            continue
        starts_at, ends_at = find_instant(wall, own), find_instant(wall + length, own)
        if starts_at < until and ends_at > since and starts_at < ends_at:
            yield starts_at, ends_at


def _list_starts(event: Any, first: datetime, last: datetime, zone: ZoneInfo, budget: _Budget) -> Iterator[datetime]:
    rule = event.get("RRULE")
    if rule is None or "RECURRENCE-ID" in event:
        if "RDATE" in event:
            raise BadInput("It names dates one by one (RDATE), which is not understood here.")
        yield first
        return
    if isinstance(rule, list):
        raise BadInput("An event has several recurrence rules, which is not understood here.")
    read = read_rule({str(name).upper(): [str(each) for each in values] for name, values in rule.items()})
    stop = min([last, *_ends(rule, _find_zone(event, "DTSTART", zone))])
    budget.spend((stop - first).days)
    left_out = set(_list_left_out(event, zone))
    yield from (wall for wall in list_occurrences(read, first, stop) if wall not in left_out)


def _ends(rule: Any, zone: ZoneInfo) -> list[datetime]:
    return [_as_wall(each, zone) for each in rule.get("UNTIL", [])]


def _list_left_out(event: Any, zone: ZoneInfo) -> Iterator[datetime]:
    given = event.get("EXDATE", [])
    own = _find_zone(event, "DTSTART", zone)
    for each in given if isinstance(given, list) else [given]:
        yield from (_as_wall(one.dt, own) for one in each.dts)


def _find_zone(event: Any, field: str, zone: ZoneInfo) -> ZoneInfo:
    name = event[field].params.get("TZID")
    moment = event[field].dt
    if name is None:
        return ZoneInfo("UTC") if isinstance(moment, datetime) and moment.tzinfo is not None else zone
    for each in (str(name), str(getattr(getattr(moment, "tzinfo", None), "key", ""))):
        try:
            return ZoneInfo(each)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    raise BadInput(f"Its time zone {str(name)[:60]!r} is unknown here.")


def _wall(event: Any, field: str, zone: ZoneInfo) -> datetime:
    """What the wall of the event's own zone shows."""
    own = _find_zone(event, "DTSTART", zone)
    moment = event[field].dt
    if isinstance(moment, datetime) and moment.tzinfo is not None and event[field].params.get("TZID") is None:
        return moment.astimezone(own).replace(tzinfo=None)
    return _as_wall(moment, None)


def _as_wall(moment: date, zone: ZoneInfo | None) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    if moment.tzinfo is not None and moment.tzinfo in (UTC, ZoneInfo("UTC")) and zone is not None:
        return moment.astimezone(zone).replace(tzinfo=None)
    return moment.replace(tzinfo=None)


def _find_length(event: Any, zone: ZoneInfo) -> timedelta:
    """How long by the wall it lasts; a day for a day without an end."""
    if "DTEND" in event:
        own = _find_zone(event, "DTSTART", zone)
        end = event["DTEND"].dt
        if isinstance(end, datetime) and end.tzinfo is not None:
            end = end.astimezone(own).replace(tzinfo=None)
        length = _as_wall(end, None) - _wall(event, "DTSTART", zone)
    elif "DURATION" in event:
        length = event["DURATION"].dt
    else:
        length = timedelta() if isinstance(event["DTSTART"].dt, datetime) else timedelta(days=1)
    if not timedelta() <= length <= LONGEST:
        raise BadInput("A shift ends before it begins, or lasts longer than a year.")
    return length
