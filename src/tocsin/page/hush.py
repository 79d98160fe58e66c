"""What keeps an incident from paging now, and when that changes next: silences, maintenance windows, inhibition.

A hushed alert pages nobody; once that is over and the alert still fires, it does. That an alert is over is heard all
the same. What is hushed stands in the timeline with who asked for it, so that whoever was not paged can read why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.inhibition import Inhibitor
from tocsin.incident.plan import NOTHING, Happening, Plan
from tocsin.incident.silence import Silence, find_active
from tocsin.incident.state import AlertState, Incident
from tocsin.timeline.events import AlertSilenced, AlertUnsilenced, PagingFreed, PagingHeld, SilenceEnding
from tocsin.words import Hush

CHECK_FIRST, CHECK_MOST = timedelta(minutes=1), timedelta(minutes=15)
"""Whoever changes what inhibits has the incidents planned that it concerns. Whatever that may have missed is looked for
too: a minute after an alert was found inhibited, and again when it has been so for twice as long, at least so often.
"""


def find_hush(incident: Incident, book: Book, now: datetime) -> Plan:
    """What has begun or ceased to be hushed, and the next moment at which that may change."""
    if not (book.silences or book.inhibitions or incident.silenced or incident.barred):
        return NOTHING
    coming = [each for each in book.silences if each.ends_at > now]
    whole = [each for each in coming if each.is_whole]
    parts = [each for each in coming if not each.is_whole]
    firing = {key: each for key, each in incident.alerts.items() if each.cleared_at is None}
    events = [*_settle_all(incident, _find_barring(incident, whole, parts, now))]
    events += (event for key, each in firing.items() for event in _settle(incident, book, key, each, parts, now))
    ending = [each for each in coming if _is_over(each, incident, firing)]
    events += (_remind(each) for each in ending if each.remind_at <= now)
    watched = coming if firing or incident.asked else whole
    moments = [each.starts_at if each.starts_at > now else each.ends_at for each in watched]
    moments += (each.remind_at for each in ending if each.remind_at > now)
    inhibited = [each.since for each in incident.silenced.values() if each.hush is Hush.INHIBITION]
    if inhibited:
        moments.append(now + min(max(now - max(inhibited), CHECK_FIRST), CHECK_MOST))
    return Plan(tuple(events), min(moments, default=None))


def _is_over(silence: Silence, incident: Incident, firing: Collection[str]) -> bool:
    """Whether it keeps the incident quiet, and its end is still to be told to whoever set it."""
    if silence.recurs or incident.reminded.get(silence.id) == silence.ends_at:
        return False
    covers = (incident.silenced.get(key) for key in firing)
    return incident.barred == silence.id or any(each is not None and each.id == silence.id for each in covers)


def _remind(silence: Silence) -> SilenceEnding:
    return SilenceEnding(silence=silence.id, by=silence.by, until=silence.ends_at, hush=silence.hush)


def _find_barring(
    incident: Incident, whole: Sequence[Silence], parts: Sequence[Silence], now: datetime
) -> tuple[Silence, ...]:
    """The windows that hold whatever people ask for: those over the whole team; and where somebody has asked and
    nothing fires any more, those over what fired, if all of it is under one.
    """
    active = find_active(whole, {}, now)
    if active or not incident.asked or incident.uncleared or not incident.alerts:
        return active
    windows = [each for each in parts if each.hush is Hush.MAINTENANCE]
    covers = [find_active(windows, alert.seen.labels, now) for alert in incident.alerts.values()]
    return tuple(window for cover in covers for window in cover) if all(covers) else ()


def _settle_all(incident: Incident, active: Sequence[Silence]) -> Iterator[Happening]:
    """What holds whatever fires, and whatever people ask for."""
    if incident.barred and not active:
        yield PagingFreed(window=incident.barred)
    elif active and incident.barred not in [each.id for each in active]:
        chosen = active[0]
        yield PagingHeld(window=chosen.id, by=chosen.by, comment=chosen.comment, until=chosen.ends_at)


def _settle(
    incident: Incident, book: Book, key: str, alert: AlertState, silences: Sequence[Silence], now: datetime
) -> Iterator[Happening]:
    """What a person has asked for comes before an inhibition, which is looked at only where nobody has; a window,
    which holds more back, comes before a silence.
    """
    before = incident.silenced.get(key)
    active = find_active(silences, alert.seen.labels, now)
    active = tuple(each for each in active if each.hush is Hush.MAINTENANCE) or active
    inhibitor = book.inhibitions.find(alert.seen.labels) if not active else None
    if inhibitor is not None:
        if before is None or before.hush is not Hush.INHIBITION:
            yield _inhibit(key, alert, inhibitor)
    elif before is not None and not active:
        yield AlertUnsilenced(fingerprint=key, name=alert.seen.name, silence=before.id, hush=before.hush)
    elif active and (before is None or before.id not in [each.id for each in active]):
        chosen = active[0]
        yield AlertSilenced(
            fingerprint=key,
            name=alert.seen.name,
            silence=chosen.id,
            by=chosen.by,
            comment=chosen.comment,
            until=chosen.ends_at,
            hush=chosen.hush,
        )


def _inhibit(key: str, alert: AlertState, by: Inhibitor) -> AlertSilenced:
    why = "that alert explains this one"
    return AlertSilenced(
        fingerprint=key, name=alert.seen.name, silence=by.fingerprint, by=by.name, comment=why, hush=Hush.INHIBITION
    )
