"""The page's link: what it is about and one button. Opening it changes nothing; it needs no sign-in and no script.

A test page's link is of the same kind, and its button says that it came.
"""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Response

from tocsin.page.contact import Contact
from tocsin.page.link import Ticket, check
from tocsin.web.answering import Answering
from tocsin.web.desk import Desk
from tocsin.web.frame import show_public
from tocsin.web.library import Library
from tocsin.web.views.page import PageView
from tocsin.words import Reached

NO_REFERRER = {"Referrer-Policy": "no-referrer"}


@get("/p/{ticket:str}")
async def show_link(
    desk: Given[Desk], answering: Given[Answering], library: Given[Library], ticket: FromPath[str]
) -> Response[str]:
    """The page that the link came with."""
    found = check(desk.link_key, ticket, desk.clock.now())
    contact = await answering.find_test(found) if found is not None else None
    if found is not None and contact is not None:
        return _show_test(library, found, contact)
    outside = await answering.find_outside(found) if found is not None else None
    if outside is not None:
        return show_public("page_outside.html", page=outside)
    return _show(await answering.find(found) if found is not None else None)


@post("/p/{ticket:str}", status_code=200)
async def acknowledge_by_link(
    desk: Given[Desk], answering: Given[Answering], library: Given[Library], ticket: FromPath[str]
) -> Response[str]:
    """Acknowledge as the responder whom the page called; doing it twice changes nothing."""
    found = check(desk.link_key, ticket, desk.clock.now())
    contact = await answering.confirm(found) if found is not None else None
    if found is not None and contact is not None:
        return _show_test(library, found, contact)
    outside = await answering.take_outside(found, "link") if found is not None else None
    if outside is not None:
        return show_public("page_outside.html", page=outside)
    return _show(await answering.take(found, "link") if found is not None else None)


@post("/p/{ticket:str}/shown", status_code=204)
async def hear_shown(desk: Given[Desk], answering: Given[Answering], ticket: FromPath[str]) -> None:
    """A subscribed phone has put the page on its screen; that somebody has seen it is another matter."""
    found = check(desk.link_key, ticket, desk.clock.now())
    if found is not None:
        await answering.report(found, Reached.ARRIVED, "the phone shows it")


def _show(view: PageView | None) -> Response[str]:
    if view is None:
        return show_public("page_over.html", status_code=404)
    return show_public("page.html", page=view)


def _show_test(library: Library, ticket: Ticket, contact: Contact) -> Response[str]:
    name = library.name(ticket.responder)
    return show_public("page_test.html", contact=contact, name=name, is_newest=contact.page == ticket.page)
