"""How the alerts behind an incident change it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.state import AlertState, Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Status


def _alerts_joined(incident: Incident, entry: Entry, event: e.AlertsJoined) -> Incident:
    joined = {seen.fingerprint: AlertState(seen=seen) for seen in event.alerts}
    return replace(incident, alerts={**incident.alerts, **joined})


def _alert_cleared(incident: Incident, entry: Entry, event: e.AlertCleared) -> Incident:
    before = incident.alerts.get(event.fingerprint)
    if before is None:
        return incident
    cleared = replace(before, cleared_at=entry.at)
    return replace(incident, alerts={**incident.alerts, event.fingerprint: cleared})


def _alert_fired_again(incident: Incident, entry: Entry, event: e.AlertFiredAgain) -> Incident:
    before = incident.alerts.get(event.fingerprint)
    if before is None:
        return incident
    return replace(incident, alerts={**incident.alerts, event.fingerprint: replace(before, cleared_at=None)})


def _scenario_chosen(incident: Incident, entry: Entry, event: e.ScenarioChosen) -> Incident:
    status = Status.ACTIVE if incident.status is Status.TRIAGE else incident.status
    return replace(
        incident,
        team=event.team,
        scenario=event.scenario,
        scenario_line=event.scenario_line,
        playbook=event.playbook or incident.playbook,
        model=event.model or incident.model,
        candidates=(),
        status=status,
    )


RULES: dict[type[e.Event], Any] = {
    e.AlertsJoined: _alerts_joined,
    e.AlertCleared: _alert_cleared,
    e.AlertFiredAgain: _alert_fired_again,
    e.ScenarioChosen: _scenario_chosen,
}
