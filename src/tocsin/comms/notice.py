"""What stands in the team's standing channels, each for its purpose as the playbook states it.

- where active incidents are coordinated, or told in real time: that there is one, what is said of it, that it is over;
- where alerts are told: what has no room of its own;
- where reviews are: that there is a post-mortem.

A channel without a purpose is left alone. While the playbook forbids words about an incident, its title stays out:
standing channels are read by everybody. Of a private incident nothing is said there at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tocsin.comms.asking import find_again
from tocsin.comms.room_duty import SPEAKING, find_room
from tocsin.comms.room_text import Saying
from tocsin.comms.silence import find_silence
from tocsin.incident.book import Book
from tocsin.incident.plan import Plan, join
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import ChatChannel
from tocsin.timeline.events import ChatRequested
from tocsin.timeline.line import fold
from tocsin.words import ChatAct, Status

_COORDINATION = compile_late(r"coordinat|real[- ]?time|active incident|incident updates?|war room", re.IGNORECASE)
_ALERTS = compile_late(r"\balert", re.IGNORECASE)
_REVIEWS = compile_late(r"post-?mortem|post-?incident|\breviews?\b|retrospective", re.IGNORECASE)
MOST_TEXT = 1000


def plan_notices(incident: Incident, book: Book, now: datetime) -> Plan:
    """What is to be said next in each standing channel, and when to look again."""
    system = book.policy.war_room
    if not system or incident.status is Status.TRIAGE:
        return Plan()
    channels = {each.name: each for each, _ in _list_notices(incident, book)}
    return join(_plan_channel(incident, book, channel, system, now) for channel in channels.values())


def _plan_channel(incident: Incident, book: Book, channel: ChatChannel, system: str, now: datetime) -> Plan:
    for of, saying in _list_notices(incident, book):
        if of.name != channel.name:
            continue
        task = incident.chat.get(saying.key)
        if task is not None and task.state == "asked":
            return Plan()
        is_now, at = find_again(task, now)
        if is_now:
            request = ChatRequested(
                act=ChatAct.SAY, system=system, key=saying.key, to=of.name, text=saying.text, line=saying.line
            )
            return Plan((request,))
        if at is not None:
            return Plan((), at)
    return Plan()


def _list_notices(incident: Incident, book: Book) -> Iterator[tuple[ChatChannel, Saying]]:
    if incident.is_private:
        return
    coordination, alerts = _find(book, _COORDINATION), _find(book, _ALERTS)
    has_room = find_room(incident, book) is not None or incident.room is not None
    told = coordination if has_room or alerts is None else alerts
    if told is not None:
        yield told, _say(told, "opened", _tell_opened(incident, book))
        if not has_room or coordination is told:
            yield from ((told, each) for each in _list_news(told, incident, book))
    reviews = _find(book, _REVIEWS)
    if reviews is not None and incident.postmortem is not None:
        text = f"There is a post-mortem of {_name(incident, book)}."
        yield reviews, _say(reviews, "postmortem", text)


def _list_news(channel: ChatChannel, incident: Incident, book: Book) -> Iterator[Saying]:
    if incident.room is not None and incident.status in SPEAKING:
        text = f"{incident.number} has a room of its own: #{incident.room.name}"
        yield _say(channel, f"room:{incident.room.turn}", text)
    for number, update in enumerate(incident.updates, 1):
        if find_silence(incident, book) is None:
            yield _say(channel, f"update:{number}", f"{incident.number}, update by {update.by}: {update.text}")
    if incident.resolved_at is not None:
        yield _say(channel, f"resolved:{incident.reopened + 1}", f"{_name(incident, book)} is resolved.")


def _say(channel: ChatChannel, key: str, text: str) -> Saying:
    return Saying(key=f"{channel.name}:{key}", text=text[:MOST_TEXT], line=channel.purpose_line)


def _tell_opened(incident: Incident, book: Book) -> str:
    by = f"Taken by {incident.acknowledged_by}." if incident.acknowledged_by else "Nobody has taken it yet."
    return f"[{fold(incident.severity or 'unclassified')}] {_name(incident, book)}. {by}"


def _name(incident: Incident, book: Book) -> str:
    if find_silence(incident, book) is not None:
        return f"{incident.number} (nothing may be said of it yet)"
    return f"{incident.number}: {fold(incident.title)}"


def _find(book: Book, purpose: re.Pattern[str]) -> ChatChannel | None:
    """The first standing channel that is for this."""
    standing = (each for each in book.playbook.channels if not each.dated and each.purpose)
    return next((each for each in standing if purpose.search(each.purpose)), None)
