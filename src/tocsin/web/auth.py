"""Who is asking: a session cookie or a bearer token, and whether the request is really theirs.

A request that changes something and comes with a cookie must come from one of our own screens: the browser must say so
(`Sec-Fetch-Site`, else `Origin` or `Referer`), and it must carry something that a foreign page cannot make a browser
send, which is htmx's header, a JSON body, or the form token. A bearer token needs none of this, since no browser adds
it by itself.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from tocsin.errors import NotAuthorised, NotFound, NotSignedIn
from tocsin.web.desk import Desk

COOKIE = "tocsin_session"
SESSION_FOR = timedelta(days=30)
LOCAL = "local-admin"
"""The person of the credential file that only the server's own user can read."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_NAMED = 12
TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a form field, no secret


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `form_token` belongs to the session and goes into every form; a bearer token has none."""

    person: str
    via: Literal["cookie", "token", "slack"]
    form_token: str = ""

    @property
    def way(self) -> str:
        """How an acknowledgement came: from the room on screen, through the API, or from Slack."""
        return {"cookie": "room", "token": "api", "slack": "slack"}[self.via]

    @property
    def is_person(self) -> bool:
        """Whether this is somebody of the settings, not the server's own credential."""
        return self.person != LOCAL


async def require_asker(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let nobody in whom we do not know, and nothing through that a foreign page made a browser send."""
    desk: Desk = connection.app.state.desk
    asker = await _find_asker(desk, connection)
    if asker is None and connection.headers.get("authorization"):
        raise NotSignedIn("Nobody here has this token, or it is over. Look at TOCSIN_TOKEN, or ask for another.")
    if asker is None:
        raise NotSignedIn(f"Nobody is signed in. Get a link with `{desk.signin}` on the server, and open it.")
    if asker.via == "cookie" and isinstance(connection, Request) and connection.method not in SAFE:
        require_same_origin(connection, desk)
        await _require_own_form(connection, asker)
    connection.scope["user"] = asker


async def _find_asker(desk: Desk, connection: ASGIConnection[Any, Any, Any, Any]) -> Asker | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if token:
        return await _of_token(desk, connection, token.strip()) if scheme.lower() == "bearer" else None
    return await find_signed_in(desk, connection)


async def find_signed_in(desk: Desk, connection: ASGIConnection[Any, Any, Any, Any]) -> Asker | None:
    """Whoever is signed in, in the browser that asks."""
    secret = connection.cookies.get(COOKIE, "")
    person = await desk.sessions.whose("session", secret, desk.clock.now()) if secret else None
    if person is None or not _is_known(desk, person):
        return None
    return Asker(person=person, via="cookie", form_token=make_form_token(desk.link_key, secret))


async def _of_token(desk: Desk, connection: ASGIConnection[Any, Any, Any, Any], token: str) -> Asker | None:
    person = await desk.sessions.whose("token", token, desk.clock.now())
    if person is None or not _is_known(desk, person):
        return None
    wanted = connection.headers.get("x-tocsin-as", person)
    if wanted != person and person != LOCAL:
        raise NotAuthorised("Only the server's own credential may act for somebody else; leave out X-Tocsin-As.")
    if not _is_known(desk, wanted):
        raise NotFound(f"There is no person {wanted[:100]!r} here; there are {name_people(desk)}.")
    people = list(desk.people())
    return Asker(person=people[0] if wanted == LOCAL and len(people) == 1 else wanted, via="token")


def name_people(desk: Desk) -> str:
    """The people of the settings by their ids, for a sentence."""
    people = list(desk.people())
    more = len(people) - MOST_NAMED
    return ", ".join(people[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _is_known(desk: Desk, person: str) -> bool:
    return person == LOCAL or person in desk.people()


def require_person(desk: Desk, asker: Asker) -> None:
    """The record says who did what. Raises `NotAuthorised` where the server's own credential acts for nobody."""
    if not asker.is_person:
        raise NotAuthorised(
            f"Who are you? The record says who did this, so say it: `--as NAME` ({name_people(desk)}), TOCSIN_AS, or "
            "once for all `tocsin whoami --set NAME`; over HTTP the header `X-Tocsin-As: NAME`."
        )


def make_form_token(key: bytes, secret: str) -> str:
    """What a session's forms carry: nobody who does not know the session's secret can make it."""
    return hmac.digest(key, b"form " + secret.encode(), hashlib.sha256).hex()


def require_same_origin(connection: ASGIConnection[Any, Any, Any, Any], desk: Desk) -> None:
    """Refuse what another site made a browser send."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        origin = connection.headers.get("origin") or connection.headers.get("referer") or ""
        own = urlsplit(origin).netloc in {connection.headers.get("host", ""), urlsplit(desk.policy.url).netloc} - {""}
    if not own:
        raise NotAuthorised("This request came from another site, so it was not carried out. Use tocsin's own screen.")


async def _require_own_form(connection: Request[Any, Any, Any], asker: Asker) -> None:
    if connection.headers.get("hx-request") or connection.content_type[0] == "application/json":
        return
    given = (await connection.form()).get(TOKEN_FIELD, "")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), asker.form_token.encode()):
        raise NotAuthorised("This form is out of date, so it was not carried out. Load the screen again, then repeat.")


def make_cookie(desk: Desk, secret: str) -> Cookie:
    """The cookie of a session; an empty secret ends it."""
    return Cookie(
        key=COOKIE,
        value=secret,
        path="/",
        httponly=True,
        samesite="lax",
        secure=desk.policy.secure_cookies,
        max_age=int(SESSION_FOR.total_seconds()) if secret else 0,
    )


def provide_asker(request: Request[Any, Any, Any]) -> Asker:
    """The asker whom the guard has let in."""
    asker: Asker = request.scope["user"]
    return asker
