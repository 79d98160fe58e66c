"""What customers read inside the application: published words, the newest first, and nothing else of an incident.

Words for the public stand there, and those for an audience whose settings say `in_app`, once they were allowed out like
words on any other way. What was taken back is gone; of a private incident nothing stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from tocsin.comms.board import Told, find_title
from tocsin.comms.public import SHOWN_FOR, find_end
from tocsin.comms.settings import StatusPage
from tocsin.comms.silence import find_silence
from tocsin.words import Audience, PublicStatus, Way

MOST_WORDS = 50


class InApp(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `incident` is its number, `is_over` whether that is over for the public."""

    incident: str
    title: str
    status: PublicStatus
    at: datetime
    text: str
    audiences: tuple[Audience, ...]
    is_over: bool


def list_in_app(told: Iterable[Told], page: StatusPage, now: datetime) -> tuple[InApp, ...]:
    """The messages of a team's feed; of its incidents those of the last 90 days."""
    found = [words for each in told for words in _list_words(each, page, now)]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:MOST_WORDS])


def _list_words(told: Told, page: StatusPage, now: datetime) -> Iterator[InApp]:
    incident, silence, end = told.incident, find_silence(told.incident, told.book), find_end(told.incident)
    is_old = now - (end or now) > SHOWN_FOR
    if incident.is_private or is_old or (silence is not None and not silence.incident):
        return
    sent = {
        (each.update, each.audience)
        for each in incident.deliveries.values()
        if each.way is Way.IN_APP and each.state == "done"
    }
    for update in incident.updates:
        read_by = tuple(each for each in update.audiences if each is Audience.PUBLIC or (update.seq, each) in sent)
        if read_by and update.withdrawn_at is None:
            yield InApp(
                incident=incident.number,
                title=find_title(incident, told.book, page),
                status=update.status,
                at=update.at,
                text=update.text,
                audiences=read_by,
                is_over=end is not None,
            )
