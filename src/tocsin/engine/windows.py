"""Notices that a recurring maintenance window has begun or ended: its time has come, or the settings have changed.

Such windows are computed and not stored, so nothing wakes a team's stream for them. What was kept from opening an
incident is looked at when a window is no longer there, and once after each start, whatever ended meanwhile.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from tocsin.engine.intake import Intake
from tocsin.engine.journal import Journal
from tocsin.engine.shelf import Settings

FARTHEST = datetime.max.replace(tzinfo=UTC)
LOG = logging.getLogger("tocsin.windows")


class Windows:
    """The windows of the settings that are under way, by team."""

    def __init__(self, journal: Journal, intake: Intake) -> None:
        self._journal, self._intake = journal, intake
        self._active: dict[str, frozenset[str]] = {}
        self._seen: tuple[Settings, datetime] | None = None

    async def turn(self, now: datetime) -> int:
        """Have everything looked at that a window holds no longer, or holds now; how many teams that concerns."""
        shelf, turned = self._journal.shelf, 0
        if self._seen is not None and self._seen[0] is shelf.settings and now < self._seen[1]:
            return 0
        next_change, self._seen = self.next_change(), None
        teams = [team for team, each in shelf.settings.teams.items() if each.windows or self._active.get(team)]
        for team in teams:
            active = frozenset(each.id for each in shelf.windows(team) if each.state(now) == "active")
            if active == self._active.get(team):
                continue
            try:
                await self._look(team, begins=team not in self._active)
            except Exception:  # it is tried in the next turn; the others go on
                LOG.exception("What a maintenance window of %s held back could not be looked at.", team)
                next_change = now
                continue
            self._active[team] = active
            turned += 1
        self._seen = (shelf.settings, next_change or FARTHEST)
        return turned

    async def _look(self, team: str, *, begins: bool) -> None:
        """What is open is woken by itself when a window that it knows of ends, so a server that begins leaves it."""
        if not begins:
            await self._journal.replan_team(team)
        await self._intake.reconsider(team)

    def next_change(self) -> datetime | None:
        """When the next of them begins or ends."""
        shelf, now = self._journal.shelf, self._journal.clock.now()
        windows = [each for team in shelf.settings.teams for each in shelf.windows(team)]
        return min((each.starts_at if each.starts_at > now else each.ends_at for each in windows), default=None)
