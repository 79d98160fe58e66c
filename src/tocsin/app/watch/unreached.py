"""Whom this node was to call and no channel took it: a queue that is empty says nothing of pages refused for good.

Kept in memory, and so of this node since it began. Somebody is forgotten once a channel took a page to them or none is
to be sent any more, and with the whole incident once somebody has answered for it or it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.engine.journal import Journal
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

MOST_INCIDENTS = 20_000
"""The oldest are forgotten first."""
ANSWERED = (e.Acknowledged, e.Resolved, e.Dismissed, e.Closed, e.Merged)


class Asked(msgspec.Struct, frozen=True, gc=False):
    """When somebody was to be called, and the number of the entry that says so."""

    due: datetime
    seq: int


class Unreached:
    """Hears what was asked on this node, and what became of it on any."""

    def __init__(self, journal: Journal) -> None:
        self._waiting: dict[str, dict[str, Asked]] = {}
        journal.listen(self.hear_asked, own=True)
        journal.listen(self.hear_answered)

    def hear_asked(self, stream: str, entries: Sequence[Entry]) -> None:
        """Note who is to be called, from when on, and let go of whom that no longer holds."""
        for entry in entries:
            event = entry.event
            if isinstance(event, e.PageRequested) and not event.informs:
                due = entry.recorded_at - timedelta(seconds=event.late_s)
                self._waiting.setdefault(stream, {}).setdefault(event.responder, Asked(due, entry.seq))
            else:
                self._let_go(stream, entry)
        while len(self._waiting) > MOST_INCIDENTS:
            del self._waiting[next(iter(self._waiting))]

    def hear_answered(self, stream: str, entries: Sequence[Entry]) -> None:
        """Let go of those whom another node reached, and of what was answered there."""
        for entry in entries:
            self._let_go(stream, entry)

    def _let_go(self, stream: str, entry: Entry) -> None:
        """Nobody is let go by what was written before they were asked: entries of this node are heard twice."""
        asked = self._waiting.get(stream)
        if asked is None:
            return
        event = entry.event
        if isinstance(event, ANSWERED):
            gone = list(asked)
        elif isinstance(event, e.PageDelivered | e.PageWithheld):
            gone = [event.responder]
        else:
            return
        for responder in gone:
            if responder in asked and asked[responder].seq < entry.seq:
                del asked[responder]
        if not asked:
            del self._waiting[stream]

    def count(self, before: datetime) -> int:
        """How many calls there are that should have been made by then and reached nobody."""
        return sum(asked.due <= before for those in self._waiting.values() for asked in those.values())

    def tell(self, before: datetime) -> str:
        """The same in words; empty if there are none."""
        many = self.count(before)
        if not many:
            return ""
        return f"no channel took the pages to {many} {'responder' if many == 1 else 'responders'} who had to be called"
