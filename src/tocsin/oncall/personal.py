"""How one person wants to be called: which channels for which urgency, and the hours in which low urgency waits.

High urgency always goes through: no quiet hours hold it, its attempts follow one another within minutes, and where the
channels of a rule fail, the person's other channels are asked as if there were no rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.oncall.restriction import find_open, parse_restriction
from tocsin.oncall.settings import Person, Rules, Try
from tocsin.words import Urgency

MOST_TRIES = 10
MOST_AFTER_S = {Urgency.HIGH: 600, Urgency.LOW: 24 * 3600}
"""Seconds between two attempts: whoever is wanted at once is not left alone for longer."""
MOST_QUIET = timedelta(hours=96)
"""How long quiet hours may last at a stretch: a long weekend."""
DAY = timedelta(days=1)
MOST_STRETCHES = 40
MOST_ROWS = 50

Fault = tuple[tuple[str | int, ...], str]
"""Where in the rules something is wrong, and a sentence."""


def list_tries(person: Person, urgency: Urgency) -> tuple[Try, ...]:
    """The attempts of a person's rule; none where there is no rule, or none of its channels is theirs any more."""
    wanted = person.rules.high if urgency is Urgency.HIGH else person.rules.low
    return tuple(each for each in wanted if each.channel in person.channels)


def list_channels(person: Person, urgency: Urgency) -> tuple[str, ...]:
    """A person's channels in the order in which one after the other is asked: those of the rule first, then the rest,
    so that a rule whose channels fail leaves nobody alone.
    """
    ruled = (each.channel for each in list_tries(person, urgency))
    return tuple(dict.fromkeys((*ruled, *person.channels)))


def find_quiet_end(rules: Rules, zone: str, at: datetime) -> datetime | None:
    """When the quiet hours end that a moment lies in; null outside of them. `zone` is where none is given."""
    if not rules.quiet:
        return None
    where, until = ZoneInfo(rules.timezone or zone), at
    for _ in range(MOST_STRETCHES):
        found = find_open(rules.quiet, where, until)
        if not found.is_open or found.until is None:
            break
        until = found.until
    return until if until > at else None


def find_faults(rules: Rules, channels: tuple[str, ...]) -> Iterator[Fault]:
    """What does not hold in the rules of somebody who has these channels."""
    for urgency, tries in ((Urgency.HIGH, rules.high), (Urgency.LOW, rules.low)):
        for where, text in _find_tries_faults(tries, channels, MOST_AFTER_S[urgency]):
            yield (urgency.value, *where), text
    if len(rules.quiet) > MOST_ROWS:
        yield ("quiet",), f"{MOST_ROWS} rows of quiet hours are enough; put days with the same hours into one."
        return
    for at, text in enumerate(rules.quiet):
        try:
            parse_restriction(text)
        except ValueError as error:
            yield ("quiet", at), str(error)
            return
    if rules.timezone and not _is_zone(rules.timezone):
        yield ("timezone",), f"{rules.timezone!r} is no time zone, as Europe/Berlin is."
    longest = measure_quiet(rules.quiet)
    if longest > MOST_QUIET:
        most = MOST_QUIET // timedelta(hours=1)
        yield ("quiet",), f"quiet hours last {most} hours at a stretch at most; else nobody knows when you can be told."


def _find_tries_faults(tries: tuple[Try, ...], channels: tuple[str, ...], most: int) -> Iterator[Fault]:
    if len(tries) > MOST_TRIES:
        yield (), f"{MOST_TRIES} attempts are enough; the last one is repeated anyway."
    for at, each in enumerate(tries):
        if each.channel not in channels:
            known = ", ".join(channels) or "none"
            yield (at, "channel"), f"{each.channel!r} is none of this person's channels; there are: {known}."
        if at == 0 and each.after_s:
            yield (0, "after_s"), "the first attempt is made at once; leave `after_s` out."
        elif not 0 <= each.after_s <= most:
            yield (at, "after_s"), f"it must lie between 0 and {most} seconds after the attempt before."


@lru_cache(maxsize=500)
def measure_quiet(quiet: tuple[str, ...]) -> timedelta:
    """How long the longest stretch of quiet hours lasts by the wall; a week and more is for ever."""
    stretches = sorted(
        (begins, begins + window.length)
        for text in quiet
        for window in parse_restriction(text)
        for begins in [(window.weekday + week) * DAY + _since_midnight(window.clock) for week in (0, 7)]
    )
    longest = since = until = timedelta()
    for begins, ends in stretches:
        since, until = (since, max(until, ends)) if begins <= until and longest else (begins, ends)
        longest = max(longest, until - since)
    return longest


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
