"""What somebody holds who was paged: the page that it stands for, and the one thing that may be done with it."""

from __future__ import annotations

import hmac

from tocsin.comms.outside import AnswerContact
from tocsin.incident.commands import Acknowledge
from tocsin.oncall.outsider import CONTACT
from tocsin.page.commands import ReportPage
from tocsin.page.contact import TEST, Contact, Standing
from tocsin.page.link import GOOD_FOR, Ticket, make_code
from tocsin.page.message import compose
from tocsin.page.ordered import BOX
from tocsin.timeline.events import PageRequested
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.views.outside import OutsideView, show_outside
from tocsin.web.views.page import PageView, show_page
from tocsin.words import Reached


class Answering:
    """Looks pages up by what their responders hold, and acknowledges in their name."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self._desk, self._library = desk, library

    async def find(self, ticket: Ticket) -> PageView | None:
        """The view of the page that a ticket stands for; null where that page was never sent to that responder, or they
        are in the settings no more: whoever has gone answers for nobody.
        """
        desk = self._desk
        if (
            "/" in ticket.incident
            or not (ticket.responder in desk.people() or ticket.responder.startswith(BOX))
            or await desk.engine.journal.incident(ticket.incident) is None
        ):
            return None
        entries = await desk.engine.journal.entries(ticket.incident, ticket.page - 1)
        paged = entries[0].event if entries else None
        if not isinstance(paged, PageRequested) or (paged.responder, paged.channel) != (
            ticket.responder,
            ticket.channel,
        ):
            return None
        scene = await self._library.scene(ticket.incident)
        message = compose(
            scene.incident,
            scene.book,
            scene.rota,
            paged,
            now=scene.now,
            link="",
            room=f"/incidents/{scene.incident.id}",
            repeat=False,
        )
        return show_page(scene, message, ticket, entries[0], entries[1:])

    async def find_test(self, ticket: Ticket) -> Contact | None:
        """The contact that a test page's ticket stands for; null for any other ticket."""
        if self._desk.contacting is None or ticket.incident != f"{TEST}{ticket.responder}":
            return None
        return await self._desk.contacting.find(ticket.responder, ticket.channel)

    async def confirm(self, ticket: Ticket) -> Contact | None:
        """A test page came."""
        if self._desk.contacting is None or await self.find_test(ticket) is None:
            return None
        return await self._desk.contacting.confirm(ticket.responder, ticket.channel, ticket.page)

    async def answer(self, ticket: Ticket, via: str) -> str:
        """Take the page, or confirm the test page; how it stands then, for somebody who has no screen."""
        contact = await self.confirm(ticket)
        if contact is not None:
            is_confirmed = contact.page == ticket.page and contact.standing is Standing.CONFIRMED
            return "Confirmed: the test page came." if is_confirmed else "That was an older test page."
        if ticket.responder.startswith(CONTACT):
            found = await self.take_outside(ticket, via)
            return "Thank you: the team knows that you have it." if found else "This is over."
        view = await self.take(ticket, via)
        return f"{view.number}: {view.standing}" if view is not None else "This page is not there any more."

    async def find_outside(self, ticket: Ticket) -> OutsideView | None:
        """What a contact outside holds; null where it was never sent to them, or a newer one was."""
        if not ticket.responder.startswith(CONTACT) or "/" in ticket.incident:
            return None
        incident = await self._desk.engine.journal.incident(ticket.incident)
        known = incident.outside.get(ticket.responder) if incident is not None else None
        if incident is None or known is None or (known.intent, known.channel) != (ticket.page, ticket.channel):
            return None
        team = self._desk.engine.journal.shelf.policy(incident).name
        return show_outside(known, team, incident.number, is_open=incident.is_open)

    async def take_outside(self, ticket: Ticket, via: str) -> OutsideView | None:
        """They have it; nothing of the incident changes by that."""
        if await self.find_outside(ticket) is None:
            return None
        command = AnswerContact(by=ticket.responder, page=ticket.page, contact=ticket.responder, via=via)
        await self._desk.engine.submit(ticket.incident, command)
        return await self.find_outside(ticket)

    async def take(self, ticket: Ticket, via: str) -> PageView | None:
        """Acknowledge as the responder, if there is anything to take; the view afterwards."""
        view = await self.find(ticket)
        if view is not None and view.may_take:
            await self._desk.engine.submit(ticket.incident, Acknowledge(by=ticket.responder, via=via))
            view = await self.find(ticket)
        return view

    async def report(self, ticket: Ticket, reached: Reached, detail: str) -> None:
        """A vendor says how far the page has come."""
        if self._desk.contacting is not None and await self.find_test(ticket) is not None:
            await self._desk.contacting.report(ticket.responder, ticket.channel, ticket.page, reached, detail)
            return
        if await self.find(ticket) is not None or await self.find_outside(ticket) is not None:
            command = ReportPage(
                by=ticket.responder,
                page=ticket.page,
                responder=ticket.responder,
                channel=ticket.channel,
                reached=reached,
                detail=detail,
            )
            await self._desk.engine.submit(ticket.incident, command)

    async def find_by_code(self, channel: str, responder: str, code: str) -> Ticket | None:
        """The page of an open incident that this code was sent for, to that responder on that channel.

        Five digits are few: in a storm two pages may have the same. One that can still be taken comes first, then the
        newest; what went to somebody else, or over another channel, has no code of theirs.
        """
        until = self._desk.clock.now() + GOOD_FOR
        contact = await self._desk.contacting.find(responder, channel) if self._desk.contacting is not None else None
        if contact is not None and contact.page:
            test = Ticket(
                incident=f"{TEST}{responder}", page=contact.page, responder=responder, channel=channel, until=until
            )
            if _fits(code, make_code(self._desk.link_key, test.incident, test.page, responder, channel)):
                return test
        found: Ticket | None = None
        for card in await self._desk.engine.journal.store.cards(open_only=True):
            incident = await self._desk.engine.journal.incident(card.id)
            if incident is None or not (responder in incident.calls or responder in incident.outside):
                continue
            for page in reversed(incident.pages):
                if not _fits(code, make_code(self._desk.link_key, card.id, page, responder, channel)):
                    continue
                ticket = Ticket(incident=card.id, page=page, responder=responder, channel=channel, until=until)
                view = await self.find(ticket)
                if await self.find_outside(ticket) is not None or (view is not None and view.may_take):
                    return ticket
                found = found or (ticket if view is not None else None)
        return found


def _fits(given: str, code: str) -> bool:
    return hmac.compare_digest(code.encode(), given.encode(errors="replace"))
