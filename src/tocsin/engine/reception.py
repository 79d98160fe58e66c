"""Everything that a message may hold, taken in: alerts first, then what it asks of their incidents, then changes."""

from __future__ import annotations

from tocsin.alert.group import TRIAGE
from tocsin.alert.signal import Ask, Batch, Changed, Signal
from tocsin.engine.decide import decide
from tocsin.engine.intake import CAUSE, UNROUTED, Intake
from tocsin.engine.journal import Journal
from tocsin.errors import Denied, Unavailable
from tocsin.incident.book import Book
from tocsin.incident.commands import Acknowledge, AddNote, Command
from tocsin.incident.state import Incident
from tocsin.timeline.events import ChangeSeen, Event

MOST_WAITING = 200
"""So many messages may be on their way to the disk; who comes then is asked to come again."""


class Reception:
    """Takes messages in. Committed when it returns; what it cannot take it does not answer for."""

    def __init__(self, journal: Journal, intake: Intake) -> None:
        self._journal, self._intake = journal, intake
        self._waiting = 0

    async def take(self, team: str | None, batch: Batch) -> None:
        """Take in a message that came with the key of `team` (null: with none). Raises `Unavailable`."""
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Too many messages are being taken in at once; send it again in a moment.")
        self._waiting += 1
        try:
            await self._intake.receive(team, batch.signals)
            for ask in batch.asks:
                await self._ask(team, ask)
            for change in batch.changes:
                await self._note_change(team, change)
        finally:
            self._waiting -= 1

    async def _ask(self, team: str | None, ask: Ask) -> None:
        """What a source asks of an alert that it never sent, or whose incident is over, is dropped."""
        fingerprint = Signal(labels={}, key=ask.key).fingerprint
        row = await self._journal.store.alert(UNROUTED if team is None else team, fingerprint)
        if row is None or row.incident is None:
            return
        command: Command = AddNote(by=ask.by, text=ask.text)
        if ask.verb == "acknowledge":
            command = Acknowledge(by=ask.by, via="intake")

        def choose(incident: Incident | None, book: Book) -> tuple[Event, ...]:
            try:
                return () if incident is None else decide(incident, book, command, self._journal.clock.now())
            except Denied:
                return ()

        await self._journal.change(row.incident, choose, cause=CAUSE)

    async def _note_change(self, team: str | None, change: Changed) -> None:
        event = ChangeSeen(
            summary=change.summary,
            source=change.source,
            done_at=change.at or self._journal.clock.now(),
            link=change.link,
            details=change.details,
        )
        await self._journal.change_team(team or TRIAGE, event, replan=False)
