"""Times and lengths of time in a document that people read: UTC, and never a figure that hides its unit."""

from __future__ import annotations

from datetime import UTC, datetime

UNITS = ((86400, 3600, "d", "h"), (3600, 60, "h", "min"), (60, 1, "min", "s"))
FIRST_YEAR = 1971
"""Senders write an unset time as the year 1 or as 1970-01-01."""


def in_utc(at: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken for UTC, as is one too near the ends of time to be moved."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)


def is_set(at: datetime) -> bool:
    """Whether a sender meant this time, or left it unset."""
    return at.year >= FIRST_YEAR


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from one moment to another; null if either is unknown, or if they stand the wrong way round."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


def spell(seconds: float) -> str:
    """A length of time for people, its two largest units: ``45 s``, ``16 min 40 s``, ``2 h 15 min``, ``3 d 4 h``."""
    whole = round(seconds)
    for unit, below, big_name, small_name in UNITS:
        if whole >= unit:
            big, small = whole // unit, whole % unit // below
            return f"{big} {big_name} {small} {small_name}" if small else f"{big} {big_name}"
    return f"{whole} s"


def spell_exactly(seconds: float) -> str:
    """A length of time for people, all of it, in whole seconds: ``45 s``, ``1 h 5 min 30 s``, ``6 d 23 h``, ``0 s``."""
    left, parts = round(seconds), list[str]()
    for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts) or "0 s"


def spell_time(at: datetime, beside: datetime, *, seconds: bool = False) -> str:
    """``14:30``; with seconds where they matter, and with its date where that differs from the one of `beside`."""
    clock = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    return clock if at.date() == beside.date() else f"{spell_date(at)} {clock}"


def spell_date(at: datetime) -> str:
    """``2026-03-02``."""
    return at.date().isoformat()


def spell_length(seconds: float) -> str:
    """``02:15``: hours and minutes, for templates that ask for a length in this form."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"
