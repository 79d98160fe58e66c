"""Words that were published for an audience go to its readers: each way is asked once, and again while it fails.

What is asked for is decided in the commit that publishes, so that a crash loses nothing and settings that are changed
later send nothing old. Whether it may still go is looked at when its turn comes: words that were taken back, or locked
by a security incident since, stay in the house.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.comms.announce import plan_announcement
from tocsin.comms.asking import MOST_TRIES, find_again
from tocsin.comms.gate import find_lock
from tocsin.incident.book import Book
from tocsin.incident.plan import Plan, join
from tocsin.incident.readers import list_ways
from tocsin.incident.speech import Update
from tocsin.incident.state import Incident
from tocsin.timeline.events import DeliveryRequested
from tocsin.words import Audience, Way


def plan_deliveries(incident: Incident, book: Book, now: datetime) -> Plan:
    """What to send now, and when to look again at what failed."""
    return join(_ask(incident, each, now) for each in _list_wanted(incident, book, now))


def is_undelivered(incident: Incident) -> bool:
    """Whether words are still on their way to their readers."""
    deliveries = incident.deliveries.values()
    return any(each.state == "failed" and each.passing and each.tries < MOST_TRIES for each in deliveries)


def find_bar(incident: Incident, book: Book, asked: DeliveryRequested) -> str:
    """Why words must not go out any more; empty while they may."""
    update = next((each for each in incident.updates if each.seq == asked.update), None)
    if update is None or update.withdrawn_at is not None:
        return "the words were taken back"
    if asked.way is Way.IN_APP and incident.is_private:
        return "the incident is private, and nothing of it stands in the feed"
    lock = find_lock(incident, book) if asked.audience.is_outside and not update.opened_as else None
    return f"words to the outside are locked by line {lock.line}" if lock is not None else ""


def _list_wanted(incident: Incident, book: Book, now: datetime) -> Iterator[DeliveryRequested]:
    for update in incident.updates:
        if update.withdrawn_at is None:
            yield from _list_requests(incident, update, book, now)


def _list_requests(incident: Incident, update: Update, book: Book, now: datetime) -> Iterator[DeliveryRequested]:
    """What was published just now, and what was asked for before. Followers hear the same words once, of however many
    audiences they are.
    """
    hear_already = _is_announced(incident, update, book, now)
    for audience in update.audiences:
        readers = book.policy.audiences.get(audience)
        for way, to in list_ways(audience, readers) if readers is not None else ():
            key = f"{update.seq}:{audience}:{way}:{to}"
            is_asked = key in incident.deliveries
            if way is Way.FOLLOWERS:
                if hear_already and not is_asked:
                    continue
                hear_already = True
            if update.at >= now or is_asked:
                yield DeliveryRequested(key=key, update=update.seq, audience=audience, way=way, to=to)


def _is_announced(incident: Incident, update: Update, book: Book, now: datetime) -> bool:
    """Whether followers hear of words for the public as of a change of its status."""
    if Audience.PUBLIC not in update.audiences:
        return False
    is_told = incident.announced_at is not None and incident.announced_at >= update.at
    return is_told or bool(plan_announcement(incident, book, now).events)


def _ask(incident: Incident, request: DeliveryRequested, now: datetime) -> Plan:
    is_now, at = find_again(incident.deliveries.get(request.key), now)
    return Plan((request,)) if is_now else Plan((), at)
