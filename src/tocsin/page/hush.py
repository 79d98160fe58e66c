"""Which alerts of an incident a silence covers now, and when that changes next.

A silenced alert pages nobody; once the silence is over and the alert still fires, it does. That an alert is over is
heard all the same. What is silenced stands in the timeline with who asked for it, so that whoever was not paged can
read why.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.incident.book import Book
from tocsin.incident.plan import Happening, Plan
from tocsin.incident.silence import Silence, find_active
from tocsin.incident.state import AlertState, Incident
from tocsin.timeline.events import AlertSilenced, AlertUnsilenced


def find_hush(incident: Incident, book: Book, now: datetime) -> Plan:
    """What a silence has begun or ceased to cover, and the next moment at which that may change."""
    if not book.silences and not incident.silenced:
        return Plan()
    coming = [each for each in book.silences if each.ends_at > now]
    firing = {key: each for key, each in incident.alerts.items() if each.cleared_at is None}
    events = tuple(event for key, each in firing.items() for event in _settle(incident, key, each, coming, now))
    moments = [each.starts_at if each.starts_at > now else each.ends_at for each in coming]
    return Plan(events, min(moments, default=None) if firing else None)


def _settle(
    incident: Incident, key: str, alert: AlertState, silences: list[Silence], now: datetime
) -> Iterator[Happening]:
    before = incident.silenced.get(key)
    active = find_active(silences, alert.seen.labels, now)
    if before is not None and not active:
        yield AlertUnsilenced(fingerprint=key, name=alert.seen.name, silence=before)
    elif active and before not in [each.id for each in active]:
        chosen = active[0]
        yield AlertSilenced(
            fingerprint=key,
            name=alert.seen.name,
            silence=chosen.id,
            by=chosen.by,
            comment=chosen.comment,
            until=chosen.ends_at,
        )
