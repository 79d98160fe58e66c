"""Whether a name for a room is taken already: by the room of another incident of the last days."""

from __future__ import annotations

from datetime import timedelta

from tocsin.engine.journal import Journal

LATELY = timedelta(days=2)
"""Names hold the day; older rooms cannot have the same one."""


async def is_room_taken(journal: Journal, stream: str, name: str) -> bool:
    """Whether another incident of the same team, opened lately, has a room of this name."""
    incident = await journal.incident(stream)
    if incident is None:
        return False
    since = incident.opened_at - LATELY
    for card in await journal.store.cards(team=incident.team):
        if card.opened_at < since:
            return False
        other = await journal.incident(card.id) if card.id != stream else None
        if other is not None and other.room is not None and other.room.name == name:
            return True
    return False
