"""One's own account: the password, and tokens for programs."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Response

from tocsin.errors import UserError
from tocsin.web.accounts import LEAST_LENGTH, SCOPES, Entrance
from tocsin.web.auth import make_cookie
from tocsin.web.desk import Desk
from tocsin.web.frame import Frame
from tocsin.web.known import let_in, remember

HERE = "/account"


async def _show(frame: Frame, entrance: Entrance, desk: Desk, refusal: str = "", text: str = "") -> Response[str]:
    now = desk.clock.now()
    tokens = await entrance.list_tokens(frame.asker) if desk.accounts is not None else []
    mine = [each for each in tokens if each.person == frame.asker.person]
    good = [each for each in mine if each.revoked_at is None and each.expires_at > now]
    return frame.show(
        "account.html",
        status_code=400 if refusal else 200,
        has_password=await entrance.has_password(frame.asker.person),
        least=LEAST_LENGTH,
        scopes=SCOPES,
        tokens=good,
        refusal=refusal,
        text=text,
    )


@get(HERE)
async def show_account(frame: Given[Frame], entrance: Given[Entrance], desk: Given[Desk]) -> Response[str]:
    """The screen."""
    return await _show(frame, entrance, desk)


@post("/account/password", status_code=303)
async def set_password(
    frame: Given[Frame], entrance: Given[Entrance], desk: Given[Desk], request: Request[Any, Any, Any]
) -> Response[Any]:
    """Set one's password; every session but this one ends."""
    form = await request.form()
    current, new, again = (str(form.get(name, "")) for name in ("current", "new", "again"))
    address = request.client.host if request.client else ""
    try:
        secret = await entrance.set_password(frame.asker, current, new, again, address)
    except UserError as error:
        return await _show(frame, entrance, desk, refusal=str(error))
    return let_in(HERE, make_cookie(desk, secret), await remember(desk, frame.asker.person, address, ""))


@post("/account/tokens", status_code=200)
async def make_token(
    frame: Given[Frame], entrance: Given[Entrance], desk: Given[Desk], request: Request[Any, Any, Any]
) -> Response[str]:
    """Make a token, and show it this once."""
    form = await request.form()
    name, scope, days = (str(form.get(field, ""))[:200] for field in ("name", "scope", "days"))
    if not name.strip() or not days.isdecimal() or not 1 <= int(days) <= 366:
        return await _show(frame, entrance, desk, refusal="Say what it is for, and for how many days, at most 366.")
    try:
        _, text = await entrance.make_token(frame.asker, frame.asker.person, name, scope, int(days))
    except UserError as error:
        return await _show(frame, entrance, desk, refusal=str(error))
    return await _show(frame, entrance, desk, text=text)


@post("/account/tokens/{token:str}/revoke", status_code=303)
async def revoke_token(frame: Given[Frame], entrance: Given[Entrance], token: FromPath[str]) -> Redirect:
    """End a token."""
    await entrance.revoke(frame.asker, token)
    return Redirect(HERE, status_code=303)
