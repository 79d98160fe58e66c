"""Following a status page: ask, say yes by the link that comes, leave. A link only shows; its button acts.

Whoever asks is told the same whether they follow already or not, and nobody's mailbox can be filled: an address is
written to at most once in ten minutes, and whoever asks may do so only now and then.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Literal

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from tocsin.comms.following import CONFIRM, LEAVE, make_secret, read_token
from tocsin.engine.following import Follower, Followers, Invitation, Way
from tocsin.errors import BadInput, NotFound
from tocsin.web.desk import Desk
from tocsin.web.frame import show_public
from tocsin.web.limits import name_source
from tocsin.web.public.boards import PublicBoards

MAIL = re.compile(r"[^\s@<>,;:\"()\\\[\]\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,63}")
MOST_ADDRESS = 500
MOST_ASKED, ASKED_WITHIN = 10, timedelta(hours=1)
MOST_ASKED_OF_ALL = 500


@get("/status/{team:str}/subscribe")
async def show_subscribe(desk: Given[Desk], board: Given[PublicBoards], team: FromPath[str]) -> Response[str]:
    """The form."""
    page = board.find(team)
    _require(desk)
    title, webhooks, mail = page.status.title or page.policy.name, page.status.webhooks != "none", desk.can_mail(team)
    return show_public("follow.html", title=title, webhooks=webhooks, mail=mail, team=team)


@post("/status/{team:str}/subscribe", status_code=200)
async def subscribe(
    desk: Given[Desk], board: Given[PublicBoards], team: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """Ask whoever has this address whether they want to follow."""
    page, followers, now = board.find(team), _require(desk), desk.clock.now()
    form = await request.form()
    mail, url = (str(form.get(name, "")).strip()[: MOST_ADDRESS + 1] for name in ("mail", "url"))
    way, address = _read_address(mail, url, desk.can_mail(team), page.status.webhooks != "none")
    who = name_source(request.client.host) if request.client else ""
    desk.limits.take("follow", who, now, most=MOST_ASKED, within=ASKED_WITHIN)
    desk.limits.take("follow all", team, now, most=MOST_ASKED_OF_ALL, within=ASKED_WITHIN)
    title = page.status.title or page.policy.name
    asked = await followers.ask(team, way, address, Invitation(team=team, page=title), now)
    desk.nudge()
    secret = make_secret(desk.link_key, asked.id) if asked is not None and way == "webhook" else ""
    return show_public("follow_asked.html", title=title, way=way, secret=secret, team=team)


def _read_address(mail: str, url: str, mails: bool, webhooks: bool) -> tuple[Way, str]:
    """Whose address it is, as far as can be seen by looking at it. Raises `BadInput`."""
    if mail and mails:
        if not MAIL.fullmatch(mail) or ".." in mail:
            raise BadInput("This is no mail address; write it as name@example.org.")
        name, _, domain = mail.rpartition("@")
        return "mail", f"{name}@{domain.lower()}"
    if url and webhooks:
        if len(url) > MOST_ADDRESS or not url.isprintable() or not url.startswith(("https://", "http://")):
            raise BadInput("This is no address to post to; write it as https://example.org/hook.")
        return "webhook", url
    ways = ["a mail address"] * mails + ["the address of a webhook"] * webhooks
    where = f"Say where to: {' or '.join(ways)}." if ways else "Nobody is written to from here; read the feed instead."
    raise BadInput(where)


@get("/status/{team:str}/confirm/{token:str}")
async def show_confirm(
    desk: Given[Desk], board: Given[PublicBoards], team: FromPath[str], token: FromPath[str]
) -> Response[str]:
    """What the link in the mail opens: a button."""
    found = await _find(desk, team, CONFIRM, token)
    return _show(board, team, "confirm" if found is not None else "over", found)


@post("/status/{team:str}/confirm/{token:str}", status_code=200)
async def confirm(
    desk: Given[Desk], board: Given[PublicBoards], team: FromPath[str], token: FromPath[str]
) -> Response[str]:
    """They said yes; saying it twice changes nothing."""
    found = await _find(desk, team, CONFIRM, token)
    if found is not None:
        await _require(desk).confirm(found.id, desk.clock.now())
    return _show(board, team, "confirmed" if found is not None else "over", found)


@get("/status/{team:str}/leave/{token:str}")
async def show_leave(
    desk: Given[Desk], board: Given[PublicBoards], team: FromPath[str], token: FromPath[str]
) -> Response[str]:
    """What the link at the end of each mail opens: a button."""
    found = await _find(desk, team, LEAVE, token)
    return _show(board, team, "leave" if found is not None else "left", found)


@post("/status/{team:str}/leave/{token:str}", status_code=200)
async def leave(
    desk: Given[Desk], board: Given[PublicBoards], team: FromPath[str], token: FromPath[str]
) -> Response[str]:
    """Forget them; mail programs send this by themselves when somebody presses their own button (RFC 8058)."""
    found = await _find(desk, team, LEAVE, token)
    if found is not None:
        await _require(desk).leave(found.id)
    return _show(board, team, "left", None)


async def _find(desk: Desk, team: str, act: str, token: str) -> Follower | None:
    id_ = read_token(desk.link_key, act, token)
    found = await _require(desk).find(id_) if id_ is not None else None
    return found if found is not None and found.team == team else None


def _require(desk: Desk) -> Followers:
    if desk.followers is None:
        raise NotFound("Nobody can follow this page here.")
    return desk.followers


Said = Literal["confirm", "confirmed", "leave", "left", "over"]


def _show(board: PublicBoards, team: str, said: Said, follower: Follower | None) -> Response[str]:
    page = board.find(team)
    title = page.status.title or page.policy.name
    code = 404 if said == "over" else 200
    address = follower.address if follower is not None else ""
    return show_public("follow_said.html", title=title, said=said, address=address, team=team, status_code=code)


FOLLOW: list[HTTPRouteHandler] = [show_subscribe, subscribe, show_confirm, confirm, show_leave, leave]
