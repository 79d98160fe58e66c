"""The public board of a team: only what a person has told the public, and only that.

It is made once and kept until something happens, the settings change, or a moment has passed: whoever loads the page
again and again costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec

from tocsin.comms.board import PublicBoard, Told, make_board
from tocsin.comms.in_app import InApp, list_in_app
from tocsin.comms.public import PublicIncident, PublicUpdate
from tocsin.engine.shelf import Settings, TeamShelf
from tocsin.errors import NotFound
from tocsin.incident.standing import team_stream
from tocsin.incident.state import Incident
from tocsin.timeline.entry import Entry
from tocsin.web.desk import Desk
from tocsin.web.views.scene import View, clean

MOST_INCIDENTS = 200
KEPT_FOR = timedelta(seconds=5)
EVER = datetime.min.replace(tzinfo=UTC)


class StatusView(View, frozen=True, kw_only=True):
    """A team's status page: what goes on, and what is over; `board` is all of it."""

    team: str
    now: datetime
    open: tuple[PublicIncident, ...]
    past: tuple[PublicIncident, ...]
    board: PublicBoard


class _Kept(msgspec.Struct, frozen=True):
    settings: Settings
    mark: int
    until: datetime
    view: StatusView
    in_app: tuple[InApp, ...]


class PublicBoards:
    """Reads what the public may see."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: dict[str, _Kept] = {}
        self._entries: dict[str, tuple[int, tuple[Entry, ...]]] = {}
        self._since: dict[str, datetime] = {}
        self.mark = 0
        desk.engine.journal.listen(self._hear)

    def _hear(self, stream: str, entries: Sequence[Entry]) -> None:
        self.mark += 1

    def find(self, team: str) -> TeamShelf:
        """The team as the settings have it. Raises `NotFound`."""
        shelf = self._desk.engine.journal.shelf.settings.teams.get(team)
        if shelf is None:
            raise NotFound("There is no status page at this address.")
        return shelf

    def find_own_url(self, team: str) -> str:
        """Where this server shows the page."""
        return f"{self._desk.policy.url.rstrip('/')}/status/{quote(team, safe='')}"

    def find_url(self, team: str) -> str:
        """Where the public reads the page."""
        return self.find(team).status.url or self.find_own_url(team)

    async def show(self, team: str) -> StatusView:
        """The status page of a team. Raises `NotFound`."""
        return (await self._keep(team)).view

    async def list_in_app(self, team: str) -> tuple[InApp, ...]:
        """What the team's customers read inside the application, the newest first. Raises `NotFound`."""
        return (await self._keep(team)).in_app

    async def _keep(self, team: str) -> _Kept:
        shelf, settings = self.find(team), self._desk.engine.journal.shelf.settings
        now, kept, mark = self._desk.clock.now(), self._kept.get(team), self.mark
        if kept is not None and kept.settings is settings and kept.mark == mark and now < kept.until:
            return kept
        told = await self._list_told(team)
        view = show_board(await self._make(team, shelf, told, now))
        in_app = tuple(_clean_words(each) for each in list_in_app(told, shelf.status, now))
        made = self._kept[team] = _Kept(settings, mark, now + KEPT_FOR, view, in_app)
        return made

    async def _list_told(self, team: str) -> list[Told]:
        """The incidents of which anything was told to anybody."""
        journal = self._desk.engine.journal
        cards = [card for card in await journal.store.cards(team=team) if card.public][:MOST_INCIDENTS]
        told = []
        for card in cards:
            incident = await journal.incident(card.id)
            if incident is not None:
                entries = await self._read(incident)
                told.append(Told(incident=incident, book=await journal.shelf.book(incident), entries=entries))
        return told

    async def _make(self, team: str, shelf: TeamShelf, told: list[Told], now: datetime) -> PublicBoard:
        return make_board(
            shelf.status,
            shelf.policy.name,
            told,
            shelf.windows,
            shelf.staffing.timezone,
            max(await self._begin(team), self._desk.kept_since(now) or EVER),
            now,
        )

    async def _read(self, incident: Incident) -> tuple[Entry, ...]:
        """Its entries; an incident is read again when it has gone on."""
        seq, entries = self._entries.get(incident.id, (0, ()))
        if seq != incident.seq:
            entries = (*entries, *await self._desk.engine.journal.entries(incident.id, seq))
            self._entries[incident.id] = incident.seq, entries
        return entries

    async def _begin(self, team: str) -> datetime:
        """When the team's record began: what was before nobody knows."""
        if team not in self._since:
            first = await self._desk.engine.journal.entries(team_stream(team))
            if not first:
                return self._desk.clock.now()
            self._since[team] = first[0].recorded_at
        return self._since[team]


def show_board(board: PublicBoard) -> StatusView:
    board = msgspec.structs.replace(
        board, title=clean(board.title, 200), incidents=tuple(_clean(each) for each in board.incidents)
    )
    return StatusView(
        team=board.title,
        now=board.now,
        open=tuple(each for each in board.incidents if each.resolved_at is None),
        past=tuple(each for each in board.incidents if each.resolved_at is not None),
        board=board,
    )


def _clean_words(words: InApp) -> InApp:
    return msgspec.structs.replace(words, title=clean(words.title, 300), text=clean(words.text, 4000))


def _clean(incident: PublicIncident) -> PublicIncident:
    updates = tuple(
        PublicUpdate(at=each.at, status=each.status, text=clean(each.text, 4000)) for each in incident.updates
    )
    return msgspec.structs.replace(incident, title=clean(incident.title, 300), updates=updates)
