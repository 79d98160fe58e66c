"""How long what is over is kept, and why an incident that is over is kept all the same."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tocsin.incident.state import Incident
from tocsin.words import Status, StepState

FOREVER = "forever"
FEWEST_DAYS = {"incidents_days": 30, "alerts_days": 1}
"""Reviews are owed for weeks and reports look back a month; an alert is told again within hours."""
UNSETTLED = (StepState.RUNNING, StepState.IN_DOUBT)

Days = int | str
"""A number of days, or `FOREVER`."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """`[retention]`: after how many days something is taken away; `"forever"` keeps it.

    `incidents_days` counts from an incident's last entry, once it is over and owes nothing: thirteen months, so that a
    month can be compared with the same one a year ago. `alerts_days` counts from the last that was heard of an alert.
    """

    incidents_days: Days = 400
    alerts_days: Days = 30

    def find_faults(self) -> list[tuple[str, str]]:
        """What makes no sense: field and sentence."""
        given = {"incidents_days": self.incidents_days, "alerts_days": self.alerts_days}
        return [
            (name, f'write a number of days, at least {FEWEST_DAYS[name]}, or {name} = "forever" to keep everything.')
            for name, days in given.items()
            if days != FOREVER and (isinstance(days, str) or days < FEWEST_DAYS[name])
        ]

    def incidents_before(self, now: datetime) -> datetime | None:
        """Incidents whose last entry is older may go; null for none."""
        return _before(self.incidents_days, now)

    def alerts_before(self, now: datetime) -> datetime | None:
        """Alerts of which nothing was heard since may go; null for none."""
        return _before(self.alerts_days, now)


def _before(days: Days, now: datetime) -> datetime | None:
    if isinstance(days, str):
        return None
    try:
        return now - timedelta(days=days)
    except OverflowError:  # older than the calendar
        return None


def find_hindrance(incident: Incident) -> str:
    """Why an incident must be kept however old it is; empty if nothing speaks against taking it away.

    Whoever closes an incident has met or waived what it owed; one that was dismissed never was an incident, and what
    one owed that was merged is owed by the other.
    """
    if incident.is_open:
        return "it is open"
    if incident.status is Status.CLOSED:
        return ""
    owed = next((each.what for each in incident.obligations.values() if each.is_open), None)
    if owed is not None:
        return f"it still owes: {owed}"
    unsettled = next((each.step for each in incident.steps.values() if each.state in UNSETTLED), None)
    return "" if unsettled is None else f"nobody has said what became of step {unsettled}"
