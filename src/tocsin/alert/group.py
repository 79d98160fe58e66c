"""What an alert does to incidents: it joins the open one of its scenario, comes back to its own, or opens one."""

from __future__ import annotations

from tocsin.alert.route import Destination
from tocsin.alert.row import AlertRow
from tocsin.timeline.events import AlertSeen, AlertsJoined, IncidentOpened
from tocsin.timeline.line import fold

TRIAGE = "triage"
"""The stand-in for a team until somebody knows which."""


def see(row: AlertRow) -> AlertSeen:
    """The alert as it is written into an incident."""
    return AlertSeen(
        fingerprint=row.fingerprint,
        name=row.name,
        starts_at=row.starts_at,
        labels=row.labels,
        annotations=row.annotations,
        generator_url=row.generator_url,
    )


def open_events(
    destination: Destination, row: AlertRow, number: str, playbook: str, model: str
) -> tuple[IncidentOpened, AlertsJoined]:
    """The first two events of a new incident."""
    scenario = destination.scenario
    title = scenario.title if scenario else fold(row.name) or "Unnamed alert"
    opened = IncidentOpened(
        team=destination.team or TRIAGE,
        number=number,
        title=f"{title} ({fold(destination.group)})" if destination.group else title,
        by="alert",
        origin="alert",
        playbook=playbook,
        model=model,
        scenario=scenario.title if scenario else None,
        scenario_line=scenario.line if scenario else None,
        severity=destination.severity,
        candidates=destination.candidates,
        group=destination.group,
    )
    return opened, AlertsJoined(alerts=(see(row),))
