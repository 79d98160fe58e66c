"""How what the players of roles say changes an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.obligation import ROLE, VERIFY, keep, meet
from tocsin.incident.role import is_shared
from tocsin.incident.state import Answered, Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

SEVERAL = 2
"""So many different people must have seen that the fix holds, where the playbook wants several to."""


def _role_taken(incident: Incident, entry: Entry, event: e.RoleTaken) -> Incident:
    key = f"{ROLE}:{event.role}".casefold()
    duties = {
        name: meet(each, entry.at, event.responder, entry.seq) if each.is_open and name.casefold() == key else each
        for name, each in incident.obligations.items()
    }
    roles, before = {**incident.roles, event.role: event.responder}, incident.roles.get(event.role)
    taken = replace(incident, roles=roles, obligations=duties)
    if before is None or before == event.responder or not is_shared(event.role):
        return taken
    players = dict.fromkeys((*incident.beside.get(event.role, ()), before))
    others = tuple(each for each in players if each != event.responder)
    return replace(taken, beside={**incident.beside, event.role: others})


def _role_missing(incident: Incident, entry: Entry, event: e.RoleMissing) -> Incident:
    return replace(incident, missed={**incident.missed, event.role: entry.at})


def _duty_ticked(incident: Incident, entry: Entry, event: e.DutyTicked) -> Incident:
    ticked = Answered(by=event.by, at=entry.at, holds=event.done)
    return replace(incident, ticked={**incident.ticked, event.line: ticked})


def _fix_confirmed(incident: Incident, entry: Entry, event: e.FixConfirmed) -> Incident:
    return confirm(incident, entry, event.by)


def confirm(incident: Incident, entry: Entry, by: str) -> Incident:
    """Somebody says that the fix holds; with the second person the duty to verify it is kept."""
    confirmed = {**incident.confirmed, by: entry.at}
    done = replace(incident, confirmed=confirmed)
    if len(confirmed) < SEVERAL:
        return done
    return replace(done, obligations=keep(done.obligations, (VERIFY,), entry.at, by, entry.seq))


def _bridge_opened(incident: Incident, entry: Entry, event: e.BridgeOpened) -> Incident:
    return replace(incident, bridge_at=entry.at)


RULES: dict[type[e.Event], Any] = {
    e.RoleTaken: _role_taken,
    e.RoleMissing: _role_missing,
    e.DutyTicked: _duty_ticked,
    e.FixConfirmed: _fix_confirmed,
    e.BridgeOpened: _bridge_opened,
}
