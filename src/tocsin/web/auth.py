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
from tocsin.store.accounts import PREFIX
from tocsin.web.desk import Desk

COOKIE = "tocsin_session"
SESSION_FOR = timedelta(days=30)
LOCAL = "local-admin"
"""The person of the credential file that only the server's own user can read."""
INCIDENT = "incident"
"""What addresses call the incident that they are about, in their path or as a parameter."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_NAMED = 12
KEEPING = ("/api/tokens", "/api/links", "/api/accounts", "/api/access", "/account")
"""Where ways in are made: not for tokens of a lesser scope."""
TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a form field, no secret


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `form_token` belongs to the session and goes into every form; a bearer token has none.

    `scope` is what a token may be used for; `is_owner`: it is the server's own credential, in whoever's name it asks.
    """

    person: str
    via: Literal["cookie", "token", "slack"]
    form_token: str = ""
    scope: str = "admin"
    is_owner: bool = False

    @property
    def way(self) -> str:
        """How an acknowledgement came: from the room on screen, through the API, or from Slack."""
        return {"cookie": "room", "token": "api", "slack": "slack"}[self.via]

    @property
    def actor(self) -> str:
        """Who really did it, for the record of who came and went."""
        return LOCAL if self.is_owner else self.person

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
    _require_scope(connection, asker)
    connection.scope["user"] = asker
    await _require_sight(connection, desk, asker)


def _require_scope(connection: ASGIConnection[Any, Any, Any, Any], asker: Asker) -> None:
    """What a token is not for is refused here, whatever its person may do."""
    method, path = str(connection.scope.get("method", "GET")), str(connection.scope["path"])
    if asker.scope == "read" and method not in SAFE:
        raise NotAuthorised("This token is for reading only; make one with the scope `respond`.")
    if asker.scope != "admin" and path.startswith(KEEPING):
        raise NotAuthorised("This token is not for accounts, links and tokens; make one with the scope `admin`.")


async def _require_sight(connection: ASGIConnection[Any, Any, Any, Any], desk: Desk, asker: Asker) -> None:
    """Of every address that names an incident: there is one, and whoever asks may see it. Raises one `NotFound`."""
    named = connection.path_params.get(INCIDENT), connection.query_params.get(INCIDENT)
    for stream in named:
        if stream is not None:
            await desk.sight.find(str(stream), asker.person)


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
    if token.startswith(PREFIX):
        return await _of_api_token(desk, connection, token)
    person = await desk.sessions.whose("token", token, desk.clock.now())
    if person is None or not _is_known(desk, person):
        return None
    wanted = connection.headers.get("x-tocsin-as", person)
    if wanted != person and person != LOCAL:
        raise NotAuthorised("Only the server's own credential may act for somebody else; leave out X-Tocsin-As.")
    if not _is_known(desk, wanted):
        raise NotFound(f"There is no person {wanted[:100]!r} here; there are {name_people(desk)}.")
    people, owner = list(desk.people()), person == LOCAL
    if wanted == LOCAL and len(people) == 1 and not await _has_account(desk, people[0]):
        wanted = people[0]
    elif owner and wanted != LOCAL and await _has_account(desk, wanted):
        raise NotAuthorised(
            f"{wanted} has an account, so nobody else acts in that name. Use a token of {wanted}'s own: `tocsin token "
            "create` for them, then TOCSIN_TOKEN with --url."
        )
    return Asker(person=wanted, via="token", is_owner=owner)


async def _has_account(desk: Desk, person: str) -> bool:
    return desk.accounts is not None and await desk.accounts.find_password(person) is not None


async def _of_api_token(desk: Desk, connection: ASGIConnection[Any, Any, Any, Any], text: str) -> Asker | None:
    found = await desk.accounts.find_token(text, desk.clock.now()) if desk.accounts is not None else None
    if found is None or found.person not in desk.people():
        return None
    if connection.headers.get("x-tocsin-as", found.person) != found.person:
        raise NotAuthorised(f"This token is {found.person}'s, who acts in no other name; leave out X-Tocsin-As.")
    return Asker(person=found.person, via="token", scope=found.scope)


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


def make_cookie(desk: Desk, secret: str, key: str = COOKIE, lasts: timedelta = SESSION_FOR) -> Cookie:
    """The cookie of a session, or another; an empty secret ends it."""
    return Cookie(
        key=key,
        value=secret,
        path="/",
        httponly=True,
        samesite="lax",
        secure=desk.policy.secure_cookies,
        max_age=int(lasts.total_seconds()) if secret else 0,
    )


def provide_asker(request: Request[Any, Any, Any]) -> Asker:
    """The asker whom the guard has let in."""
    asker: Asker = request.scope["user"]
    return asker
