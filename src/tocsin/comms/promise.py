"""The promise of a next update inside a message, as people write it: "next update in 15 minutes", "at 14:30 UTC".

What only speaks of an update ("the update took 90 minutes") promises nothing, since a promise puts off the cadence. A
time of day counts only with its zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from tocsin.playbook.duration import deadline

LONGEST_S = 7 * 86400
"""Whoever promises a word in more than a week has not promised one in this incident."""
JUST_PASSED = timedelta(hours=3)

_SAYING = re.compile(
    r"\bnext (?:\w+ )?updates?\b"
    r"|(?:\b(?:will|shall|going to)|['’]ll)\b[^.!?\n]{0,40}?\bupdates?\b"
    r"|(?:^|[.!?;]\s)\W*(?:(?:an|another|further|more) )?updates?\b(?=(?: you| again)? (?:in|within|every|at|by)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_END = re.compile(r"[!?\n]|\.(?=\s|$)")
_WITHIN = re.compile(r"(?:\b(?:in|within|every)\s+|\()(?P<span>.{1,24})", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:(?P<day>\d{4}-\d{2}-\d{2})[ T,]+)?(?<![\d:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\s*(?:UTC|GMT|Z)\b"
)


def find_promise(text: str, now: datetime) -> int | None:
    """Seconds from `now` after which the text itself promises the next update; null if it promises none."""
    for saying in _SAYING.finditer(text):
        said = _END.split(text[saying.end() : saying.end() + 80])[0]
        seconds = _by_clock(said, now) or _by_span(said)
        if seconds is not None and 0 < seconds <= LONGEST_S:
            return seconds
    return None


def _by_span(said: str) -> int | None:
    found = _WITHIN.search(said)
    return deadline(found["span"]) if found else None


def _by_clock(said: str, now: datetime) -> int | None:
    """A time without a day is the next one of that name; one that lies in the past was left over from another day.

    One that has just passed is no promise for tomorrow: it was drafted, and sent too late.
    """
    found = _CLOCK.search(said)
    if found is None:
        return None
    day = _read_day(found["day"]) or now.astimezone(UTC).date()
    at = datetime.combine(day, time(int(found["hour"]), int(found["minute"])), UTC)
    if at <= now - JUST_PASSED and not found["day"]:
        at += timedelta(days=1)
    return round((at - now).total_seconds()) if at > now else None


def _read_day(text: str | None) -> date | None:
    """The day, null where none is written or there is no such day."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
