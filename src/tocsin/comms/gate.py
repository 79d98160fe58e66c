"""Who must allow words before they leave the house.

A security incident, by its scenario or since somebody said yes to the playbook's question whether it is one, locks
them, whether or not the playbook has a line for it: only whoever answers for security opens the lock, for one text word
for word. That beats everything that would speak by itself. What the playbook says about how customers are told at a
level holds beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.comms.silence import find_silence
from tocsin.comms.tell import find_notices
from tocsin.incident.book import Book
from tocsin.incident.breach import SECURITY, find_admitted, find_scenario
from tocsin.incident.role import answers_for
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Procedure
from tocsin.words import Audience, PublicStatus, Status

_PUBLIC = compile_late(
    r"\bdisclos\w+|\bpublic(?:ly)?\b|\bnotif(?:y|ication)\b.*\b(?:requirements?|part(?:y|ies)|users?|customers?)\b",
    re.IGNORECASE,
)
NOTICED = frozenset({Audience.USERS, Audience.FEED, Audience.RELEASE_NOTES})


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Why words may not leave the house: the line, what it says, and who opens the lock."""

    line: int
    text: str
    role: str
    incident: str = ""


def find_lock(incident: Incident, book: Book) -> Lock | None:
    """What keeps words in the house now; null if nothing does."""
    silence = find_silence(incident, book)
    if silence is not None:
        return Lock(line=silence.line, text=silence.text, role=silence.lifted_by or SECURITY, incident=silence.incident)
    found = _find_locking(incident, book)
    return None if found is None else Lock(line=found[0], text=found[1], role=SECURITY)


def _find_locking(incident: Incident, book: Book) -> tuple[int, str] | None:
    """What locks words by what the incident is; where the playbook has a line of its own, that line decides."""
    if any(rule.forbids.comms for rule in book.prohibitions(incident)):
        return None
    scenario = find_scenario(incident, book)
    return _find_line(scenario) if scenario is not None else find_admitted(incident, book)


def find_told_status(incident: Incident, book: Book) -> PublicStatus:
    """The public status that may be told. In a security incident, and in a private one, it goes no further than the
    last words that were allowed: that the cause is known or a fix is in says something too. Once it is closed, it is
    over for everybody.
    """
    said = incident.public_updates or incident.unsaid
    locked = incident.is_private or _find_locking(incident, book) is not None
    if said and incident.status is not Status.CLOSED and locked:
        return said[-1].status
    return incident.public_status


def _find_line(scenario: Procedure) -> tuple[int, str]:
    """The line of the scenario that speaks of the public, else the scenario itself."""
    found = next((step for step in scenario.steps if _PUBLIC.search(step.text)), None)
    return (found.line, found.text) if found is not None else (scenario.line, scenario.title)


def opens(lock: Lock, roles: Iterable[str]) -> str:
    """The role by which somebody opens the lock; empty if none of theirs does."""
    return next((role for role in roles if answers_for(role, lock.role)), "")


def find_refusal(
    incident: Incident, book: Book, audiences: Iterable[Audience], now: datetime
) -> tuple[int, str] | None:
    """The line that keeps customers from being told in this way at this level, or not yet, and why; null if none."""
    notices = find_notices(incident, book)
    for audience in audiences:
        if audience not in NOTICED or not notices:
            continue
        notice = next((each for each in notices if each.audience is audience), None)
        if notice is None:
            stated = notices[0]
            return stated.line, f"Line {stated.line} has customers told in another way at this severity: {stated.text}."
        lasted = (now - incident.started_at).total_seconds()
        if lasted < notice.after_s:
            left = round((notice.after_s - lasted) / 60)
            return (
                notice.line,
                f"Line {notice.line} says: {notice.text}. That is in {left} minutes, if it still goes on.",
            )
    return None
