"""The page's link: what it is about and one button. Opening it changes nothing; it needs no sign-in and no script."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Response

from tocsin.page.link import check
from tocsin.web.answering import Answering
from tocsin.web.desk import Desk
from tocsin.web.frame import show_public
from tocsin.web.views.page import PageView

NO_REFERRER = {"Referrer-Policy": "no-referrer"}


@get("/p/{ticket:str}")
async def show_link(desk: Given[Desk], answering: Given[Answering], ticket: FromPath[str]) -> Response[str]:
    """The page that the link came with."""
    found = check(desk.link_key, ticket, desk.clock.now())
    return _show(await answering.find(found) if found is not None else None)


@post("/p/{ticket:str}", status_code=200)
async def acknowledge_by_link(desk: Given[Desk], answering: Given[Answering], ticket: FromPath[str]) -> Response[str]:
    """Acknowledge as the responder whom the page called; doing it twice changes nothing."""
    found = check(desk.link_key, ticket, desk.clock.now())
    return _show(await answering.take(found, "link") if found is not None else None)


def _show(view: PageView | None) -> Response[str]:
    if view is None:
        return show_public("page_over.html", status_code=404)
    return show_public("page.html", page=view)
