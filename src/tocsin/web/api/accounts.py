"""Tokens for programs, and who came and went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from tocsin.store.accounts import ApiToken
from tocsin.timeline.tell import tell
from tocsin.web.accounts import MOST_DAYS, Entrance
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import Body, Name
from tocsin.web.library import Library
from tocsin.web.views.scene import clean


class TokenBody(Body, frozen=True, kw_only=True):
    """`name` says what it is for, `scope` what it may do: `read`, `respond` or `admin`. `person`: whose (default: own).

    It ends after `days`.
    """

    name: Name
    scope: Annotated[str, Meta(max_length=50)] = "read"
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)] = 90
    person: Name | None = None


class MadeToken(msgspec.Struct, frozen=True):
    """A new token: `text` is what a program sends as its bearer token, and is never shown again."""

    text: str
    token: ApiToken


class Noted(msgspec.Struct, frozen=True):
    """Somebody came, went, or was given a way in."""

    at: datetime
    person: str
    text: str


@post("/tokens", operation_id="makeToken", tags=["teams"], responses=describe_failures(400, 403, 404))
async def make_token(entrance: Given[Entrance], asker: Given[Asker], data: JSONBody[TokenBody]) -> MadeToken:
    """Make a token for a program, which then acts in that person's name, within its scope."""
    made, text = await entrance.make_token(asker, data.person or asker.person, data.name, data.scope, data.days)
    return MadeToken(text, made)


@get("/tokens", operation_id="listTokens", tags=["teams"], responses=describe_failures(404))
async def list_tokens(entrance: Given[Entrance], asker: Given[Asker]) -> list[ApiToken]:
    """One's own tokens, without their secrets."""
    return await entrance.list_tokens(asker)


@post(
    "/tokens/{token:str}/revoke",
    operation_id="revokeToken",
    status_code=200,
    tags=["teams"],
    responses=describe_failures(404),
)
async def revoke_token(entrance: Given[Entrance], asker: Given[Asker], token: FromPath[str]) -> ApiToken:
    """End a token, from now on."""
    return await entrance.revoke(asker, token)


@post(
    "/accounts/{person:str}/forget",
    operation_id="forgetAccount",
    status_code=204,
    tags=["teams"],
    responses=describe_failures(403, 404),
)
async def forget_account(entrance: Given[Entrance], asker: Given[Asker], person: FromPath[str]) -> None:
    """Take somebody's password, sessions and tokens away. For the server's own credential."""
    await entrance.forget(asker, person)


@post(
    "/accounts/{person:str}/unblock",
    operation_id="unblockAccount",
    status_code=204,
    tags=["teams"],
    responses=describe_failures(403, 404),
)
async def unblock_account(entrance: Given[Entrance], asker: Given[Asker], person: FromPath[str]) -> None:
    """Let whoever was tried at too often sign in again at once. For the server's own credential."""
    await entrance.unblock(asker, person)


@get("/access", operation_id="readAccess", tags=["teams"], responses=describe_failures(403, 404))
async def read_access(entrance: Given[Entrance], library: Given[Library], asker: Given[Asker]) -> list[Noted]:
    """Who came and went, the last first. For those who administer."""
    entries = await entrance.read(asker)
    return [
        Noted(entry.at, str(getattr(entry.event, "person", "")), clean(tell(entry.event, library.name), 500))
        for entry in entries
    ]
