"""How who may see an incident changes."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.privacy import Privacy
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry


def _made_private(incident: Incident, entry: Entry, event: e.MadePrivate) -> Incident:
    before = incident.privacy.invited if incident.privacy is not None else {}
    invited = {**dict.fromkeys(event.invited, event.by), **before}
    made = Privacy(since=entry.at, by=event.by, reason=event.reason, invited=invited, told=event.told)
    return replace(incident, privacy=made)


def _disclosed(incident: Incident, entry: Entry, event: e.Disclosed) -> Incident:
    if incident.privacy is None:
        return incident
    opened = replace(incident.privacy, is_on=False, since=entry.at, by=event.by, reason=event.reason)
    return replace(incident, privacy=opened)


def _invited(incident: Incident, entry: Entry, event: e.InvitationGiven) -> Incident:
    if incident.privacy is None:
        return incident
    invited = {**incident.privacy.invited, event.responder: event.by}
    return replace(incident, privacy=replace(incident.privacy, invited=invited))


def _revoked(incident: Incident, entry: Entry, event: e.InvitationRevoked) -> Incident:
    if incident.privacy is None:
        return incident
    left = {who: by for who, by in incident.privacy.invited.items() if who != event.responder}
    return replace(incident, privacy=replace(incident.privacy, invited=left))


RULES: dict[type[e.Event], Any] = {
    e.MadePrivate: _made_private,
    e.Disclosed: _disclosed,
    e.InvitationGiven: _invited,
    e.InvitationRevoked: _revoked,
}
