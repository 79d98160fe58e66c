"""How an incident moves, and who leads it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.calling import Sharing
from tocsin.incident.rules.office import confirm
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import PageState, Share, Status


def _declared(incident: Incident, entry: Entry, event: e.Declared) -> Incident:
    return replace(incident, status=Status.ACTIVE)


def _acknowledged(incident: Incident, entry: Entry, event: e.Acknowledged) -> Incident:
    """The first acknowledgement answers every call made so far; a later one only the calls to that person, who has
    then answered for themselves.
    """
    first = incident.acknowledged_at is None
    calls = {
        who: replace(call, answered_at=call.answered_at or entry.at, answered_by=event.by, state=PageState.ACKNOWLEDGED)
        if who == event.by or (first and call.answered_at is None)
        else call
        for who, call in incident.calls.items()
    }
    if not first:
        return replace(incident, calls=calls)
    incident = _heard_on(incident, event.via, Share.ACKNOWLEDGE, entry)
    status = Status.ACKNOWLEDGED if incident.status in (Status.TRIAGE, Status.ACTIVE) else incident.status
    taken = {"acknowledged_at": entry.at, "acknowledged_by": event.by, "acknowledged_via": event.via}
    return replace(incident, status=status, calls=calls, **taken)


def _heard_on(incident: Incident, channel: str, act: Share, entry: Entry) -> Incident:
    """What another pager has said here it need not be told."""
    if channel not in incident.handed:
        return incident
    return replace(incident, sharing={**incident.sharing, channel: Sharing(act=act, at=entry.at, is_done=True)})


def _expired(incident: Incident, entry: Entry, event: e.AcknowledgementExpired) -> Incident:
    """Nobody has it: whoever had answered may be called again, and the ladder begins anew."""
    return replace(
        incident,
        status=Status.ACTIVE,
        acknowledged_at=None,
        acknowledged_by=None,
        sharing={},
        expired_at=entry.at,
        joined={key: at for key, at in incident.joined.items() if not key.startswith("level:")},
        calls={who: call for who, call in incident.calls.items() if call.answered_at is None},
    )


def _severity_set(incident: Incident, entry: Entry, event: e.SeveritySet) -> Incident:
    """The first choice keeps the clocks of the opening; a change starts them anew."""
    known = incident.severity is not None
    return replace(incident, severity=event.severity, severity_at=entry.at if known else None)


def _cause_identified(incident: Incident, entry: Entry, event: e.CauseIdentified) -> Incident:
    return replace(incident, cause=event.text, cause_at=entry.at)


def _mitigated(incident: Incident, entry: Entry, event: e.Mitigated) -> Incident:
    return replace(incident, status=Status.MONITORING, mitigated_at=entry.at)


def _resolved(incident: Incident, entry: Entry, event: e.Resolved) -> Incident:
    mitigated_at = incident.mitigated_at or entry.at
    incident = _heard_on(incident, event.via, Share.RESOLVE, entry)
    calls = {who: replace(call, answered_at=call.answered_at or entry.at) for who, call in incident.calls.items()}
    over = replace(
        incident,
        status=Status.RESOLVED,
        resolved_at=entry.at,
        mitigated_at=mitigated_at,
        false_positive=event.false_positive,
        calls=calls,
    )
    return confirm(over, entry, event.by)


def _reopened(incident: Incident, entry: Entry, event: e.Reopened) -> Incident:
    """Everything starts again: nobody has taken it, every rung is still to be called, and all clocks begin."""
    return replace(
        incident,
        status=Status.ACTIVE,
        severity_at=None,
        reopened_at=entry.at,
        reopened=incident.reopened + 1,
        acknowledged_at=None,
        acknowledged_by=None,
        expired_at=None,
        mitigated_at=None,
        resolved_at=None,
        false_positive=False,
        silenced={key: each for key, each in incident.silenced.items() if _fires(incident, key)},
        joined={},
        asked={},
        answered={},
        confirmed={},
        bridge_at=None,
        calls={},
        handed=(),
        sharing={},
    )


def _fires(incident: Incident, fingerprint: str) -> bool:
    known = incident.alerts.get(fingerprint)
    return known is not None and known.cleared_at is None


def _closed(incident: Incident, entry: Entry, event: e.Closed) -> Incident:
    return replace(incident, status=Status.CLOSED, closed_at=entry.at)


def _dismissed(incident: Incident, entry: Entry, event: e.Dismissed) -> Incident:
    return replace(incident, status=Status.CLOSED, closed_at=entry.at)


def _merged(incident: Incident, entry: Entry, event: e.Merged) -> Incident:
    return replace(incident, status=Status.CLOSED, closed_at=entry.at, merged_into=event.into)


RULES: dict[type[e.Event], Any] = {
    e.Declared: _declared,
    e.Acknowledged: _acknowledged,
    e.AcknowledgementExpired: _expired,
    e.SeveritySet: _severity_set,
    e.CauseIdentified: _cause_identified,
    e.Mitigated: _mitigated,
    e.Resolved: _resolved,
    e.Reopened: _reopened,
    e.Closed: _closed,
    e.Dismissed: _dismissed,
    e.Merged: _merged,
}
