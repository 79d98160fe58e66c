"""The clocks of calling people, all in seconds, all taken from the severity's response time.

The response time itself is a duty, not a delay: it is met or late by itself. What is timed here is how an
unacknowledged call climbs: repeats, the next rung, and what a channel's failure does.
"""

from __future__ import annotations

import msgspec

from tocsin.incident.book import Book, is_quiet, within_s
from tocsin.incident.calling import Call
from tocsin.incident.state import Incident
from tocsin.playbook.model import Severity
from tocsin.words import Calendar, PageState

NEXT_LEVEL_MOST = 300
REPEAT_LEAST, REPEAT_MOST, REPEAT_TOP = 60, 1800, 120
TIRED_ROUND, TIRED_MOST = 10, 900
RETRY_FIRST = 5
RETRY_PASSING = 1
"""Where patience may mend it, the page is asked for again and waits for its channel, which has a clock of its own."""


class Clocks(msgspec.Struct, frozen=True, kw_only=True):
    """How an incident calls: `within` (the response time), the delay of each next level, the repeat interval.

    `quiet` incidents wake nobody: one call to the first level, once. Two pages to somebody are `least` apart.
    """

    within: int | None
    next_level: float
    repeat: float
    quiet: bool
    least: float = 0.0
    calendar: Calendar = Calendar.ELAPSED


def read_clocks(incident: Incident, book: Book) -> Clocks:
    """The clocks of the incident's severity; an unclassified one has those of the worst."""
    key = (Clocks, incident.severity)
    known = book.remembered.get(key)
    if known is None:
        known = book.remembered[key] = _read(book.paging_severity(incident), book)
    return known


def _read(severity: Severity | None, book: Book) -> Clocks:
    within = within_s(severity, book.playbook.severities)
    top = severity is None or severity.rank == 0
    repeat = min(max((within or REPEAT_MOST) / 6, REPEAT_LEAST), REPEAT_TOP if top else REPEAT_MOST)
    repeat = max(repeat, book.policy.group_interval_s)
    return Clocks(
        within=within,
        next_level=min(NEXT_LEVEL_MOST, (within or 3 * NEXT_LEVEL_MOST) / 3),
        repeat=repeat,
        least=book.policy.group_interval_s,
        quiet=severity is not None and is_quiet(severity.response),
        calendar=Calendar.ELAPSED if severity is None else severity.response.calendar,
    )


def wait_after(call: Call, clocks: Clocks, channels: int) -> float:
    """Seconds from a call's last page to its next one.

    A failed channel falls over to the next at once; when all have failed for good, it waits a little longer
    each time.
    """
    if call.state is PageState.FAILED:
        all_failed = call.failures - channels
        if call.passing and all_failed >= 0:
            return RETRY_PASSING
        return 0 if all_failed < 0 else min(clocks.repeat, float(RETRY_FIRST << min(all_failed, 10)))
    return wait_between(call.round, clocks)


def wait_between(turn: int, clocks: Clocks) -> float:
    """Seconds from the page of a round to the next, while nothing fails.

    After ten rounds without an answer the repeats slow down, at most to one in 15 minutes.
    """
    if turn <= TIRED_ROUND:
        return clocks.repeat
    slower = 1 << min(turn - TIRED_ROUND, 10)
    return min(clocks.repeat * slower, max(clocks.repeat, TIRED_MOST))
