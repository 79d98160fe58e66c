"""Signing in by a one-time link. Opening the link only shows a button; pressing it uses the link up.

A used link is no dead end: whoever is signed in already is led to where it would have led, and everybody else is told
what to type for another.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Response

from tocsin.errors import NotSignedIn, TooOften
from tocsin.web.accounts import Entrance
from tocsin.web.auth import COOKIE, SESSION_FOR, find_signed_in, make_cookie, require_same_origin
from tocsin.web.desk import Desk
from tocsin.web.frame import show_public
from tocsin.web.known import KNOWN_COOKIE, let_in, remember
from tocsin.web.library import Library


@get("/signin")
async def show_password(desk: Given[Desk], to: Annotated[str, QueryParameter(max_length=500)] = "/") -> Response[str]:
    """Name and password."""
    return show_public("signin_password.html", to=_local(to), refusal="", command=desk.signin)


@post("/signin", status_code=303)
async def sign_in_by_password(
    desk: Given[Desk], entrance: Given[Entrance], request: Request[Any, Any, Any]
) -> Response[Any]:
    """Begin a session. A foreign page cannot do this in somebody's browser."""
    require_same_origin(request, desk)
    form = await request.form()
    name, password, to = (str(form.get(field, "")) for field in ("name", "password", "to"))
    address = request.client.host if request.client else ""
    try:
        known = request.cookies.get(KNOWN_COOKIE, "")
        person, secret = await entrance.sign_in(name, password, address, known)
    except (NotSignedIn, TooOften) as error:
        shown = {"to": _local(to), "refusal": str(error), "command": desk.signin}
        return show_public("signin_password.html", status_code=error.status, **shown)
    return let_in(_local(to), make_cookie(desk, secret), await remember(desk, person, address, known))


@get("/signin/{secret:str}")
async def show_signin(
    desk: Given[Desk],
    library: Given[Library],
    secret: FromPath[str],
    request: Request[Any, Any, Any],
    go: Annotated[str, QueryParameter(max_length=10)] = "",
    to: Annotated[str, QueryParameter(max_length=500)] = "/",
) -> Response[Any]:
    """One button; `go` presses it by itself, `to` is where it leads."""
    person = await desk.sessions.whose("link", secret, desk.clock.now())
    if person is None:
        return await _turn_away(desk, request, to)
    return show_public("signin.html", name=library.name(person), go=bool(go), to=_local(to))


@post("/signin/{secret:str}", status_code=303)
async def sign_in(
    desk: Given[Desk], entrance: Given[Entrance], secret: FromPath[str], request: Request[Any, Any, Any]
) -> Response[Any]:
    """Use the link up and begin a session."""
    if request.headers.get("origin") or request.headers.get("sec-fetch-site"):
        require_same_origin(request, desk)
    given = (await request.form()).get("to", "/")
    to, now = given if isinstance(given, str) else "/", desk.clock.now()
    person = await desk.sessions.spend("link", secret, now)
    if person is None:
        return await _turn_away(desk, request, to)
    await entrance.note("signed in", person, detail="by a link")
    session = await desk.sessions.begin("session", person, now + SESSION_FOR)
    address = request.client.host if request.client else ""
    known = await remember(desk, person, address, request.cookies.get(KNOWN_COOKIE, ""))
    return let_in(_local(to), make_cookie(desk, session), known)


async def _turn_away(desk: Desk, request: Request[Any, Any, Any], to: str) -> Response[Any]:
    """The link is used up or over: on for whoever needs none, a way out for everybody else."""
    if await find_signed_in(desk, request) is not None:
        return Redirect(_local(to), status_code=303, headers={"Cache-Control": "no-store"})
    return show_public("signin_over.html", status_code=404, command=desk.signin)


@post("/signout", status_code=303)
async def sign_out(desk: Given[Desk], entrance: Given[Entrance], request: Request[Any, Any, Any]) -> Redirect:
    """End the session."""
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        raise NotSignedIn("Nobody is signed in here.")
    require_same_origin(request, desk)
    person = await desk.sessions.whose("session", secret, desk.clock.now())
    await desk.sessions.end(secret)
    if person is not None:
        await entrance.note("signed out", person)
    return Redirect("/", status_code=303, cookies=[make_cookie(desk, "")])


def _local(to: str) -> str:
    """A place on this server; anything else leads to the start."""
    is_local = to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to if is_local else "/"
