"""Telling another pager that was called what has become of the incident here: taken, or over.

It is told once, and again with growing distances while it cannot be reached. What it has said itself it is not told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.calling import Sharing
from tocsin.incident.plan import Plan
from tocsin.incident.state import Incident
from tocsin.timeline.events import SharingRequested
from tocsin.words import Share, Status

FIRST_S, LONGEST_S, MOST_FAILURES = 5, 300, 50


def plan_sharing(incident: Incident, book: Book, now: datetime) -> Plan:
    """Who is to be told now, and when somebody is to be told again."""
    act = _find_act(incident)
    if act is None:
        return Plan()
    events, wakes = list[SharingRequested](), list[datetime]()
    for channel in book.policy.sharing:
        due = _find_due(incident.sharing.get(channel), act, now) if channel in incident.handed else None
        if due is not None and due <= now:
            events.append(SharingRequested(channel=channel, act=act))
        elif due is not None:
            wakes.append(due)
    return Plan(tuple(events), min(wakes, default=None))


def _find_act(incident: Incident) -> Share | None:
    if incident.status in (Status.RESOLVED, Status.CLOSED):
        return Share.RESOLVE
    return Share.ACKNOWLEDGE if incident.acknowledged_at is not None else None


def _find_due(told: Sharing | None, act: Share, now: datetime) -> datetime | None:
    """When to tell it; null if it knows, is being told, or never will."""
    if told is None or (told.act is not act and told.act is not Share.RESOLVE):
        return now
    if told.is_done or told.is_lost or told.intent or told.failures >= MOST_FAILURES:
        return None
    return told.at + timedelta(seconds=min(FIRST_S << min(told.failures - 1, 10), LONGEST_S))
