"""How much data may be lost, and how long it may take: the recovery objectives that a playbook states (RPO, RTO).

"RPO Target: 1 hour" allows an hour between the last good state of the data and the moment from which nothing counted
any more; "RTO: 4 h" allows four hours until the fix is in. They stand among the steps of a scenario. What was really
lost only people know: they say to which moment the data can be brought back, and the rest is reckoned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from tocsin.incident.book import Book, number_steps
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.duration import durations
from tocsin.playbook.model import Step
from tocsin.words import StepKind

FIRST_YEAR = 1971
"""Senders write an unset time as the year 1 or as 1970-01-01."""
_POINT = compile_late(r"\bRPO\b|\brecovery[ -]point\b", re.IGNORECASE)
_TIME = compile_late(r"\bRTO\b|\brecovery[ -]time\b", re.IGNORECASE)
_NONE = compile_late(
    r"\A[\s:=*_]{0,20}(?:(?:target|objective)[\s:=*_]{0,20})?(?:0|zero|none)\b(?![.,]?\d)(?!\s?(?:min|sec|hour|day))",
    re.IGNORECASE,
)
_ASKS = compile_late(
    r"\b(?:calculate|compute|work out|determine|assess|estimate|measure|record)\b[^.]{0,80}"
    r"\b(?:data loss|lost data|RPO|recovery[ -]point)\b"
    r"|\b(?:compare|check|note|record|find)\b[^.]{0,80}\b(?:backup|snapshot)(?:'s)?\s+(?:time(?:stamp)?|age|date)\b",
    re.IGNORECASE,
)


class Objective(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a line allows, in seconds."""

    seconds: int
    line: int
    text: str
    branch: int | None = None


def find_point(incident: Incident, book: Book) -> Objective | None:
    """How much data may be lost, by the first line of the incident's scenarios that says so."""
    return next(_find(incident, book, _POINT, _TIME), None)


def find_time(incident: Incident, book: Book) -> Objective | None:
    """How long it may take until the fix is in, by the first line of the incident's scenarios that says so."""
    return next(_find(incident, book, _TIME, _POINT), None)


def find_asking(incident: Incident, book: Book) -> tuple[tuple[str, Step], ...]:
    """The steps that want to know how much is lost, by id: those that ask, and the one that states what is allowed."""
    return tuple(
        (step_id, step)
        for scenario in book.scenarios(incident)
        for step_id, step in number_steps(scenario)
        if step.kind is not StepKind.STATEMENT and (_ASKS.search(step.text) or _POINT.search(step.text))
    )


def find_beginning(incident: Incident) -> datetime:
    """When its first alert fired by its source's clock, else when it was opened: until then writes counted."""
    fired = (_in_utc(each.seen.starts_at) for each in incident.alerts.values())
    return min([incident.opened_at, *(at for at in fired if at.year >= FIRST_YEAR)])


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)


def _find(incident: Incident, book: Book, about: re.Pattern[str], other: re.Pattern[str]) -> Iterator[Objective]:
    for scenario in book.scenarios(incident):
        for step in scenario.steps:
            found = about.search(step.text) if step.kind is not StepKind.STATEMENT else None
            seconds = _read(step.text[found.end() :], other) if found is not None else None
            if seconds is not None:
                yield Objective(seconds=seconds, line=step.line, text=step.text, branch=step.branch)


def _read(behind: str, other: re.Pattern[str]) -> int | None:
    """The time that stands behind the words, before those of the other objective; null where none does."""
    end = other.search(behind)
    own = behind[: end.start()] if end is not None else behind
    times = durations(own)
    if times:
        return times[0].high
    return 0 if _NONE.match(own) else None
