"""Whether an alert that fires pages nobody for now."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.engine.journal import Journal
from tocsin.incident.silence import find_active


async def is_hushed(journal: Journal, team: str, labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels pages nobody now: silenced, under maintenance or inhibited."""
    silences = await journal.shelf.silences(team)
    if silences and find_active(silences, labels, journal.clock.now()):
        return True
    return (await journal.shelf.inhibitions(team)).find(labels) is not None
