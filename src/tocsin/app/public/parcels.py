"""What is sent to the readers of an audience, looked up when its turn has come: words, ways, and whether it may go."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tocsin.app.public.pages import read_password
from tocsin.app.workspace import Workspace
from tocsin.comms.board import find_title
from tocsin.comms.delivery import find_bar
from tocsin.engine.contracts import Key
from tocsin.engine.following import Announcement
from tocsin.engine.journal import Journal
from tocsin.errors import NotBegun, Rejected
from tocsin.incident.readers import Readers
from tocsin.integrations.chat import Chat
from tocsin.integrations.messenger import Parcel, Words, find_webhook
from tocsin.integrations.smtp import SmtpSettings
from tocsin.timeline.events import DeliveryRequested
from tocsin.words import Way


class Parcels:
    """Packs what a delivery asks for; settings, channels and chats are looked up each time."""

    def __init__(
        self,
        journal: Journal,
        find: Callable[[], Workspace],
        channels: Callable[[], Mapping[str, object]],
        chats: Callable[[], Mapping[str, Chat]],
    ) -> None:
        self._journal, self._find, self._channels, self._chats = journal, find, channels, chats

    async def pack(self, key: Key, asked: DeliveryRequested) -> Parcel:
        """The parcel. Raises `NotBegun` for words that may not go any more, `Rejected` where a way is gone."""
        incident = await self._journal.incident(key.stream)
        assert incident is not None
        book, shelf = await self._journal.shelf.book(incident), self._journal.shelf.settings.teams.get(incident.team)
        bar = find_bar(incident, book, asked)
        if bar or shelf is None:
            raise NotBegun(f"Not sent: {bar or 'the team is gone'}.")
        readers = shelf.policy.audiences.get(asked.audience)
        if readers is None:
            raise Rejected(f"The team has no {asked.audience} in `audiences` any more; look at tocsin.toml.")
        update = next(each for each in incident.updates if each.seq == asked.update)
        subject = await self._find_subject(key.stream, asked.update)
        page = shelf.status.title or shelf.policy.name
        words = Words(
            team=incident.team,
            incident=incident.number,
            audience=asked.audience,
            status=update.status,
            subject=subject,
            text=update.text,
            at=update.at,
        )
        follow = Announcement(
            team=incident.team,
            page=page,
            incident=incident.number,
            title=subject or find_title(incident, book, shelf.status),
            status=update.status,
            at=update.at,
            text=update.text,
        )
        return self._address(Parcel(words=words, title=page, follow=follow), asked, readers, book.policy.media, (
            book.policy.war_room
        ))  # fmt: skip

    def _address(
        self, parcel: Parcel, asked: DeliveryRequested, readers: Readers, media: tuple[str, ...], war_room: str
    ) -> Parcel:
        workspace = self._find()
        mails = {name: each for name, each in workspace.channels.items() if isinstance(each, SmtpSettings)}
        smtp = mails.get(readers.channel) if readers.channel else next(iter(mails.values()), None)
        people = self._journal.shelf.settings.people
        named = tuple(people[who].mail for who in media if who in people and people[who].mail)
        return Parcel(
            words=parcel.words,
            title=parcel.title,
            follow=parcel.follow,
            mails=named if asked.way is Way.PEOPLE else readers.mail,
            smtp=smtp,
            password=read_password(workspace.root, smtp),
            webhook=find_webhook(self._channels(), asked.to),
            chat=self._chats().get(war_room),
            channel=readers.chat,
            file=workspace.root / readers.file if readers.file else None,
        )

    async def _find_subject(self, stream: str, seq: int) -> str:
        entries = await self._journal.entries(stream, seq - 1)
        return str(getattr(entries[0].event, "subject", "")) if entries else ""
