"""How the sending of words changes an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.errand import Delivery, Followed
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry


def _requested(incident: Incident, entry: Entry, event: e.DeliveryRequested) -> Incident:
    before = incident.deliveries.get(event.key)
    made = Delivery(
        intent=entry.seq,
        at=entry.at,
        tries=before.tries if before is not None else 0,
        update=event.update,
        audience=event.audience,
        way=event.way,
        to=event.to,
    )
    return replace(incident, deliveries={**incident.deliveries, event.key: made})


def _made(incident: Incident, entry: Entry, event: e.DeliveryMade) -> Incident:
    done = _end(incident, entry, event.key, state="done", detail=event.detail, passing=False, why="")
    return done if event.followers is None else _asked(done, entry, event.answers, event.followers)


def _announced(incident: Incident, entry: Entry, event: e.AnnouncementMade) -> Incident:
    return _asked(incident, entry, event.answers, event.followers)


def _asked(incident: Incident, entry: Entry, intent: int, followers: int) -> Incident:
    known = incident.followers.get(intent, Followed(asked=0, at=entry.at))
    return replace(incident, followers={**incident.followers, intent: replace(known, asked=followers)})


def _counted(incident: Incident, entry: Entry, event: e.FollowersCounted) -> Incident:
    whole = event.sent + event.refused + event.waiting
    before = incident.followers.get(event.of, Followed(asked=whole, at=entry.at))
    counted = replace(before, at=entry.at, sent=event.sent, refused=event.refused, waiting=event.waiting, is_known=True)
    return replace(incident, followers={**incident.followers, event.of: counted})


def _failed(incident: Incident, entry: Entry, event: e.DeliveryFailed) -> Incident:
    return _end(incident, entry, event.key, state="failed", why=event.why, passing=event.passing)


def _withheld(incident: Incident, entry: Entry, event: e.DeliveryWithheld) -> Incident:
    return _end(incident, entry, event.key, state="failed", why=event.why, passing=False, withheld=True)


def _end(incident: Incident, entry: Entry, key: str, **changes: Any) -> Incident:
    before = incident.deliveries.get(key)
    if before is None:
        return incident
    ended = replace(before, at=entry.at, tries=before.tries + 1, **changes)
    return replace(incident, deliveries={**incident.deliveries, key: ended})


RULES: dict[type[e.Event], Any] = {
    e.DeliveryRequested: _requested,
    e.DeliveryMade: _made,
    e.DeliveryFailed: _failed,
    e.DeliveryWithheld: _withheld,
    e.AnnouncementMade: _announced,
    e.FollowersCounted: _counted,
}
