"""What alerts bring to an incident that goes on: more of them, an end, a return. Only tocsin itself asks for these."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.words import Permission, Status


class JoinAlerts(Command, frozen=True, kw_only=True):
    """These alerts belong to it."""

    permission: ClassVar[Permission] = Permission.SERVER
    alerts: tuple[e.AlertSeen, ...]


class ClearAlert(Command, frozen=True, kw_only=True):
    """The alert's own source says that it is over."""

    permission: ClassVar[Permission] = Permission.SERVER
    fingerprint: str
    name: str


class RefireAlert(Command, frozen=True, kw_only=True):
    """An alert that had cleared is back."""

    permission: ClassVar[Permission] = Permission.SERVER
    fingerprint: str
    name: str


def _join_alerts(incident: Incident, book: Book, command: JoinAlerts, now: datetime) -> tuple[e.Event, ...]:
    new = tuple(alert for alert in command.alerts if alert.fingerprint not in incident.alerts)
    return (e.AlertsJoined(alerts=new),) if new else ()


def _clear_alert(incident: Incident, book: Book, command: ClearAlert, now: datetime) -> tuple[e.Event, ...]:
    alert = incident.alerts.get(command.fingerprint)
    if alert is None or alert.cleared_at is not None:
        return ()
    return (e.AlertCleared(fingerprint=command.fingerprint, name=command.name),)


def _refire_alert(incident: Incident, book: Book, command: RefireAlert, now: datetime) -> tuple[e.Event, ...]:
    """An alert that comes back while its fix is watched reopens the incident: the fix did not hold.

    One that flaps does so only when it has stopped flapping and still fires (`page/flap.py`).
    """
    fired = e.AlertFiredAgain(fingerprint=command.fingerprint, name=command.name)
    if command.fingerprint in incident.flapping:
        return (fired,)
    times = _count_refired(incident, book, command.fingerprint, now)
    if book.policy.flap_times and times > book.policy.flap_times:
        within_s = book.policy.flap_within_s
        return fired, e.AlertFlaps(fingerprint=command.fingerprint, name=command.name, times=times, within_s=within_s)
    if incident.status is Status.MONITORING or incident.is_watched:
        return (fired, e.Reopened(by="tocsin", reason=f"{command.name} fires again"))
    return (fired,)


def _count_refired(incident: Incident, book: Book, fingerprint: str, now: datetime) -> int:
    """How often an alert has fired again lately, now included."""
    since = now - timedelta(seconds=book.policy.flap_within_s)
    return 1 + sum(each > since for each in incident.refired.get(fingerprint, ()))


DECISIONS: dict[type[Command], Decision] = {
    JoinAlerts: _join_alerts,
    ClearAlert: _clear_alert,
    RefireAlert: _refire_alert,
}
