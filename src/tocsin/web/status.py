"""The public board of a team: only what a person has told the public, and only that."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.comms.public import PublicIncident, PublicUpdate, show_public
from tocsin.errors import NotFound
from tocsin.web.desk import Desk
from tocsin.web.views.scene import View, clean

MOST_INCIDENTS = 100


class StatusView(View, frozen=True, kw_only=True):
    """A team's status page: what goes on, and what is over."""

    team: str
    now: datetime
    open: tuple[PublicIncident, ...]
    past: tuple[PublicIncident, ...]


class PublicBoard:
    """Reads what the public may see."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, team: str) -> StatusView:
        """The status page of a team. Raises `NotFound`."""
        journal = self._desk.engine.journal
        shelf = journal.shelf.settings.teams.get(team)
        if shelf is None:
            raise NotFound("There is no status page at this address.")
        cards = [card for card in await journal.store.cards(team=team) if card.public]
        incidents = [await journal.incident(card.id) for card in cards[:MOST_INCIDENTS]]
        now = self._desk.clock.now()
        shown = [_clean(each) for each in show_public([each for each in incidents if each is not None], now)]
        return StatusView(
            team=clean(shelf.policy.name, 200),
            now=now,
            open=tuple(each for each in shown if each.resolved_at is None),
            past=tuple(each for each in shown if each.resolved_at is not None),
        )


def _clean(incident: PublicIncident) -> PublicIncident:
    updates = tuple(
        PublicUpdate(at=each.at, status=each.status, text=clean(each.text, 4000)) for each in incident.updates
    )
    return msgspec.structs.replace(incident, title=clean(incident.title, 300), updates=updates)
