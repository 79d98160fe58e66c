"""What the public sees of an incident.

An incident appears once somebody has told the public about it: words for the public are a person's, unless the playbook
has the page speak by itself (`automatic.py`).
From then on each change of its status is said, with what somebody said of it or with one plain sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from tocsin.comms.following import HEADLINES
from tocsin.incident.state import Incident
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import AnnouncementRequested
from tocsin.words import Audience, ComponentStatus, PublicStatus

SHOWN_FOR = timedelta(days=90)


class PublicUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as the public reads it: what somebody said, or that the status changed without words."""

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


def find_words(incident: Incident, status: PublicStatus, at: datetime) -> str:
    """What was last said to the public of this status by then; empty where it changed without words.

    Words about another status would say that it goes on when it is over.
    """
    since = incident.started_at if incident.started_at <= at else incident.opened_at
    said = [each.text for each in incident.public_updates if since <= each.at <= at and each.status is status]
    return said[-1] if said else ""


def _list_updates(incident: Incident, entries: Iterable[Entry]) -> tuple[PublicUpdate, ...]:
    """What was said and what changed, the newest first.

    A change of which followers were told has its plain sentence where nobody says anything until the next.
    """
    found = [
        (each.seq, PublicUpdate(at=each.at, status=each.status, text=each.text)) for each in incident.public_updates
    ]
    spoken = [(each.seq, each.status) for each in incident.updates if Audience.PUBLIC in each.audiences]
    changes = [(each, each.event.status) for each in entries if isinstance(each.event, AnnouncementRequested)]
    since = 0
    for at, (entry, status) in enumerate(changes):
        until = changes[at + 1][0].seq if at + 1 < len(changes) else incident.seq + 1
        if not any(since < seq < until and said is status for seq, said in spoken):
            found.append((entry.seq, PublicUpdate(at=entry.at, status=status, text=HEADLINES[status])))
        since = entry.seq
    return tuple(each for _, each in sorted(found, key=lambda pair: pair[0], reverse=True))


def show_incident(
    incident: Incident,
    *,
    status: PublicStatus,
    title: str,
    components: tuple[str, ...] = (),
    impact: ComponentStatus = ComponentStatus.PARTIAL_OUTAGE,
    entries: Iterable[Entry] = (),
) -> PublicIncident:
    """What the public was told of one, under a title that it may read; it is over once that was said."""
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
        updates=_list_updates(incident, entries),
        components=components,
        impact=impact,
    )
