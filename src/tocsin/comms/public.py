"""What the public sees of a team: its status page, made from incidents that a person has spoken about.

An incident appears once somebody has told the public about it, never by itself: words for the public are a person's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from tocsin.incident.state import Incident
from tocsin.words import PublicStatus

SHOWN_FOR = timedelta(days=90)


class PublicUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as the public reads it."""

    at: datetime
    status: PublicStatus
    text: str


class PublicIncident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident, as the public sees it: the newest message first."""

    number: str
    title: str
    status: PublicStatus
    started_at: datetime
    resolved_at: datetime | None
    updates: tuple[PublicUpdate, ...]


def show_public(incidents: Iterable[Incident], now: datetime) -> tuple[PublicIncident, ...]:
    """The incidents of a status page, the newest first: all that go on, and those that ended in the last 90 days."""
    shown = [
        _show(incident)
        for incident in incidents
        if incident.public_updates and now - (_end(incident) or now) <= SHOWN_FOR
    ]
    return tuple(sorted(shown, key=lambda each: each.started_at, reverse=True))


def _end(incident: Incident) -> datetime | None:
    """When it ended for the public; what was dismissed or merged was never resolved."""
    return incident.resolved_at or incident.closed_at


def _show(incident: Incident) -> PublicIncident:
    updates = (
        PublicUpdate(at=update.at, status=update.status, text=update.text)
        for update in reversed(incident.public_updates)
    )
    return PublicIncident(
        number=incident.number,
        title=incident.title,
        status=incident.public_status,
        started_at=incident.opened_at,
        resolved_at=_end(incident),
        updates=tuple(updates),
    )
