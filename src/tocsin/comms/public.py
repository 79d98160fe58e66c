"""What the public sees of an incident.

An incident appears once somebody has told the public about it, never by itself: words for the public are a person's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tocsin.incident.state import Incident
from tocsin.words import ComponentStatus, PublicStatus

SHOWN_FOR = timedelta(days=90)


class PublicUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as the public reads it."""

    at: datetime
    status: PublicStatus
    text: str


class PublicIncident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident, as the public sees it: the newest message first; `components` by their ids, and how bad it is.

    `changed_at` is when a message or the status last changed it.
    """

    number: str
    title: str
    status: PublicStatus
    started_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    updates: tuple[PublicUpdate, ...]
    components: tuple[str, ...] = ()
    impact: ComponentStatus = ComponentStatus.PARTIAL_OUTAGE


def find_end(incident: Incident) -> datetime | None:
    """When it ended for the public, null while it goes on; what was dismissed or merged was never resolved."""
    return incident.resolved_at or incident.closed_at


def show_incident(
    incident: Incident,
    *,
    status: PublicStatus,
    title: str,
    components: tuple[str, ...] = (),
    impact: ComponentStatus = ComponentStatus.PARTIAL_OUTAGE,
) -> PublicIncident:
    """What the public was told of one, under a title that it may read; it is over once that was said."""
    updates = (
        PublicUpdate(at=update.at, status=update.status, text=update.text)
        for update in reversed(incident.public_updates)
    )
    reached = {
        PublicStatus.IDENTIFIED: incident.cause_at,
        PublicStatus.MONITORING: incident.mitigated_at,
        PublicStatus.RESOLVED: find_end(incident),
    }.get(status)
    moments = [incident.started_at, *(each.at for each in incident.public_updates), *([reached] if reached else [])]
    return PublicIncident(
        number=incident.number,
        title=title,
        status=status,
        started_at=incident.opened_at,
        changed_at=max(moments),
        resolved_at=find_end(incident) if status is PublicStatus.RESOLVED else None,
        updates=tuple(updates),
        components=components,
        impact=impact,
    )
