"""Tickets: one protocol for every tracker, and the performer that carries what the planner asks.

A tracker is asked for a ticket with the same mark before a new one is made, so that a try of which nobody heard the end
leaves one ticket and not two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected
from tocsin.timeline.events import Intent, Outcome, TicketDone, TicketRequested
from tocsin.words import TicketAct


class OpenTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that is there: its id in the tracker, and where it is."""

    id: str
    link: str = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket to be made; `mark` is found again in it, `room` is the incident's address."""

    mark: str
    title: str
    text: str
    room: str = ""
    labels: Sequence[str] = ()


class Tracker(Protocol):
    """A tracker. Each verb raises `Unavailable` if trying again may help, `Rejected` if not."""

    async def find(self, mark: str) -> OpenTicket | None:
        """The ticket that was made with this mark, also where its making was not heard of."""
        ...

    async def create(self, draft: Draft) -> OpenTicket:
        """Make one."""
        ...

    async def comment(self, ticket: str, text: str, mark: str) -> None:
        """Say something in a ticket, once for each mark."""
        ...

    async def close(self, ticket: str, text: str, mark: str) -> None:
        """Say something and close it; one that is closed already is no fault."""
        ...


def make_mark(stream: str, key: str) -> str:
    """What tells tocsin's own ticket for this apart from all others."""
    return f"tocsin-{hashlib.sha256(f'{stream}/{key}'.encode()).hexdigest()[:16]}"


class Tickets:
    """The performer of what is asked of trackers; they are looked up each time, so that a changed setting holds."""

    handles = (TicketRequested,)

    def __init__(self, trackers: Callable[[], Mapping[str, Tracker]], url: Callable[[], str]) -> None:
        self._trackers, self._url = trackers, url

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Do it. An `OutsideError` is the engine's to turn into `TicketFailed`."""
        assert isinstance(intent, TicketRequested)
        tracker = self._trackers().get(intent.tracker)
        if tracker is None:
            raise Rejected(f"There is no tracker {intent.tracker!r} any more; look at `tickets` in tocsin.toml.")
        done = TicketDone(answers=key.seq, act=intent.act, key=intent.key, ticket=intent.ticket)
        if intent.act is TicketAct.CREATE:
            return await self._create(tracker, key, intent)
        mark = make_mark(key.stream, f"{intent.key}:{key.seq}")
        if intent.act is TicketAct.COMMENT:
            await tracker.comment(intent.ticket, intent.text, mark)
        else:
            await tracker.close(intent.ticket, intent.text, mark)
        return done

    async def _create(self, tracker: Tracker, key: Key, asked: TicketRequested) -> TicketDone:
        mark = make_mark(key.stream, asked.key)
        found = await tracker.find(mark)
        if found is None:
            room = f"{self._url()}/incidents/{key.stream}"
            draft = Draft(mark=mark, title=asked.title, text=asked.text, room=room, labels=asked.labels)
            made = await tracker.create(draft)
        else:
            made = found
        return TicketDone(
            answers=key.seq, act=asked.act, key=asked.key, ticket=made.id, link=made.link, found=found is not None
        )
