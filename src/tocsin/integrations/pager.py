"""Carries pages: finds the channel and the person, has the message written, and says what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected
from tocsin.integrations.channel import Channel
from tocsin.oncall.outsider import CONTACT
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage
from tocsin.page.ordered import BOX
from tocsin.timeline.events import Intent, Outcome, PageDelivered, PageRequested

Write = Callable[[Key, PageRequested], Awaitable[PageMessage]]
FindMailbox = Callable[[Key, PageRequested], Awaitable[str]]
"""The address of a mailbox that stands in the playbook; empty where it does not."""


class Pager:
    """The performer of pages. `channels` and `people` are looked up each time, so that a changed setting holds."""

    handles = (PageRequested,)

    def __init__(
        self,
        channels: Callable[[], Mapping[str, Channel]],
        people: Callable[[], Mapping[str, Person]],
        write: Write,
        reach: Callable[[str], None],
        find_mailbox: FindMailbox | None = None,
        contacts: Callable[[], Mapping[str, Person]] = dict,
    ) -> None:
        self._contacts = contacts
        self._channels, self._people, self._write, self._reach = channels, people, write, reach
        self._find_mailbox = find_mailbox

    async def _find_person(self, key: Key, intent: PageRequested) -> Person:
        """Whom it is for. Nobody is reached on a terminal who is in the settings no more."""
        if intent.responder.startswith(CONTACT):
            return self._find_contact(intent.responder)
        if intent.responder.startswith(BOX) and self._find_mailbox is not None:
            return Person(name=intent.responder, mail=await self._find_mailbox(key, intent))
        found = self._people().get(intent.responder)
        if found is None:
            raise Rejected(f"{intent.responder} is not in tocsin.toml any more.")
        return found

    def _find_contact(self, contact: str) -> Person:
        found = self._contacts().get(contact)
        if found is None:
            raise Rejected("This contact is not in tocsin.toml any more.")
        return found

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Send the page. An `OutsideError` is the engine's to turn into `PageFailed`."""
        assert isinstance(intent, PageRequested)
        channel = self._channels().get(intent.channel)
        if channel is None:
            raise Rejected(f"There is no channel {intent.channel!r} any more; look at tocsin.toml.")
        person = await self._find_person(key, intent)
        message = await self._write(key, intent)
        self._reach("page.before_send")
        detail = await channel.send(key, person, message)
        self._reach("page.after_send")
        return PageDelivered(
            answers=key.seq, responder=intent.responder, channel=intent.channel, detail=detail, repeat=key.again
        )
