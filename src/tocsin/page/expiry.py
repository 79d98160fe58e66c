"""Acknowledged and gone quiet: an acknowledgement that nothing follows, while the alert still fires, expires.

Whoever has taken it is taken to be at work as long as somebody does anything in the incident. Once nobody has for as
long as the team's settings allow, and an alert still fires, it counts as not taken: the ladder begins anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.plan import NOTHING, Plan
from tocsin.incident.state import Incident
from tocsin.page.clocks import Clocks
from tocsin.timeline.events import AcknowledgementExpired
from tocsin.words import Status


def find_expiry(incident: Incident, book: Book, clocks: Clocks, now: datetime) -> Plan:
    """The expiry that is due, or when it will be unless something is done meanwhile."""
    good_for_s = book.policy.acknowledgement_good_for_s
    if not good_for_s or clocks.quiet or incident.status is not Status.ACKNOWLEDGED or not _fires(incident):
        return NOTHING
    heard = max(incident.heard_at or incident.started_at, incident.acknowledged_at or incident.started_at)
    due = heard + timedelta(seconds=good_for_s)
    if due > now:
        return Plan((), due)
    return Plan((AcknowledgementExpired(by=incident.acknowledged_by or "", quiet_s=int(good_for_s)),))


def _fires(incident: Incident) -> bool:
    """Whether an alert fires that nothing hushes."""
    return not incident.is_hushed and any(
        each.cleared_at is None and key not in incident.silenced for key, each in incident.alerts.items()
    )
