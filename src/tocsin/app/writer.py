"""Has the message of each page written as it is sent, with the link that stands for that page alone."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.app.outsiders import list_contacts
from tocsin.engine.contracts import Clock, Key
from tocsin.engine.journal import Journal
from tocsin.oncall.outsider import CONTACT
from tocsin.page.link import GOOD_FOR, PATH, Ticket, make_code, sign
from tocsin.page.message import Beside, PageMessage, compose, compose_outside, describe_beside
from tocsin.page.ordered import find_box
from tocsin.timeline.events import PageRequested


class Writer:
    """Writes messages; `find_url` says where people reach the server."""

    def __init__(self, journal: Journal, clock: Clock, link_key: bytes, find_url: Callable[[], str]) -> None:
        self._journal, self._clock, self._link_key, self._find_url = journal, clock, link_key, find_url

    async def write(self, key: Key, intent: PageRequested) -> PageMessage:
        """The page's message, with what is known when it is sent."""
        incident = await self._journal.incident(key.stream)
        assert incident is not None
        now = self._clock.now()
        base = self._find_url()
        ticket = Ticket(
            incident=key.stream,
            page=key.seq,
            responder=intent.responder,
            channel=intent.channel,
            until=now + GOOD_FOR,
        )
        link = f"{base}{PATH}{sign(self._link_key, ticket)}"
        code = make_code(self._link_key, key.stream, key.seq, intent.responder, intent.channel)
        book = await self._journal.shelf.book(incident)
        if intent.responder.startswith(CONTACT):
            name = list_contacts(self._journal.shelf.settings)[intent.responder].name
            return compose_outside(incident, book, intent, name, link=link, repeat=key.again, code=code)
        return compose(
            incident,
            book,
            self._journal.shelf.rota(incident),
            intent,
            now=now,
            link=link,
            room=f"{base}/incidents/{key.stream}",
            repeat=key.again,
            code=code,
            beside=[await self._tell_beside(each, base) for each in intent.beside],
        )

    async def _tell_beside(self, stream: str, base: str) -> Beside:
        incident = await self._journal.incident(stream)
        assert incident is not None
        return describe_beside(incident, f"{base}/incidents/{stream}")

    async def find_mailbox(self, key: Key, intent: PageRequested) -> str:
        """The mailbox that a line of the incident's playbook gives."""
        incident = await self._journal.incident(key.stream)
        assert incident is not None
        book = await self._journal.shelf.book(incident)
        return find_box(book.playbook, book.scenario(incident), intent.line)
