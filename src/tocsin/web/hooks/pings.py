"""Heartbeats: ``/ping/KEY/NAME`` and behind it `/start`, `/fail`, `/log` or an exit status; and others' addresses.

The shapes are healthchecks.io's. Any of HEAD, GET and POST is a ping: that is what small jobs can send.
"""

from __future__ import annotations

from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, route
from litestar.di import NamedDependency as Given
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from tocsin.alert.heartbeat import MOST_SAID, Word
from tocsin.errors import NotFound
from tocsin.web.desk import Desk
from tocsin.web.failure import FailureBody
from tocsin.web.hooks.keys import find_team, require_path_key

ANY = [HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT]
REFUSALS = {
    404: ResponseSpec(FailureBody, description="No such key or heartbeat."),
    503: ResponseSpec(FailureBody, description="Not now; send it again after the seconds of `Retry-After`."),
}
MOST_STATUS = 255


def read_word(text: str) -> Word:
    """What the end of an address says: a word, or an exit status of which 0 alone is a success. Raises `NotFound`."""
    if text.isascii() and text.isdigit() and int(text[:4]) <= MOST_STATUS:
        return Word.SUCCESS if int(text) == 0 else Word.FAIL
    try:
        return Word(text or "success")
    except ValueError:
        raise NotFound("A ping ends in nothing, /start, /fail, /log or an exit status from 0 to 255.") from None


async def _say(desk: Desk, request: Request[Any, Any, Any], team: str, name: str, text: str) -> Response[bytes]:
    word = read_word(text)
    body = b"" if request.method == "GET" else await request.body()  # HEAD comes as a GET whose body nobody may ask for
    said = body[: 4 * MOST_SAID].decode(errors="replace")
    await desk.engine.beats.ping(team, name, word, f"exit status {text}. {said}" if text.isdigit() else said)
    return Response(b"OK", status_code=200, media_type=MediaType.TEXT)


def _find_old(desk: Desk, key: str) -> tuple[str, str] | None:
    """Team and heartbeat of an address that the team had before."""
    named = find_team({each: "\n".join(found) for each, found in desk.pings().items()}, key)
    if named is None:
        return None
    team, _, name = named.partition("\n")
    return team, name


async def _say_old(desk: Desk, request: Request[Any, Any, Any], key: str) -> Response[bytes]:
    old = _find_old(desk, key)
    if old is None:
        raise NotFound("There is nothing at this address.")
    return await _say(desk, request, *old, "")


async def _say_named(desk: Desk, request: Request[Any, Any, Any], key: str, name: str) -> Response[bytes]:
    """At an old address what follows the key is a word; else it is the heartbeat's name."""
    old = _find_old(desk, key)
    if old is not None:
        return await _say(desk, request, *old, name)
    return await _say(desk, request, require_path_key(desk, key), name, "")


@route("/ping/{key:str}", http_method=ANY, include_in_schema=False)
async def ping_old(desk: Given[Desk], request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """A heartbeat at its old address."""
    return await _say_old(desk, request, key)


@route(
    "/ping/{key:str}/{name:str}",
    http_method=[HttpMethod.POST],
    operation_id="ping",
    status_code=200,
    media_type="text/plain",
    responses=REFUSALS,
)
async def ping(
    desk: Given[Desk], request: Request[Any, Any, Any], key: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """A heartbeat was heard, with what its job printed, if you like. GET and HEAD do the same."""
    return await _say_named(desk, request, key, name)


@route("/ping/{key:str}/{name:str}", http_method=[HttpMethod.GET, HttpMethod.PUT], include_in_schema=False)
async def ping_by_get(
    desk: Given[Desk], request: Request[Any, Any, Any], key: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """As by POST."""
    return await _say_named(desk, request, key, name)


@route(
    "/ping/{key:str}/{name:str}/{word:str}",
    http_method=[HttpMethod.POST],
    operation_id="pingWord",
    status_code=200,
    media_type="text/plain",
    responses=REFUSALS,
)
async def ping_word(
    desk: Given[Desk], request: Request[Any, Any, Any], key: FromPath[str], name: FromPath[str], word: FromPath[str]
) -> Response[bytes]:
    """A heartbeat's job started, failed, said something, or ended with an exit status. GET and HEAD do the same."""
    return await _say(desk, request, require_path_key(desk, key), name, word)


@route("/ping/{key:str}/{name:str}/{word:str}", http_method=[HttpMethod.GET, HttpMethod.PUT], include_in_schema=False)
async def ping_word_by_get(
    desk: Given[Desk], request: Request[Any, Any, Any], key: FromPath[str], name: FromPath[str], word: FromPath[str]
) -> Response[bytes]:
    """As by POST."""
    return await _say(desk, request, require_path_key(desk, key), name, word)


@route("/integrations/v1/{kind:str}/{key:str}/heartbeat/", http_method=ANY, include_in_schema=False)
async def ping_oncall(
    desk: Given[Desk], request: Request[Any, Any, Any], kind: FromPath[str], key: FromPath[str]
) -> Response[bytes]:
    """OnCall's heartbeat of an integration: the one that its old key names, else the one called as the integration."""
    old = _find_old(desk, key)
    team, name = old if old is not None else (require_path_key(desk, key), kind)
    return await _say(desk, request, team, name, "")


@route("/api/v2/heartbeat/{key:str}", http_method=ANY, include_in_schema=False)
async def ping_goalert(desk: Given[Desk], request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """GoAlert's heartbeat, known by its old address."""
    return await _say_old(desk, request, key)


PINGS = [ping_old, ping, ping_by_get, ping_word, ping_word_by_get, ping_oncall, ping_goalert]
