"""Test pages: sent over a person's channel as a real page would be, and confirmed as a real page is acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping

from tocsin.engine.contracts import Clock, Key
from tocsin.errors import NotFound, OutsideError
from tocsin.integrations.channel import Addressed, Channel
from tocsin.integrations.sharer import Sharing
from tocsin.integrations.webpush import WebPush
from tocsin.oncall.settings import Person
from tocsin.page.contact import OF_REACHED, TEST, Contact, Standing, hold_against
from tocsin.page.link import GOOD_FOR, PATH, Ticket, make_code, sign
from tocsin.page.message import PageMessage
from tocsin.store.contacts import Contacts, Subscriptions
from tocsin.words import Reached, Share

PATIENCE_S = 10.0


class Contacting:
    """Sends test pages, and knows what became of them. What is looked up at each use may change with the settings."""

    def __init__(
        self,
        contacts: Contacts,
        phones: Subscriptions,
        clock: Clock,
        link_key: bytes,
        channels: Callable[[], Mapping[str, Channel]],
        people: Callable[[], Mapping[str, Person]],
        url: Callable[[], str],
    ) -> None:
        self._contacts, self.phones, self._clock, self._link_key = contacts, phones, clock, link_key
        self._channels, self._people, self._url = channels, people, url

    async def list_all(self) -> list[Contact]:
        """Each channel of each person, in the order of the settings."""
        known = {(each.person, each.channel): each for each in await self._contacts.list_all()}
        return [
            hold_against(
                known.get((name, channel)) or Contact(person=name, channel=channel), self._find_address(name, channel)
            )
            for name, person in self._people().items()
            for channel in person.channels
        ]

    def _find_address(self, person: str, channel: str) -> str:
        """A digest of where somebody's pages go on a channel, which only this server can make; empty where all that
        is known is the channel.
        """
        found: object = self._channels().get(channel)
        if not isinstance(found, Addressed):
            return ""
        address = "\0".join((person, channel, found.find_address(person, self._people()[person])))
        return hmac.new(self._link_key, f"address\0{address}".encode(), hashlib.sha256).hexdigest()

    async def find(self, person: str, channel: str) -> Contact | None:
        """One of them; null where there is none."""
        return next((each for each in await self.list_all() if (each.person, each.channel) == (person, channel)), None)

    async def test(self, person: str, channel: str) -> Contact:
        """Send a test page; how far it came. Raises `NotFound`."""
        if await self.find(person, channel) is None:
            there = ", ".join(self._people()[person].channels) if person in self._people() else ""
            raise NotFound(
                f"{person} has no channel {channel!r} in tocsin.toml{f'; there are: {there}' if there else ''}."
            )
        begun = await self._contacts.begin(person, channel, self._clock.now(), self._find_address(person, channel))
        standing, detail = await self._send(begun)
        await self._contacts.tell(person, channel, begun.page, standing, detail, self._clock.now())
        found = await self.find(person, channel)
        assert found is not None
        return found

    async def _send(self, contact: Contact) -> tuple[Standing, str]:
        channel = self._channels().get(contact.channel)
        if channel is None:
            return Standing.FAILED, "There is no such channel any more; look at tocsin.toml."
        stream = f"{TEST}{contact.person}"
        try:
            async with asyncio.timeout(PATIENCE_S):
                person = self._people()[contact.person]
                return Standing.HANDED, await channel.send(Key(stream, contact.page), person, self._write(contact))
        except OutsideError as error:
            return Standing.FAILED, str(error)
        except TimeoutError:
            return Standing.FAILED, f"No answer within {PATIENCE_S:g} seconds."

    def _write(self, contact: Contact) -> PageMessage:
        now, stream = self._clock.now(), f"{TEST}{contact.person}"
        ticket = Ticket(
            incident=stream,
            page=contact.page,
            responder=contact.person,
            channel=contact.channel,
            until=now + GOOD_FOR,
        )
        return PageMessage(
            incident=stream,
            number=f"test {contact.page}",
            team="tocsin",
            title="Test page, nothing is wrong",
            severity="TEST",
            scenario=None,
            responder=contact.person,
            round=1,
            why="to see that you can be reached; confirm it as you would acknowledge a page",
            opened_at=now,
            symptoms=(),
            first_command=None,
            evidence=(),
            next=None,
            labels={},
            annotations={},
            link=f"{self._url()}{PATH}{sign(self._link_key, ticket)}",
            room=f"{self._url()}/contacts",
            code=make_code(self._link_key, stream, contact.page, contact.person, contact.channel),
        )

    async def confirm(self, person: str, channel: str, page: int) -> Contact | None:
        """The person says that the test page came; null where there is no such page. An older page's says nothing."""
        told = await self._contacts.tell(person, channel, page, Standing.CONFIRMED, "", self._clock.now())
        sharing: object = self._channels().get(channel)
        if told and isinstance(sharing, Sharing):
            try:
                await sharing.share(f"{TEST}{person}", Share.RESOLVE)
            except OutsideError as error:
                await self._contacts.tell(person, channel, page, Standing.CONFIRMED, str(error), self._clock.now())
        return await self.find(person, channel)

    async def report(self, person: str, channel: str, page: int, reached: Reached, detail: str) -> None:
        """A vendor says how far a test page has come."""
        await self._contacts.tell(person, channel, page, OF_REACHED[reached], detail, self._clock.now())

    def push(self) -> tuple[str, WebPush] | None:
        """The channel by which phones are subscribed, with its name; null where there is none."""
        channels = self._channels().items()
        return next(((name, each) for name, each in channels if isinstance(each, WebPush)), None)
