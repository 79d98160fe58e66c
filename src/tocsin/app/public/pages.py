"""The status pages of one server: who follows them, what goes out to those, and the copies for any file server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tocsin.app.public.copies import put_copy
from tocsin.app.workspace import Workspace
from tocsin.comms.board import find_title, may_show
from tocsin.comms.counting import count_followers
from tocsin.comms.delivery import find_bar
from tocsin.comms.public import find_words
from tocsin.engine.contracts import Clock, Key
from tocsin.engine.following import Announcement, Tally
from tocsin.engine.journal import Journal
from tocsin.errors import UserError
from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.integrations.courier import Courier, Outlet
from tocsin.integrations.herald import Herald
from tocsin.integrations.smtp import SmtpSettings
from tocsin.store.followers import FollowerRows
from tocsin.timeline.events import AnnouncementRequested, DeliveryRequested, FollowersCounted
from tocsin.web.desk import Desk
from tocsin.web.public.boards import PublicBoards
from tocsin.web.public.copies import write_copy

LOG = logging.getLogger("tocsin.public")

COPY_EVERY_S = 60
"""So often a copy says anew of when it is, also if nothing has happened."""
LOOK_EVERY_S = 1.0


class StatusPages:
    """Everything about status pages that runs beside the screens."""

    def __init__(self, store: Any, journal: Journal, clock: Clock, key: bytes, find: Callable[[], Workspace], url: str):
        self._journal, self._clock, self._find, self._url = journal, clock, find, url
        self.followers = FollowerRows(store)
        self.courier = Courier(
            self.followers, clock, key, self.find_outlet, self.may_tell, self.is_taken_back, self.note_counted
        )
        self.herald = Herald(self.followers, self._compose, self.courier.nudge)
        self.troubles: dict[str, str] = {}

    def find_outlet(self, team: str) -> Outlet | None:
        """How a team's page reaches people; null where there is no such team."""
        workspace = self._find()
        shelf = workspace.settings.teams.get(team)
        if shelf is None:
            return None
        page, mails = shelf.status, {k: v for k, v in workspace.channels.items() if isinstance(v, SmtpSettings)}
        smtp = mails.get(page.channel) if page.channel else next(iter(mails.values()), None)
        own = f"{(workspace.url or self._url).rstrip('/')}/status/{quote(team, safe='')}"
        return Outlet(
            url=own,
            shown=page.url or own,
            smtp=smtp,
            password=read_password(workspace.root, smtp),
            anywhere=page.webhooks == "any",
        )

    def can_mail(self, team: str) -> bool:
        """Whether there is a mail server by which those who follow the team's page are told."""
        outlet = self.find_outlet(team)
        return outlet is not None and outlet.smtp is not None

    async def may_tell(self, key: str) -> bool:
        """Whether the public may see the incident that an announcement is about, as it is by now."""
        stream, _, seq = key.rpartition(":")
        incident = await self._journal.incident(stream)
        if incident is None:
            return False
        book, entries = await self._journal.shelf.book(incident), await self._journal.entries(stream, int(seq) - 1)
        asked = entries[0].event if entries else None
        if isinstance(asked, DeliveryRequested):
            return not find_bar(incident, book, asked)
        return may_show(incident, book)

    async def is_taken_back(self, key: str, text: str) -> bool:
        """Whether the words that wait for a follower were taken back meanwhile."""
        incident = await self._journal.incident(key.rpartition(":")[0])
        said = [each for each in incident.updates if each.text == text] if incident is not None else []
        return bool(said) and all(each.withdrawn_at is not None for each in said)

    async def note_counted(self, key: str, tally: Tally) -> None:
        """Put it on the incident's record."""
        stream, _, seq = key.rpartition(":")

        def choose(incident: Incident | None, book: Book) -> tuple[FollowersCounted, ...]:
            if incident is None:
                return ()
            return count_followers(incident, int(seq), tally.sent, tally.refused, tally.waiting)

        await self._journal.change(stream, choose, cause="command")

    async def _compose(self, key: Key, intent: AnnouncementRequested) -> Announcement:
        incident = await self._journal.incident(key.stream)
        entries = await self._journal.entries(key.stream, key.seq - 1)
        assert incident is not None
        at, shelf = entries[0].at, self._journal.shelf.settings.teams.get(incident.team)
        book = await self._journal.shelf.book(incident)
        return Announcement(
            team=incident.team,
            page=(shelf.status.title or shelf.policy.name) if shelf is not None else incident.team,
            incident=incident.number,
            title=find_title(incident, book, shelf.status if shelf is not None else None),
            status=intent.status,
            at=at,
            text=find_words(incident, intent.status, at),
        )

    def list_chores(self, desk: Desk) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the server does."""
        return [self.courier.run(), self._keep_copies(PublicBoards(desk))]

    async def _keep_copies(self, boards: PublicBoards) -> None:
        """Keep the copies that the settings ask for as the pages are."""
        written: dict[str, tuple[object, int, datetime]] = {}
        while True:
            for team, shelf in self._journal.shelf.settings.teams.items():
                if not shelf.status.export:
                    continue
                now, before = self._clock.now(), written.get(team)
                if (
                    before is not None
                    and before[0] is shelf
                    and before[1] == boards.mark
                    and (now - before[2]).total_seconds() < COPY_EVERY_S
                ):
                    continue
                written[team] = shelf, boards.mark, now
                await self._copy(boards, team, self._find().root / shelf.status.export)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _copy(self, boards: PublicBoards, team: str, folder: Path) -> None:
        try:
            files = write_copy(await boards.show(team), await boards.list_in_app(team), team, boards.find_url(team))
            await asyncio.to_thread(put_copy, folder, files)
        except UserError as error:
            if self.troubles.get(team) != str(error):
                LOG.error("%s", error)  # noqa: TRY400 a disk's trouble, no trace
            self.troubles[team] = str(error)
        except Exception as error:
            LOG.exception("The copy of the status page of %s could not be made", team)
            self.troubles[team] = f"The copy of the status page of {team} could not be made ({type(error).__name__})."
        else:
            self.troubles.pop(team, None)


def read_password(root: Path, smtp: SmtpSettings | None) -> str | None:
    """The password of a mail server; null where it has none, or the file cannot be read."""
    if smtp is None or smtp.password_file is None:
        return None
    try:
        return (root / smtp.password_file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):  # that it is missing is found with the channel itself
        return None
