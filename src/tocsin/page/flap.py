"""Alerts that flap: when each has stopped, and what follows from that.

While an alert flaps it reopens nothing, however often it fires again. Once it has stayed as it is for as long as it is
watched, it counts as any other: if it fires then while its fix is being watched, the fix did not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.plan import NOTHING, Happening, Plan
from tocsin.incident.state import Incident
from tocsin.timeline.events import AlertSteadied, Reopened
from tocsin.words import Status


def find_flaps(incident: Incident, book: Book, now: datetime) -> Plan:
    """The alerts that have stopped flapping, and when the next one may have."""
    if not incident.flapping:
        return NOTHING
    steady = {key: _find_steady(incident, book, key) for key in incident.flapping}
    events = [event for key, at in steady.items() if at <= now for event in _settle(incident, book, key)]
    return Plan(tuple(events), min((at for at in steady.values() if at > now), default=None))


def _find_steady(incident: Incident, book: Book, key: str) -> datetime:
    """When it will have stayed as it is for long enough."""
    alert = incident.alerts.get(key)
    times = incident.refired.get(key, ())
    last = max([incident.flapping[key], *times[-1:]])
    if alert is not None and alert.cleared_at is not None:
        last = max(last, alert.cleared_at)
    return last + timedelta(seconds=book.policy.flap_within_s)


def _settle(incident: Incident, book: Book, key: str) -> Iterator[Happening]:
    alert = incident.alerts.get(key)
    fires = alert is not None and alert.cleared_at is None
    name = alert.seen.name if alert is not None else key
    yield AlertSteadied(fingerprint=key, name=name, fires=fires)
    if fires and incident.status is Status.MONITORING:
        minutes = book.policy.flap_within_s / 60
        yield Reopened(by="tocsin", reason=f"{name} has fired for {minutes:g} min without a pause")
