"""Who has the duty, each event of a schedule as one sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tocsin.timeline import events as e

Name = Callable[[str], str]
MOST_TOLD = 7


def tell_shifts(event: e.Event, name: Name) -> str | None:
    """What the event says, as a sentence without a full stop; null for any other event."""
    match event:
        case e.OverrideSet(schedule=schedule, person=person, instead=instead, by=by, reason=reason):
            whose = f"{name(instead)}'s duty in {schedule}" if instead else f"the duty of {schedule}"
            when = f"from {event.starts_at:%d %b %H:%M} to {event.ends_at:%d %b %H:%M}"
            return f"{name(person)} has {whose} {when}, as {name(by)} set{_because(reason)}"
        case e.OverrideEnded(by=by):
            return f"{name(by)} ended an override of a schedule"
        case e.ShiftsSwapped(schedule=schedule, shifts=shifts, by=by, reason=reason):
            halves = " and ".join(
                f"{name(each.person)} has {name(each.instead)}'s {_span(each.starts_at, each.ends_at)}"
                for each in shifts
            )
            kept = "".join(f"; {name(each.instead)} keeps {_tell_left(each)}" for each in shifts if each.left)
            return f"{name(by)} swapped shifts of {schedule}: {halves}{kept}{_because(reason)}"
        case e.FeedOpened(by=by, person=person, schedule=schedule):
            return f"{name(by)} opened a calendar feed of {schedule or name(person)}"
        case e.HandoffSummarised(schedules=schedules, incoming=incoming, line=line):
            who = ", ".join(map(name, incoming)) or "nobody"
            stated = f" (line {line})" if line else ""
            return f"{', '.join(schedules)} went to {who}; the time before was summed up{stated}"
        case e.HandoffTold(person=person, how=how, why=why):
            return f"{name(person)} was sent the summary by {how}" if how else f"{name(person)} was not sent it: {why}"
        case e.GapsTold(gaps=gaps, person=person, how=how, why=why):
            where = ", ".join(dict.fromkeys(each.schedule for each in gaps))
            told = f"{name(person)} was told by {how}" if person else f"nobody could be told: {why}"
            return f"Nobody will be on duty in {where} for a while; {told}"
        case e.FeedRevoked(by=by):
            return f"{name(by)} revoked a calendar feed"
    return None


def _because(text: str) -> str:
    return f": {text}" if text else ""


def _span(since: datetime, until: datetime) -> str:
    return f"from {since:%d %b %H:%M} to {until:%d %b %H:%M}"


def _tell_left(half: e.SwappedShift) -> str:
    """The stretches of the same turn that a swap left where they were."""
    told = [f"{each.starts_at:%d %b %H:%M} to {each.ends_at:%d %b %H:%M}" for each in half.left[:MOST_TOLD]]
    more = len(half.left) - len(told) + half.more
    return ", ".join([*told, *([f"and {more} more"] if more else [])])
