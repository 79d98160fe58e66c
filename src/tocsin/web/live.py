"""Server-sent events: which stream has a new entry, told to every screen that is open.

An event says only that something happened (stream, seq, kind); whoever hears it asks for what it wants to see. So a
listener that was away misses nothing: with `Last-Event-ID` it is told what came meanwhile, in one go. A screen that
begins to follow says by `after` what it was drawn with, and is told what came while it was on its way. That a running
step has printed more is told too (`output`), and is nothing to catch up with: its number is 0.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, HeaderParameter, QueryParameter
from litestar.response import Stream

from tocsin.engine.journal import Journal
from tocsin.engine.output import Outputs
from tocsin.timeline.entry import Entry
from tocsin.web.auth import Asker
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.sight import Sight

HEARTBEAT_S = 15.0
MOST_WAITING = 1000
MOST_CAUGHT_UP = 500
RETRY_MS = 1000
HIGHEST = 2**31 - 1
"""The highest number that an entry can have in any database."""


class Notice(msgspec.Struct, frozen=True):
    """A new entry: where, and of what kind (empty where only the newest entry's number is known).

    Number 0 stands for no entry: the step that `kind` names has printed more.
    """

    stream: str
    seq: int
    kind: str = ""


Missed = Callable[[], Awaitable[Sequence[Notice]]]
"""What a listener was not told before it was one."""


class Live:
    """The listeners that are open. `stop` ends them all, so that a server can go without waiting for them."""

    def __init__(self, journal: Journal, outputs: Outputs, sight: Sight) -> None:
        self._journal, self._outputs, self._sight = journal, outputs, sight
        self._open: set[_Listener] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._open)

    def stop(self) -> None:
        """End every listener, and every one that would still begin."""
        self._stopped = True
        for listener in tuple(self._open):
            listener.end()

    async def follow(
        self, stream: str | None, person: str, missed: Missed | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The events of one stream, or of all, as bytes for the wire, with what was `missed` first. That is asked for
        once it listens: what happens in between is told by one or the other.

        Of what `person` may not see they hear nothing, not even that something happened; what they are shut out of
        while they follow it ends.
        """
        listener = _Listener(stream)
        unlisten = (self._journal.listen(listener.hear), self._outputs.listen(listener.hear_output))
        self._open.add(listener)
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            if missed is not None:
                listener.catch_up(await missed())
            while not self._stopped:
                until = asyncio.get_running_loop().time() + HEARTBEAT_S
                told = await self._listen(listener, until, person)
                if stream is not None and not await self._sight.hears(stream, person):
                    return
                for notice in told:
                    yield _spell(notice)
                if listener.ended:
                    return
                yield b": here\n\n"
        finally:
            self._open.discard(listener)
            for each in unlisten:
                each()

    async def _listen(self, listener: _Listener, until: float, person: str) -> list[Notice]:
        """What is new and for this person; nothing at `until`, whatever else has happened meanwhile."""
        while True:
            heard = await listener.wait(until)
            told = [each for each in heard if await self._sight.hears(each.stream, person)]
            if told or not heard or listener.stream is not None or listener.ended or self._stopped:
                return told


class _Listener:
    """What one screen has not been told yet. One that cannot keep up is ended; it comes back and catches up."""

    def __init__(self, stream: str | None) -> None:
        self.stream = stream
        self._waiting: deque[Notice] = deque()
        self._woken = asyncio.Event()
        self.ended = False

    def catch_up(self, missed: Sequence[Notice]) -> None:
        """Be told of these first, and of none of them again."""
        if missed:
            self._waiting = deque((*missed, *(each for each in self._waiting if each not in missed)))
            self._woken.set()

    def hear(self, stream: str, entries: Sequence[Entry]) -> None:
        if self.stream not in (None, stream):
            return
        self._waiting.extend(Notice(stream, entry.seq, entry.event.kind) for entry in entries)
        if len(self._waiting) > MOST_WAITING:
            self.end()
        self._woken.set()

    def hear_output(self, stream: str, step: str) -> None:
        notice = Notice(stream, 0, step)
        if self.stream == stream and notice not in self._waiting:
            self._waiting.append(notice)
            self._woken.set()

    def end(self) -> None:
        self.ended = True
        self._woken.set()

    async def wait(self, until: float) -> list[Notice]:
        """What is new; nothing at `until`, by the loop's clock, so that the connection is seen to live."""
        try:
            async with asyncio.timeout_at(until):  # wait_for of Python 3.11 may swallow a cancellation
                await self._woken.wait()
        except TimeoutError:
            return []
        self._woken.clear()
        found, self._waiting = list(self._waiting), deque()
        return found


def _spell(notice: Notice) -> bytes:
    if not notice.seq:
        body = msgspec.json.encode({"step": notice.kind}).decode()
        return f"event: output\ndata: {body}\n\n".encode()
    body = msgspec.json.encode(notice).decode()
    return f"event: entry\nid: {notice.stream}:{notice.seq}\ndata: {body}\n\n".encode()


@get("/events", include_in_schema=False)
async def follow_events(
    desk: Given[Desk],
    library: Given[Library],
    live: Given[Live],
    asker: Given[Asker],
    request: Request[Any, Any, Any],
    incident: FromQuery[str | None] = None,
    after: Annotated[str, QueryParameter(max_length=20)] = "",
    last: Annotated[str, HeaderParameter(name="Last-Event-ID", max_length=300)] = "",
) -> Stream:
    """Server-sent events of one incident, or of all that whoever asks may see.

    `after` is the number of the incident's entry that the asker knows already; what a reconnecting browser says itself
    is newer.
    """
    if incident is not None:
        await library.incident(incident)
        last = last or (f"{incident}:{after}" if after else "")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    missed = partial(_catch_up, desk, asker.person, incident, last) if last else None
    events = live.follow(incident, asker.person, missed)
    gone = BackgroundTask(events.aclose)
    return Stream(events, media_type="text/event-stream", headers=headers, background=gone)


async def _catch_up(desk: Desk, person: str, incident: str | None, last: str) -> list[Notice]:
    """What was missed since `last`. Of all incidents only the newest entry of each is named."""
    if incident is None:
        cards = await desk.sight.keep(await desk.engine.journal.store.cards(), person)
        return [Notice(card.id, card.seq) for card in reversed(cards[:MOST_CAUGHT_UP])]
    stream, _, seq = last.rpartition(":")
    after = min(int(seq), HIGHEST) if stream == incident and seq.isdecimal() else 0
    entries = await desk.engine.journal.entries(incident, after)
    return [Notice(incident, entry.seq, entry.event.kind) for entry in entries[-MOST_CAUGHT_UP:]]
