"""Schedules that are kept at PagerDuty, read live: who has the duty there has it here.

They are read every minute. While PagerDuty cannot be asked, what was read last stays in use, also through a restart,
and every screen says since when; who is on duty is never unknown for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tocsin.app.workspace import Workspace
from tocsin.engine.contracts import Clock
from tocsin.engine.shelf import Settings, TeamShelf
from tocsin.errors import OutsideError
from tocsin.integrations.pagerduty import PagerDutySettings
from tocsin.integrations.pagerduty_schedules import Read, read_schedule
from tocsin.oncall.settings import Stretch

LOG = logging.getLogger("tocsin.schedules")
EVERY_S = 60.0
BEHIND, AHEAD = timedelta(days=1), timedelta(days=14)
"""How much of a schedule is read: what is ahead lasts through a long outage."""
NAME = "pagerduty-schedules.json"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule as it was read last."""

    read_at: datetime
    stretches: tuple[Stretch, ...]


class Elsewhere:
    """Reads the schedules that the settings leave to PagerDuty, and lays them over the settings."""

    def __init__(
        self,
        workspace: Callable[[], Workspace],
        clock: Clock,
        folder: Path,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._workspace, self._clock, self._changed = workspace, clock, changed
        self._path = folder / NAME
        self._kept = self._load()
        self._troubles: dict[str, str] = {}

    def lay_over(self, settings: Settings) -> Settings:
        """The settings with the shifts as they were read last."""
        teams = {name: self._lay(team) for name, team in settings.teams.items()}
        same = all(teams[name] is each for name, each in settings.teams.items())
        return settings if same else replace(settings, teams=teams)

    def _lay(self, team: TeamShelf) -> TeamShelf:
        wanted = {name: each.pagerduty for name, each in team.staffing.schedules.items() if each.pagerduty}
        found = {name: self._kept[id_].stretches for name, id_ in wanted.items() if id_ in self._kept}
        if not found:
            return team
        return replace(team, staffing=replace(team.staffing, calendars={**team.staffing.calendars, **found}))

    async def run(self) -> None:
        """Read again and again."""
        while True:
            try:
                await self.refresh()
            except Exception:  # who is on duty was read before; a fault here must not end the server
                LOG.exception("Schedules could not be read")
            await asyncio.sleep(EVERY_S)

    async def refresh(self) -> None:
        """Read every schedule once; what could not be read stays as it was."""
        ids = self._list_ids()
        before = {id_: kept.stretches for id_, kept in self._kept.items()}
        source = self._find_source()
        self._troubles = {id_: each for id_, each in self._troubles.items() if id_ in ids}
        for id_ in ids:
            if source is None:
                self._troubles[id_] = "no channel of kind pagerduty has an `api_token_file`"
            else:
                await self._read(id_, *source)
        if {id_: kept.stretches for id_, kept in self._kept.items()} != before:
            await self._changed()
        if ids:
            self._save()

    async def _read(self, id_: str, api: str, token: str) -> None:
        now = self._clock.now()
        try:
            found = await read_schedule(api, token, id_, self._workspace().settings.people, now - BEHIND, now + AHEAD)
        except OutsideError as error:
            self._troubles[id_] = str(error)
            return
        self._kept[id_] = Kept(read_at=now, stretches=found.stretches)
        self._note_strangers(id_, found)

    def _note_strangers(self, id_: str, found: Read) -> None:
        self._troubles.pop(id_, None)
        if found.strangers:
            named = ", ".join(found.strangers[:5])
            self._troubles[id_] = f"it has {named}, whom nobody here is; give that person `pagerduty` in tocsin.toml"

    def list_remarks(self) -> tuple[str, ...]:
        """What is wrong with them, for every screen."""
        return tuple(
            f"PagerDuty's schedule {id_}: {why.rstrip('.')}. {self._tell(id_)}" for id_, why in self._troubles.items()
        )

    def _tell(self, id_: str) -> str:
        kept = self._kept.get(id_)
        if kept is None:
            return "It was never read; the schedule's own people have the duty."
        return f"In use is what was read at {kept.read_at:%d %b %H:%M} UTC."

    def _list_ids(self) -> list[str]:
        teams = self._workspace().settings.teams.values()
        return sorted({each.pagerduty for team in teams for each in team.staffing.schedules.values() if each.pagerduty})

    def _find_source(self) -> tuple[str, str] | None:
        """Where to ask, and with what token."""
        workspace = self._workspace()
        for channel in workspace.channels.values():
            if isinstance(channel, PagerDutySettings) and channel.api_token_file:
                with contextlib.suppress(OSError, ValueError):
                    return channel.api, (workspace.root / channel.api_token_file).read_text(encoding="utf-8").strip()
        return None

    def _load(self) -> dict[str, Kept]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Kept])
        except (OSError, msgspec.DecodeError):
            return {}

    def _save(self) -> None:
        draft = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            draft.write_bytes(msgspec.json.encode(self._kept))
            draft.replace(self._path)
