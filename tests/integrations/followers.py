"""A mail server and a webhook of somebody's, followers who have them, and whoever carries to these."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from tocsin.engine.contracts import Key
from tocsin.engine.following import Announcement, Follower, Invitation, Way
from tocsin.integrations.courier import Courier, Outlet
from tocsin.integrations.herald import Herald
from tocsin.integrations.smtp import SmtpSettings
from tocsin.store.followers import FollowerRows
from tocsin.store.sqlite import SqliteStore
from tocsin.testing.clock import FakeClock
from tocsin.testing.story import START
from tocsin.timeline.events import AnnouncementMade, AnnouncementRequested
from tocsin.words import PublicStatus

LINK_KEY = b"l" * 32
INVITE = Invitation(team="shop", page="Till")


class Place:
    """A mail server and a webhook of somebody's, on loopback. `answer` is what the webhook says to everything,
    `unwilling` what the mail server says to some addresses, `reached` who got each mail.
    """

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.posts: list[tuple[dict[str, str], dict[str, Any], bytes]] = []
        self.answer: bytes | None = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
        self.refusal = ""
        self.unwilling: dict[str, str] = {}
        self.reached: list[list[str]] = []
        self.mail_port = self.port = 0

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.unwilling:
            return self.unwilling[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 aiosmtpd's name
        if self.refusal:
            return self.refusal
        self.reached.append(list(envelope.rcpt_tos))
        self.mails.append(message_from_bytes(envelope.original_content))
        return "250 OK"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers["content-length"]))
        told = json.loads(body)
        self.posts.append((headers, told, body))
        if self.answer is not None:
            said = str(told.get("challenge", "")).encode()
            writer.write(self.answer % (len(said), said) if b"%" in self.answer else self.answer)
            await writer.drain()
        writer.close()


class Desk:
    """Followers, and whoever carries to them."""

    def __init__(self, folder: Path, place: Place, anywhere: bool = True) -> None:
        self.clock, self.place, self.folder = FakeClock(START), place, folder
        self.anywhere, self.locked, self.taken_back = anywhere, set[str](), set[str]()
        self.open()

    def open(self) -> None:
        """As a server does at its start."""
        self.store = SqliteStore(self.folder / "tocsin.db", b"k" * 32, self.folder / "mark")
        self.rows = FollowerRows(self.store)
        self.courier = Courier(self.rows, self.clock, LINK_KEY, lambda team: self.outlet(), self.may_tell, self.is_back)
        self.herald = Herald(self.rows, self.compose, self.courier.nudge)

    async def may_tell(self, key: str) -> bool:
        return key not in self.locked

    async def is_back(self, key: str, text: str) -> bool:
        return key in self.taken_back

    def outlet(self) -> Outlet:
        smtp = SmtpSettings(
            kind="smtp", host="127.0.0.1", port=self.place.mail_port, sender="s@till.example", security="none"
        )
        return Outlet(url="http://t.test/status/shop", shown="http://s.test/", smtp=smtp, anywhere=self.anywhere)

    async def compose(self, key: Key, intent: AnnouncementRequested) -> Announcement:
        return Announcement(
            team="shop",
            page="Till",
            incident="INC-1",
            title="Till Stuck",
            status=intent.status,
            at=self.clock.now(),
            text="We look.\r\nX-Evil: 1",
        )

    async def follow(self, way: Way, address: str) -> Follower:
        """Somebody who has said yes."""
        asked = await self.rows.ask("shop", way, address, INVITE, self.clock.now())
        assert asked is not None
        await self.drain()
        await self.rows.confirm(asked.id, self.clock.now())
        return asked

    async def announce(self, seq: int, status: PublicStatus = PublicStatus.INVESTIGATING) -> int:
        outcome = await self.herald.perform(Key("shop-1", seq), AnnouncementRequested(status=status))
        assert isinstance(outcome, AnnouncementMade)
        return outcome.followers

    async def drain(self) -> None:
        while await self.courier.turn():
            pass

    async def advance(self, **span: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**span))
        await self.drain()
