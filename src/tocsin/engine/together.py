"""What waited for the end of somebody's quiet hours is told in one go: one message for all incidents at once.

The first of these pages that is sent names the others; whichever of them comes within the next minutes is then noted as
told with it, and not sent again. What is remembered for that is lost in a crash: then it is told once more, not less.
Another pager (PagerDuty) gets each, since it keeps an incident of its own for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from tocsin.engine.contracts import Clock, Key
from tocsin.engine.journal import Journal
from tocsin.incident.state import Incident
from tocsin.incident.urgency import Ways
from tocsin.page.plan import CALLING, has_waited
from tocsin.timeline.events import Outcome, PageDelivered, PageRequested
from tocsin.words import Mode, PageState

FRESH = timedelta(minutes=10)
"""For how long what was told beside another need not be told by itself."""
MOST_BESIDE = 50
Perform = Callable[[Key, PageRequested], Awaitable[Outcome]]


class Told(NamedTuple):
    """In whose message something was told, and when."""

    number: str
    at: datetime


class Together:
    """Sends pages; of those that waited, as many as possible in one message."""

    def __init__(self, journal: Journal, clock: Clock, perform: Perform) -> None:
        self._journal, self._clock, self._perform = journal, clock, perform
        self._told: dict[tuple[str, str], Told] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def send(self, key: Key, page: PageRequested) -> Outcome:
        """Send a page, or say in whose message it was told."""
        if not page.waited:
            return await self._perform(key, page)
        async with self._locks.setdefault(page.responder, asyncio.Lock()):
            told = self._told.pop((key.stream, page.responder), None)
            if told is not None and self._clock.now() - told.at < FRESH:
                detail = f"told in one message with {told.number}"
                return PageDelivered(answers=key.seq, responder=page.responder, channel=page.channel, detail=detail)
            found = await self._find_beside(key.stream, page)
            outcome = await self._perform(key, msgspec.structs.replace(page, beside=tuple(found)))
            if isinstance(outcome, PageDelivered):
                self._remember(found, page, Told(key.stream, self._clock.now()))
            return outcome

    def _remember(self, found: list[str], page: PageRequested, told: Told) -> None:
        self._told = {key: each for key, each in self._told.items() if told.at - each.at < FRESH}
        self._told.update({(stream, page.responder): told for stream in found})

    async def _find_beside(self, stream: str, page: PageRequested) -> list[str]:
        """The other incidents of which this person is to be told now, since it waited. Private ones are told alone."""
        found, own = list[str](), await self._journal.incident(stream)
        if own is not None and own.is_private:
            return found
        for card in await self._journal.store.cards(open_only=True):
            incident = await self._journal.incident(card.id) if card.id != stream else None
            if incident is not None and await self._is_waiting(incident, page):
                found.append(card.id)
        return found[:MOST_BESIDE]

    async def _is_waiting(self, incident: Incident, page: PageRequested) -> bool:
        shelf, call = self._journal.shelf, incident.calls.get(page.responder)
        policy = shelf.policy(incident)
        if incident.status not in CALLING or incident.is_hushed or incident.is_private or policy.mode is Mode.SHADOW:
            return False
        ways = Ways(incident, await shelf.book(incident), shelf.rota(incident))
        now, line = self._clock.now(), call.line if call is not None else None
        if page.channel in policy.sharing or ways.quiet_until(page.responder, now, line) is not None:
            return False
        if call is not None and call.answered_at is None and has_waited(call):
            alike = (page.channel, ways.channels(page.responder)[0])  # else a line asks for a means of its own
            return call.channel in alike or call.state is PageState.FAILED
        return page.responder in incident.put_off
