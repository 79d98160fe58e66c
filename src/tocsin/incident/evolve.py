"""The only verb that changes state: fold one entry into an incident. Total over the known events.

The rules stand in `rules/`, one small function for one event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from tocsin.errors import Corrupt
from tocsin.incident.obligation import keep, kept_by
from tocsin.incident.rules import (
    alerts,
    barrier,
    calls,
    chat,
    delivery,
    duties,
    office,
    outside,
    privacy,
    speech,
    status,
    steps,
    wait,
    words,
)
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Status

NOT_HERE = (e.AlertSilenced, e.SilenceEnding, e.PagingHeld, e.AcknowledgementExpired)
"""What bears a name without that person having been here."""
Rule = Callable[[Incident, Entry, Any], Incident]

RULES: dict[type[e.Event], Rule] = {
    **alerts.RULES,
    **status.RULES,
    **office.RULES,
    **words.RULES,
    **privacy.RULES,
    **speech.RULES,
    **chat.RULES,
    **delivery.RULES,
    **calls.RULES,
    **outside.RULES,
    **steps.RULES,
    **barrier.RULES,
    **wait.RULES,
    **duties.RULES,
}


def open_incident(entry: Entry) -> Incident:
    """The incident that an `IncidentOpened` entry begins. Raises `Corrupt` for any other first entry."""
    event = entry.event
    if not isinstance(event, e.IncidentOpened):
        raise Corrupt(f"{entry.stream} does not begin with its opening; leave it alone and run `tocsin verify`.")
    return Incident(
        id=entry.stream,
        seq=entry.seq,
        team=event.team,
        number=event.number,
        title=event.title,
        origin=event.origin,
        opened_by=event.by if event.origin == "person" else "",
        opened_at=entry.at,
        status=Status.TRIAGE if event.candidates else Status.ACTIVE,
        playbook=event.playbook,
        model=event.model,
        scenario=event.scenario,
        scenario_line=event.scenario_line,
        severity=event.severity,
        candidates=event.candidates,
        group=event.group,
    )


def evolve(incident: Incident | None, entry: Entry) -> Incident:
    """The incident after `entry`; the first entry of a stream opens it."""
    if incident is None:
        return open_incident(entry)
    rule = RULES[type(entry.event)]
    after = rule(incident, entry, entry.event)
    duties = kept_by(entry.event)
    if duties:
        by = str(getattr(entry.event, "by", ""))
        after = replace(after, obligations=keep(after.obligations, duties, entry.at, by, entry.seq))
    if is_heard(entry.event):
        return replace(after, seq=entry.seq, heard_at=entry.at)
    return replace(after, seq=entry.seq)


def is_heard(event: e.Event) -> bool:
    """Whether a person did something in the incident: not a planner, and nobody who silenced something elsewhere."""
    return getattr(event, "by", "") not in ("", "tocsin", None) and not isinstance(event, NOT_HERE)


def fold(entries: Iterable[Entry], incident: Incident | None = None) -> Incident | None:
    """All of `entries` folded in, in their order."""
    for entry in entries:
        incident = evolve(incident, entry)
    return incident
