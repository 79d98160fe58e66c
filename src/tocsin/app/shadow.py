"""The shadow report as a file, once a day: for each team in shadow mode, when its day is over.

The files lie in the data directory, readable by the server's own user only. They go to nobody: who may read the report
is named in the settings, and asks for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tocsin.engine.journal import Journal
from tocsin.engine.shadow import make_report
from tocsin.oncall.settings import Person
from tocsin.review.shadow import tell
from tocsin.web.views.scene import spell_name
from tocsin.words import Mode

LOG = logging.getLogger("tocsin.shadow")

LOOK_EVERY_S = 60.0
LATE = timedelta(minutes=5)
"""So long after midnight the day is written down: what was under way then has been noted."""


class ShadowFiles:
    """Writes the reports of the days that are over."""

    def __init__(self, journal: Journal, folder: Path, people: Callable[[], dict[str, Person]]) -> None:
        self._journal, self._folder, self._people = journal, folder, people

    async def run(self) -> None:
        """As long as the server runs. What fails is said in the log, and tried again."""
        while True:
            try:
                await self.write_due()
            except Exception:
                LOG.exception("The shadow report could not be written")
            await asyncio.sleep(LOOK_EVERY_S)

    async def write_due(self) -> list[Path]:
        """Write what is due and not there yet: yesterday, by each team's own clock."""
        written = []
        for team, shelf in self._journal.shelf.settings.teams.items():
            now = (self._journal.clock.now() - LATE).astimezone(ZoneInfo(shelf.staffing.timezone))
            path = self.find_path(team, now)
            if shelf.policy.mode is Mode.SHADOW and not await asyncio.to_thread(path.exists):
                report = await make_report(self._journal, team, _yesterday(now))
                text = tell(report, lambda person: spell_name(self._people(), person))
                await asyncio.to_thread(_write, path, text)
                written.append(path)
        return written

    def find_path(self, team: str, now: datetime) -> Path:
        """Where the report of the day before `now` lies."""
        return self._folder / team / f"{_yesterday(now).isoformat()}.md"


def _yesterday(now: datetime) -> date:
    return now.date() - timedelta(days=1)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
