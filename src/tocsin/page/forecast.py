"""Who would be called, before anything happens: the planner itself, asked about an incident that there is not.

Nothing here knows how people are called. The incident is opened in memory, the planner is asked, what it answers is
folded in as any stream's entries are, every page counts as taken by its channel and answered by nobody, and time goes
on to the moment at which the planner wants to be asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.evolve import evolve
from tocsin.incident.plan import At, Happening
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.page.plan import plan
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Event, IncidentOpened, LevelJoined, PageDelivered, PagePutOff, PageRequested

MOST_PAGES = 2000
STREAM = "forecast"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A page that would be decided `at` that moment, unless somebody acknowledges before."""

    at: datetime
    responder: str
    channel: str
    round: int
    why: str
    line: int | None


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """A rung of the ladder or a line of the playbook that would be called in; `responders` may be nobody."""

    at: datetime
    who: tuple[str, ...]
    responders: tuple[str, ...]
    why: str
    line: int | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A page that would be put off `at` that moment, since the person is in quiet hours, to `until`."""

    at: datetime
    responder: str
    until: datetime
    why: str
    line: int | None


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What would follow until `until`, in its order. `cut`: there are more pages than anybody wants to read."""

    at: datetime
    until: datetime
    pages: tuple[Expected, ...]
    joins: tuple[Joining, ...]
    waits: tuple[Waiting, ...] = ()
    cut: bool = False


def forecast(opened: IncidentOpened, book: Book, rota: Rota, at: datetime, until: datetime) -> Forecast:
    """Who is called from `at`, when the incident opens, to `until`, while nobody acknowledges."""
    virtual = _Virtual(opened, at)
    now: datetime | None = at
    while now is not None and now <= until and len(virtual.pages) < MOST_PAGES:
        answer = plan(virtual.incident, book, rota, now)
        virtual.add(answer.events, now)
        if not answer.events:
            now = answer.wake if answer.wake is not None and answer.wake > now else None
    return Forecast(
        at=at,
        until=until,
        pages=tuple(virtual.pages[:MOST_PAGES]),
        joins=tuple(virtual.joins),
        waits=tuple(virtual.waits),
        cut=len(virtual.pages) >= MOST_PAGES,
    )


class _Virtual:
    """An incident that stands in no store, and what was decided about it."""

    def __init__(self, opened: IncidentOpened, at: datetime) -> None:
        entry = Entry(stream=STREAM, seq=1, at=at, recorded_at=at, event=opened)
        self.incident: Incident = evolve(None, entry)
        self.pages: list[Expected] = []
        self.joins: list[Joining] = []
        self.waits: list[Waiting] = []

    def add(self, happenings: tuple[Happening, ...], now: datetime) -> None:
        """Fold in what the planner answered; then each page is taken by its channel."""
        requested = []
        for event, at in _date(happenings, now):
            self._fold(event, at, now)
            if isinstance(event, LevelJoined):
                who, responders = event.who, event.responders
                self.joins.append(Joining(at=at, who=who, responders=responders, why=event.why, line=event.line))
            elif isinstance(event, PagePutOff):
                until, line = event.until, event.line
                self.waits.append(Waiting(at=at, responder=event.responder, until=until, why=event.why, line=line))
            elif isinstance(event, PageRequested):
                requested.append((self.incident.seq, event))
                self.pages.append(
                    Expected(
                        at=at,
                        responder=event.responder,
                        channel=event.channel,
                        round=event.round,
                        why=event.why,
                        line=event.line,
                    )
                )
        for seq, page in requested:
            self._fold(PageDelivered(answers=seq, responder=page.responder, channel=page.channel), now, now)

    def _fold(self, event: Event, at: datetime, now: datetime) -> None:
        entry = Entry(stream=STREAM, seq=self.incident.seq + 1, at=at, recorded_at=now, event=event)
        self.incident = evolve(self.incident, entry)


def _date(happenings: tuple[Happening, ...], now: datetime) -> Iterator[tuple[Event, datetime]]:
    for each in happenings:
        yield (each.event, each.at) if isinstance(each, At) else (each, now)
