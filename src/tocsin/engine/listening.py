"""Notices alerts of which nothing is heard any more: the end that their source promised has passed without a word.

Alertmanager counts such an alert as resolved. Here it is a fact of its own, told once to whoever has the incident: the
source may have died, and an incident must not look over because nobody measures any more.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from tocsin.alert.row import AlertRow
from tocsin.engine.change import Change
from tocsin.engine.intake import Intake
from tocsin.engine.journal import Journal
from tocsin.errors import Corrupt
from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.timeline.events import AlertWentSilent, Event

LOG = logging.getLogger("tocsin.listening")

LOOK_EVERY = timedelta(seconds=15)
GRACE = timedelta(seconds=30)
"""So much later than promised a repetition may come, and reach the disk."""
AT_ONCE = 100
"""Incidents that are told in one commit."""
LOOK_BACK = timedelta(days=7)
"""How far back a server looks that has just begun."""


class Listening:
    """Looks from time to time at the ends that have passed since it looked last."""

    def __init__(self, journal: Journal, intake: Intake) -> None:
        self._journal, self._intake = journal, intake
        self._until: datetime | None = None
        self._look_at: datetime | None = None

    async def turn(self, now: datetime) -> int:
        """Note what has gone silent; how many incidents that concerns."""
        if self._look_at is not None and now < self._look_at:
            return 0
        after, until = self._until or now - LOOK_BACK, now - GRACE
        rows: dict[str, list[AlertRow]] = defaultdict(list)
        for row in await self._intake.silent(after, until):
            rows[row.incident or ""].append(row)
        self._look_at = now + LOOK_EVERY
        noted, failed, streams = 0, False, list(rows)
        for at in range(0, len(streams), AT_ONCE):
            some = {stream: rows[stream] for stream in streams[at : at + AT_ONCE]}
            try:
                noted += await self._note_all(some)
            except Exception:  # noqa: BLE001 whatever it was, each is noted alone, and says so itself
                for stream, each in some.items():
                    count, well = await self._note_alone(stream, each)
                    noted, failed = noted + count, failed or not well
        self._until = self._until if failed else until
        return noted

    async def _note_alone(self, stream: str, rows: Sequence[AlertRow]) -> tuple[int, bool]:
        """How many were noted, and whether there is nothing to try again: one in trouble does not keep the others."""
        try:
            return await self._note_all({stream: rows}), True
        except Corrupt:
            LOG.critical("%s does not hold together; run `tocsin verify` and call somebody.", stream)
            return 0, True
        except Exception:
            LOG.exception("That a source of %s is silent could not be noted; it is tried again.", stream)
            return 0, False

    async def _note_all(self, rows: Mapping[str, Sequence[AlertRow]]) -> int:
        """Note what has gone silent in one commit; how many incidents that were."""
        await self._journal.streams.read_ahead(rows)
        changes = []
        for stream, each in rows.items():
            incident = await self._journal.incident(stream)
            if incident is not None and any(_find_silent(incident, each)):
                changes.append(Change(stream, (partial(_choose, each),)))
        if changes:
            await self._journal.change_all(changes, cause="timer")
        return len(changes)


def _choose(rows: Sequence[AlertRow], incident: Incident | None, book: Book) -> tuple[Event, ...]:
    return tuple(_find_silent(incident, rows)) if incident is not None else ()


def _find_silent(incident: Incident, rows: Sequence[AlertRow]) -> Iterator[Event]:
    """What is not known yet of alerts that fire, while the incident goes on.

    A silence is known until its alert is heard again. Each restart gives alerts a moment more than was promised, so the
    ends say nothing about it.
    """
    for row in rows if incident.is_open else ():
        alert = incident.alerts.get(row.fingerprint)
        known = incident.silent.get(row.fingerprint)
        if alert is not None and alert.cleared_at is None and (known is None or known < row.updated_at):
            yield AlertWentSilent(fingerprint=row.fingerprint, name=row.name, until=row.ends_at)
