"""Setting and ending silences and maintenance windows: events of the stream ``team/NAME``, with Alertmanager's rules for
a change of a silence. Windows that come again and again are the settings' affair (`incident/window.py`).

What came without a key concerns every team, and what belongs to none yet: it is written into each stream under one id.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from tocsin.alert.group import TRIAGE
from tocsin.engine.journal import Journal
from tocsin.errors import NotFound
from tocsin.incident.silence import Silence, can_change, check_silence, check_window, find_active
from tocsin.incident.standing import team_stream
from tocsin.timeline.events import SilenceExpired, SilenceSet
from tocsin.timeline.matcher import Matcher
from tocsin.words import Hush

SPACE = uuid.UUID("6c8e4b0e-3f0a-4c53-9a58-5a1d1c3f7a10")
"""Ours alone: ids are made from a stream's name and place, so that nothing here is random."""


async def is_hushed(journal: Journal, team: str, labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels pages nobody now: silenced, under maintenance or inhibited."""
    silences = await journal.shelf.silences(team)
    if silences and find_active(silences, labels, journal.clock.now()):
        return True
    return (await journal.shelf.inhibitions(team)).find(labels) is not None


class Silencing:
    """Silences of one team, or of all."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def teams(self, team: str | None) -> tuple[str, ...]:
        """The teams whose silences are meant."""
        return (team,) if team is not None else (*self._journal.shelf.settings.teams, TRIAGE)

    async def list_all(self, team: str | None) -> dict[str, Silence]:
        """The silences of the last days by id, each once."""
        found: dict[str, Silence] = {}
        for each in self.teams(team):
            found |= (await self._journal.standing(each)).silences
        return found

    async def find(self, team: str | None, silence: str) -> Silence:
        """The silence with this id. Raises `NotFound`."""
        found = (await self.list_all(team)).get(silence)
        if found is None:
            raise NotFound(f"There is no silence {silence[:100]!r}.")
        return found

    async def put(
        self,
        team: str | None,
        silence: str,
        *,
        matchers: tuple[Matcher, ...],
        starts_at: datetime,
        ends_at: datetime,
        by: str,
        comment: str,
        hush: Hush = Hush.SILENCE,
    ) -> str:
        """Set a silence, or change the one with the id `silence`; its id from now on. Raises `BadInput`, `NotFound`.

        With `hush` it can be a maintenance window.
        """
        now = self._journal.clock.now()
        if hush is Hush.MAINTENANCE:
            check_window(matchers, starts_at, ends_at, comment, now)
        else:
            check_silence(matchers, starts_at, ends_at, now)
        wanted = Silence(
            id=silence,
            matchers=matchers,
            starts_at=starts_at,
            ends_at=ends_at,
            updated_at=now,
            by=by,
            comment=comment,
            hush=hush,
        )
        before = await self.find(team, silence) if silence else None
        if before is None or not can_change(before, wanted, now):
            if before is not None and before.state(now) != "expired":
                await self.expire(team, silence)
            wanted = replace(wanted, id=await self._make_id(team), starts_at=max(starts_at, now))
        for each in self.teams(team):
            await self._journal.change_team(each, _spell(wanted))
        return wanted.id

    async def expire(self, team: str | None, silence: str) -> None:
        """End a silence now; one that has ended stays as it is. Raises `NotFound`."""
        found = await self.find(team, silence)
        if found.state(self._journal.clock.now()) == "expired":
            return
        for each in self.teams(team):
            if silence in (await self._journal.standing(each)).silences:
                await self._journal.change_team(each, SilenceExpired(silence=silence))

    async def _make_id(self, team: str | None) -> str:
        first = self.teams(team)[0]
        seq = (await self._journal.standing(first)).seq + 1
        return str(uuid.uuid5(SPACE, f"{team_stream(first)}:{seq}:{self._journal.clock.now().isoformat()}"))


def _spell(silence: Silence) -> SilenceSet:
    return SilenceSet(
        silence=silence.id,
        matchers=silence.matchers,
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        by=silence.by,
        comment=silence.comment,
        hush=silence.hush,
    )
