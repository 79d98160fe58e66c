"""What the playbook asked for and what became of it: each duty as a sentence, a verdict and a row.

The time that a line allows is counted from when its duty began, as the ledger has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.incident.obligation import ACKNOWLEDGE, BRIDGE, REVIEW, STATUS_PAGE, STATUS_PAGE_RESOLVED, UPDATE
from tocsin.incident.state import Obligation
from tocsin.review.when import spell, spell_time
from tocsin.words import ObligationState

LONG_S = 12 * 3600
"""From here on a duty is told by when it was due: nobody counts working hours in minutes."""

_DONE = {
    ACKNOWLEDGE: "Acknowledged",
    STATUS_PAGE: "Status page updated",
    STATUS_PAGE_RESOLVED: "Status page said resolved",
    UPDATE: "Update posted",
    BRIDGE: "Bridge opened",
}
_NOT_DONE = {
    ACKNOWLEDGE: "Nobody acknowledged",
    STATUS_PAGE: "The status page was not updated",
    STATUS_PAGE_RESOLVED: "The status page did not say resolved",
    UPDATE: "No update was posted",
    BRIDGE: "No bridge is recorded",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the timeline shows, and what could be done about it (empty: nothing)."""

    text: str
    proposal: str = ""


def judge(duty: Obligation, now: datetime) -> str:
    """What became of a duty, in a few words."""
    if duty.state is ObligationState.WAIVED:
        return f"waived: {duty.reason}"
    if duty.state is ObligationState.NOT_APPLICABLE:
        return "no longer owed"
    if duty.met_at is not None:
        late = (duty.met_at - duty.due_at).total_seconds()
        return f"late by {spell(late)}" if late > 0 else "met"
    if duty.state is ObligationState.LATE or duty.due_at <= now:
        return "not met"
    return "still ahead"


def is_late(duty: Obligation, now: datetime) -> bool:
    """Whether a duty was met too late, or not at all by its time."""
    if duty.state in (ObligationState.WAIVED, ObligationState.NOT_APPLICABLE):
        return False
    return duty.due_at < (duty.met_at or now) or duty.state is ObligationState.LATE


def tell_duty(duty: Obligation, now: datetime) -> str:
    """A duty that was met, late or not, or missed, as a sentence with the time that its line asks for."""
    source = f"line {duty.line} asks for" if duty.line else "asked for"
    allowed = _allowed(duty)
    asked = (
        f"it within {spell(allowed)}" if allowed is not None else f"it by {spell_time(duty.due_at, duty.armed_at)} UTC"
    )
    if duty.met_at is None:
        return f"{_NOT_DONE.get(duty.duty, f'Not done: {duty.what}')}; {source} {asked}: not met"
    done = _DONE.get(duty.duty, f"Done: {duty.what}")
    if allowed is None:
        return f"{done} at {spell_time(duty.met_at, duty.armed_at)} UTC; {source} {asked}: {judge(duty, now)}"
    after = max(0.0, (duty.met_at - duty.armed_at).total_seconds())
    return f"{done} after {spell(after)}; {source} {spell(allowed)}: {judge(duty, now)}"


def _allowed(duty: Obligation) -> float | None:
    """The seconds that a duty allows; null where they are many, or where it began after it was due."""
    allowed = (duty.due_at - duty.armed_at).total_seconds()
    return allowed if 0 < allowed < LONG_S else None


def propose(duty: Obligation, now: datetime) -> str:
    """What to do about a duty that was late."""
    where = f" (line {duty.line})" if duty.line else ""
    how = judge(duty, now)
    return f"Find out why this duty was {how}, and what would keep it: {duty.what}{where}"


def find_well(duties: Iterable[Obligation]) -> list[Finding]:
    """The duties that were met in time, except updates and reviews, which have figures of their own."""
    return [
        Finding(text=tell_duty(duty, duty.due_at))
        for duty in duties
        if duty.state is ObligationState.MET and duty.met_at is not None and duty.duty not in (UPDATE, REVIEW)
    ]


def find_late(duties: Iterable[Obligation], now: datetime) -> list[Finding]:
    """The duties that were late, except updates, which have a figure of their own."""
    return [
        Finding(text=tell_duty(duty, now), proposal=propose(duty, now))
        for duty in duties
        if duty.duty != UPDATE and is_late(duty, now)
    ]


def sort_duties(duties: Iterable[Obligation]) -> list[Obligation]:
    """Duties in the order in which they were due."""
    return sorted(duties, key=lambda duty: (duty.due_at, duty.key))
