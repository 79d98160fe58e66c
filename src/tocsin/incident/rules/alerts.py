"""How the alerts behind an incident change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from tocsin.incident.state import MOST_REFIRED, AlertState, Cover, Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Status


def _alerts_joined(incident: Incident, entry: Entry, event: e.AlertsJoined) -> Incident:
    joined = {seen.fingerprint: AlertState(seen=seen) for seen in event.alerts}
    return _resume(incident, replace(incident, alerts={**incident.alerts, **joined}), entry)


def _alert_cleared(incident: Incident, entry: Entry, event: e.AlertCleared) -> Incident:
    before = incident.alerts.get(event.fingerprint)
    if before is None:
        return incident
    cleared = replace(before, cleared_at=entry.at)
    alerts = {**incident.alerts, event.fingerprint: cleared}
    return replace(incident, alerts=alerts, silent=_without(incident.silent, event.fingerprint))


def _alert_fired_again(incident: Incident, entry: Entry, event: e.AlertFiredAgain) -> Incident:
    before = incident.alerts.get(event.fingerprint)
    if before is None:
        return incident
    times = (*incident.refired.get(event.fingerprint, ()), entry.at)[-MOST_REFIRED:]
    after = replace(
        incident,
        alerts={**incident.alerts, event.fingerprint: replace(before, cleared_at=None)},
        refired={**incident.refired, event.fingerprint: times},
    )
    return _resume(incident, replace(after, silent=_without(incident.silent, event.fingerprint)), entry)


def _alert_flaps(incident: Incident, entry: Entry, event: e.AlertFlaps) -> Incident:
    return replace(incident, flapping={**incident.flapping, event.fingerprint: entry.at})


def _alert_steadied(incident: Incident, entry: Entry, event: e.AlertSteadied) -> Incident:
    return replace(incident, flapping=_without(incident.flapping, event.fingerprint))


def _alert_went_silent(incident: Incident, entry: Entry, event: e.AlertWentSilent) -> Incident:
    return replace(incident, silent={**incident.silent, event.fingerprint: event.until})


def _without(silent: dict[str, datetime], fingerprint: str) -> dict[str, datetime]:
    return {key: until for key, until in silent.items() if key != fingerprint}


def _alert_silenced(incident: Incident, entry: Entry, event: e.AlertSilenced) -> Incident:
    cover = Cover(event.silence, event.hush, entry.at)
    return replace(incident, silenced={**incident.silenced, event.fingerprint: cover})


def _alert_unsilenced(incident: Incident, entry: Entry, event: e.AlertUnsilenced) -> Incident:
    left = {key: silence for key, silence in incident.silenced.items() if key != event.fingerprint}
    return _resume(incident, replace(incident, silenced=left), entry)


def _paging_held(incident: Incident, entry: Entry, event: e.PagingHeld) -> Incident:
    return replace(incident, barred=event.window)


def _silence_ending(incident: Incident, entry: Entry, event: e.SilenceEnding) -> Incident:
    return replace(incident, reminded={**incident.reminded, event.silence: event.until})


def _paging_freed(incident: Incident, entry: Entry, event: e.PagingFreed) -> Incident:
    return _resume(incident, replace(incident, barred=""), entry)


def _resume(before: Incident, after: Incident, entry: Entry) -> Incident:
    """Where nothing was to page and something is again, the calling begins anew."""
    return replace(after, resumed_at=entry.at) if before.is_hushed and not after.is_hushed else after


def _scenario_chosen(incident: Incident, entry: Entry, event: e.ScenarioChosen) -> Incident:
    status = Status.ACTIVE if incident.status is Status.TRIAGE else incident.status
    same = (event.model or incident.model) == incident.model
    return replace(
        incident,
        taken=incident.taken if same else {},
        pursued=incident.pursued if same else (),
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
    e.AlertFlaps: _alert_flaps,
    e.AlertSteadied: _alert_steadied,
    e.AlertSilenced: _alert_silenced,
    e.AlertUnsilenced: _alert_unsilenced,
    e.AlertWentSilent: _alert_went_silent,
    e.PagingFreed: _paging_freed,
    e.PagingHeld: _paging_held,
    e.SilenceEnding: _silence_ending,
    e.ScenarioChosen: _scenario_chosen,
}
