"""Setting and ending silences and maintenance windows: events of the stream ``team/NAME``.

A change follows Alertmanager's rules. Windows that recur are the settings' affair (`incident/window.py`).

What came without a key concerns every team, and what belongs to none yet: it is written into each stream under one id.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tocsin.alert.group import TRIAGE
from tocsin.alert.row import AlertRow
from tocsin.engine.intake import Intake
from tocsin.engine.journal import Journal
from tocsin.errors import NotFound
from tocsin.incident.silence import Silence, can_change, check_silence, check_window
from tocsin.incident.standing import team_stream
from tocsin.timeline.events import SilenceExpired, SilenceSet
from tocsin.timeline.matcher import Matcher
from tocsin.words import Hush

SPACE = uuid.UUID("6c8e4b0e-3f0a-4c53-9a58-5a1d1c3f7a10")
"""Ours alone: ids are made from a stream's name and place, so that nothing here is random."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a silence would hit: alerts that fire, and the open incidents that would fall quiet."""

    rows: tuple[AlertRow, ...]
    quiet: tuple[str, ...]


class Silencing:
    """Silences of one team, or of all."""

    def __init__(self, journal: Journal, intake: Intake) -> None:
        self._journal, self._intake = journal, intake

    async def preview(self, team: str, matchers: tuple[Matcher, ...]) -> Preview:
        """What a silence of a team with these matchers would hit now; without any, all that the team has."""
        now = self._journal.clock.now()
        rows = [row for row in await self._intake.alerts(team, firing=True) if not row.is_silent(now)]
        hit = tuple(row for row in rows if all(each.fits(row.labels) for each in matchers))
        prints = {row.fingerprint for row in hit}
        quiet = []
        for incident in await self._journal.open_incidents(team):
            firing = {each.fingerprint for each in incident.uncleared}
            if not matchers or (firing & prints and firing <= prints | incident.silenced.keys()):
                quiet.append(incident.id)
        return Preview(rows=hit, quiet=tuple(quiet))

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
