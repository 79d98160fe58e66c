"""Schedules whose shifts come from a calendar: a file of the workspace, or an address that the operator has named.

An address is asked every quarter of an hour, within limits of time and size, and is not followed elsewhere. What was
read last holds until something better comes: it is kept on disk, so that a restart while the other side is away loses
nothing; and that the newest could not be read is said among the findings.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import msgspec

from tocsin.engine.contracts import Clock
from tocsin.engine.shelf import Settings, Shelf, TeamShelf
from tocsin.errors import BadInput, TocsinError, Unavailable
from tocsin.oncall.finding import Finding
from tocsin.oncall.ical import MOST_BYTES, read_calendar
from tocsin.oncall.settings import Stretch

LOG = logging.getLogger("tocsin.calendars")

LOOK_EVERY_S = 30.0
ASK_EVERY = timedelta(minutes=15)
ASK_AGAIN = timedelta(minutes=2)
TIMEOUT_S = 20.0
BACK, AHEAD = timedelta(days=40), timedelta(days=400)
READ_AGAIN = timedelta(days=7)
"""So often the same calendar is read again: time goes on, and with it what lies ahead."""
OF_ADDRESS = ".url"
"""How the name of a file ends that holds an address, which may be a secret."""
Place = tuple[str, str]


class Known(msgspec.Struct, kw_only=True):
    """What is known of one calendar; `fault` says why the newest could not be read."""

    source: str
    digest: str = ""
    stretches: tuple[Stretch, ...] = ()
    unknown: tuple[str, ...] = ()
    fault: str = ""
    read_at: datetime | None = None
    ask_at: datetime | None = None


class Calendars:
    """Reads calendars, and lays their shifts into the settings in use."""

    def __init__(self, shelf: Shelf, clock: Clock, root: Path, folder: Path) -> None:
        self._shelf, self._clock, self._root, self._folder = shelf, clock, root, folder
        self._known: dict[Place, Known] = {}
        self._laid: Settings | None = None

    async def keep_reading(self) -> None:
        """Look at files and addresses from time to time, until cancelled."""
        while True:
            try:
                await self.turn()
            except Exception:
                LOG.exception("Calendars could not be looked at; that is tried again.")
            await asyncio.sleep(LOOK_EVERY_S)

    async def turn(self, *, asks: bool = True) -> None:
        """Read what is due, and lay what is new into the settings; unless it `asks`, only what lies on this disk."""
        places = dict(_list_places(self._shelf.settings))
        self._known = {place: each for place, each in self._known.items() if places.get(place) == each.source}
        changed = [await self._look(place, source, asks=asks) for place, source in places.items()]
        if any(changed) or (places and self._laid is not self._shelf.settings):
            self._shelf.settings = self._laid = self._lay_over(self._shelf.settings)

    def list_findings(self) -> tuple[Finding, ...]:
        """What is wrong with calendars now."""
        found = []
        for (team, schedule), known in self._known.items():
            if known.fault:
                kept = "the last good one holds" if known.read_at else "nothing was read yet"
                text = f"the calendar of {schedule} could not be read: {known.fault.rstrip('.')}; {kept}"
                found.append(Finding(kind="calendar", text=text, team=team, schedule=schedule))
            for summary in known.unknown:
                text = f"the calendar of {schedule} has shifts of somebody who is not in the settings: {summary!r}"
                found.append(Finding(kind="calendar", text=text, team=team, schedule=schedule))
        return tuple(found)

    async def _look(self, place: Place, source: str, *, asks: bool) -> bool:
        """Whether there is something new."""
        known, now = self._known.get(place), self._clock.now()
        before = known.stretches if known is not None else ()
        if known is None:
            known = self._known[place] = Known(source=source)
            await self._take_kept(place, known)
        if (known.ask_at is not None and now < known.ask_at) or (_is_address(source) and not asks):
            return known.stretches != before
        try:
            content = await self._fetch(source)
            await self._take(place, known, content)
            known.fault, known.ask_at = "", now + (ASK_EVERY if _is_address(source) else timedelta())
            await asyncio.to_thread(self._keep, place, source, content)
        except TocsinError as error:
            if known.fault != str(error):
                LOG.warning("The calendar of %s of %s: %s", place[1], place[0], error)
            known.fault, known.ask_at = str(error), now + (ASK_AGAIN if _is_address(source) else timedelta())
        return known.stretches != before

    async def _take(self, place: Place, known: Known, content: bytes) -> None:
        digest, now = hashlib.sha256(content).hexdigest(), self._clock.now()
        if digest == known.digest and known.read_at is not None and now - known.read_at < READ_AGAIN:
            return
        team = self._shelf.settings.teams[place[0]]
        zone = ZoneInfo(team.staffing.schedules[place[1]].timezone or team.staffing.timezone)
        people = self._shelf.settings.people
        read = await asyncio.to_thread(read_calendar, content, people, zone, now - BACK, now + AHEAD)
        known.digest, known.stretches, known.unknown, known.read_at = digest, read.stretches, read.unknown, now

    async def _fetch(self, source: str) -> bytes:
        if not _is_address(source):
            return await asyncio.to_thread(_read_file, self._root / source)
        address = source
        if source.endswith(OF_ADDRESS):
            address = (await asyncio.to_thread(_read_file, self._root / source)).decode(errors="replace").strip()
        try:
            async with asyncio.timeout(TIMEOUT_S), httpx.AsyncClient(trust_env=False) as client:
                return await _ask(client, address)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise Unavailable(f"The other side does not answer ({type(error).__name__}).") from error

    def _path(self, place: Place, source: str) -> Path:
        return self._folder / f"{hashlib.sha256('/'.join((*place, source)).encode()).hexdigest()[:32]}.ics"

    def _keep(self, place: Place, source: str, content: bytes) -> None:
        path = self._path(place, source)
        if path.is_file() and path.read_bytes() == content:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_bytes(content)
        draft.replace(path)

    async def _take_kept(self, place: Place, known: Known) -> None:
        """What was read before this server started."""
        path = self._path(place, known.source)
        try:
            if path.is_file():
                await self._take(place, known, await asyncio.to_thread(_read_file, path))
        except TocsinError:
            LOG.warning("What was kept of the calendar of %s of %s can be read no more.", place[1], place[0])

    def _lay_over(self, settings: Settings) -> Settings:
        teams = {name: self._lay_over_team(name, team) for name, team in settings.teams.items()}
        return msgspec.structs.replace(settings, teams=teams)

    def _lay_over_team(self, name: str, team: TeamShelf) -> TeamShelf:
        found = {schedule: each.stretches for (of, schedule), each in self._known.items() if of == name}
        if found == team.staffing.calendars:
            return team
        return msgspec.structs.replace(team, staffing=msgspec.structs.replace(team.staffing, calendars=found))


async def _ask(client: httpx.AsyncClient, address: str) -> bytes:
    async with client.stream("GET", address, headers={"Accept": "text/calendar"}) as answer:
        if answer.status_code != 200:
            raise Unavailable(f"The other side answered {answer.status_code}.")
        content = b""
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > MOST_BYTES:
                raise BadInput(f"It is larger than {MOST_BYTES // 2**20} MiB.")
        return content


def _list_places(settings: Settings) -> Iterator[tuple[Place, str]]:
    for name, team in settings.teams.items():
        for schedule, each in team.staffing.schedules.items():
            if each.ics:
                yield (name, schedule), each.ics


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://")) or source.endswith(OF_ADDRESS)


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.name} cannot be read ({type(error).__name__}).") from error
