"""A change on its way to the disk: decided on the newest state, planned, and sealed; nothing of it is written yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.engine.ahead import Ahead
from tocsin.engine.change import Change, Known, Prepared, make_append, seal_all, still_forbidden
from tocsin.engine.draft import Draft
from tocsin.engine.gathering import Part
from tocsin.engine.streams import Streams
from tocsin.errors import Denied
from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.timeline.entry import Entry


class Preparing:
    """What goes before a commit. `reserve` takes a free place at a destination."""

    def __init__(
        self, key: bytes, streams: Streams, ahead: Ahead, now: Callable[[], datetime], reserve: Callable[[str], bool]
    ) -> None:
        self._key, self._streams, self._ahead = key, streams, ahead
        self._shelf, self._now, self._reserve = streams.shelf, now, reserve

    async def prepare_parts(self, parts: Sequence[Part]) -> tuple[Prepared | None, Sequence[Entry]]:
        """Decide each part on what those before it have made of the incident; one that is refused is refused alone."""
        known, draft = await self._begin(parts[0].change)
        for part in parts:
            part.begin()
            heard, before = len(draft.entries), draft.incident
            try:
                await self._decide(part, draft)
            except Exception as error:  # noqa: BLE001 it is raised where the part was asked for, and half of it is none
                part.error, draft.incident = error, before
                del draft.entries[heard:]
            part.entries = draft.entries[heard:]
        if draft.incident is None or (not draft.entries and all(part.error for part in parts)):
            return None, ()
        decided = len(draft.entries)
        prepared = await self._finish(known, draft)
        return prepared, prepared.draft.entries[decided:]

    async def _decide(self, part: Part, draft: Draft) -> None:
        """Add what a part decides. What a `Denied` leaves behind is kept, and it is raised all the same."""
        for decide in part.change.decides:
            book = part.change.book or await self._book(draft.incident)
            try:
                draft.add(tuple(decide(draft.incident, book)))
            except Denied as error:
                draft.add(error.record)
                part.error = error

    async def prepare(self, change: Change) -> Prepared | None:
        """Decide and plan on the newest state, and seal what that gives; null where there is no incident."""
        known, draft = await self._begin(change)
        for decide in change.decides:
            draft.add(decide(draft.incident, change.book or await self._book(draft.incident)))
        return await self._finish(known, draft) if draft.incident is not None else None

    async def _begin(self, change: Change) -> tuple[Known, Draft]:
        known = Known() if change.is_new else await self._streams.find(change.stream)
        now = self._now()
        return known, Draft(change.stream, known.incident, max(now, known.at or now))

    async def _finish(self, known: Known, draft: Draft) -> Prepared:
        """Have the planners add what follows, and seal all of it."""
        assert draft.incident is not None
        asked, rules, policy = known.asked, known.rules, self._shelf.policy(draft.incident)
        if self._streams.is_sole and draft.keeps(asked):
            sealed = seal_all(self._key, draft.entries, known.seal)
        else:
            book, rota = await self._shelf.book(draft.incident), self._shelf.rota(draft.incident)
            draft, asked, sealed = self._ahead.plan(draft, known, book, rota, self._now())
            assert draft.incident is not None
            rules = still_forbidden(known, draft.incident, book.playbook)
        append = make_append(draft, known, sealed, policy, self._reserve, forbids=bool(rules))
        return Prepared(draft, known, asked, append, rules)

    async def _book(self, incident: Incident | None) -> Book:
        """What is being opened has no book yet, and its first events are decided without one."""
        return self._shelf.blank() if incident is None else await self._shelf.book(incident)
