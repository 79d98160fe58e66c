"""The page's link: what it is about and one button. Opening it changes nothing; it needs no sign-in and no script."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Response

from tocsin.incident.commands import Acknowledge
from tocsin.page.link import Ticket, check
from tocsin.page.message import compose
from tocsin.timeline.events import PageRequested
from tocsin.web.desk import Desk
from tocsin.web.frame import show_public
from tocsin.web.library import Library
from tocsin.web.views.page import PageView, show_page

NO_REFERRER = {"Referrer-Policy": "no-referrer"}


@get("/p/{ticket:str}")
async def show_link(desk: Given[Desk], library: Given[Library], ticket: FromPath[str]) -> Response[str]:
    """The page that the link came with."""
    return await _show(desk, library, ticket)


@post("/p/{ticket:str}", status_code=200)
async def acknowledge_by_link(desk: Given[Desk], library: Given[Library], ticket: FromPath[str]) -> Response[str]:
    """Acknowledge as the responder whom the page called; doing it twice changes nothing."""
    found = check(desk.link_key, ticket, desk.clock.now())
    view = await _find(desk, library, found) if found is not None else None
    if found is not None and view is not None and view.may_take:
        await desk.engine.submit(found.incident, Acknowledge(by=found.responder, via="link"))
    return await _show(desk, library, ticket)


async def _show(desk: Desk, library: Library, text: str) -> Response[str]:
    ticket = check(desk.link_key, text, desk.clock.now())
    view = await _find(desk, library, ticket) if ticket is not None else None
    if view is None:
        return show_public("page_over.html", status_code=404)
    return show_public("page.html", page=view)


async def _find(desk: Desk, library: Library, ticket: Ticket) -> PageView | None:
    """The view of the page that a ticket stands for; null where that page was never sent to that responder."""
    if "/" in ticket.incident or await desk.engine.journal.incident(ticket.incident) is None:
        return None
    entries = await desk.engine.journal.entries(ticket.incident, ticket.page - 1)
    paged = entries[0].event if entries else None
    if not isinstance(paged, PageRequested) or (paged.responder, paged.channel) != (ticket.responder, ticket.channel):
        return None
    scene = await library.scene(ticket.incident)
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
