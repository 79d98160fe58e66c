"""How far words have come, on each way and of those who follow the status page: in words for people."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.incident.errand import Delivery, Followed
from tocsin.incident.speech import Update
from tocsin.incident.state import Incident
from tocsin.timeline.tell_delivery import tell_counts
from tocsin.words import Audience, Way

STATES = {"asked": "on its way", "done": "sent", "failed": "failed"}


def list_announced(incident: Incident, update: Update) -> list[Followed]:
    """What followers were told of the status while `update` was the last that the public had heard."""
    if Audience.PUBLIC not in update.audiences:
        return []
    later = [each.seq for each in incident.updates if Audience.PUBLIC in each.audiences and each.seq > update.seq]
    end = min(later, default=None)
    own = {each.intent for each in incident.deliveries.values()}
    return [
        followed
        for intent, followed in sorted(incident.followers.items())
        if intent not in own and intent > update.seq and (end is None or intent < end) and followed.asked
    ]


def tell_followed(followed: Followed) -> str:
    """``of 3 asked: 2 have it, 1 refused``."""
    if not followed.is_known:
        return f"in the queues of {followed.asked} follower{'' if followed.asked == 1 else 's'}"
    told = tell_counts(followed.sent, followed.refused, followed.waiting, followed.left)
    return f"of {followed.asked} asked: {told}"


def find_state(followed: Followed) -> str:
    """In the words of the room."""
    if not followed.is_known:
        return "queued"
    if followed.waiting:
        return "on its way"
    return "failed" if followed.refused and not followed.sent else "sent"


def find_way_state(sent: Delivery) -> str:
    """The same of any other way."""
    return "withheld" if sent.withheld else STATES[sent.state]


def tell_ways(incident: Incident, update: Update) -> Iterator[str]:
    """What became of words: ``partners by mail (2 addresses): sent, handed to the mail server``."""
    for each in incident.deliveries.values():
        if each.update == update.seq:
            followed = incident.followers.get(each.intent) if each.way is Way.FOLLOWERS else None
            state = find_state(followed) if followed is not None else find_way_state(each)
            said = tell_followed(followed) if followed is not None else each.why or each.detail
            audience = each.audience.replace("_", " ")
            yield f"{audience} by {each.way.replace('_', ' ')} ({each.to}): {state}{f', {said}' if said else ''}"
    for followed in list_announced(incident, update):
        yield f"followers of the status page: {find_state(followed)}, {tell_followed(followed)}"
