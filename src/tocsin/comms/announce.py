"""When those who follow the status page hear of an incident: once for each change of what the public is told.

An incident is announced once a person has spoken to the public about it, and from then on whenever its public status
changes. While the playbook forbids public words, nothing is announced: what is so by then is said once that is over.
In a security incident only words that security has approved move it on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.comms.gate import find_told_status
from tocsin.comms.silence import find_silence
from tocsin.incident.book import Book
from tocsin.incident.plan import NOTHING, Plan
from tocsin.incident.state import Incident
from tocsin.timeline.events import AnnouncementRequested
from tocsin.words import Mode

LOOK_AGAIN = timedelta(seconds=60)
"""So long after words were locked they are tried again: another incident may have locked them, and be over."""


def is_unsaid(incident: Incident) -> bool:
    """Whether followers were told of an incident, and not yet of how it is now."""
    return incident.announced is not None and incident.announced is not incident.public_status


def plan_announcement(incident: Incident, book: Book, now: datetime) -> Plan:
    """The announcement that is due, if any."""
    status = find_told_status(incident, book)
    is_spoken = incident.public_updates or (incident.unsaid and book.policy.mode is Mode.SHADOW)
    if not is_spoken or incident.announced is status:
        return NOTHING
    if find_silence(incident, book) is not None:
        return Plan(wake=now + LOOK_AGAIN)
    return Plan((AnnouncementRequested(status=status),))
