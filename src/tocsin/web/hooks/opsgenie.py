"""Alerts as Opsgenie takes them: the key in ``Authorization: GenieKey KEY`` is a team's intake key."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec
from litestar import HttpMethod, Request, Response, Router, get, post, route
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, PathParameter, RawBody

from tocsin.alert.heartbeat import Word
from tocsin.alert.sources.opsgenie import parse_act, parse_creation
from tocsin.errors import Conflict, NotSignedIn, Unavailable, UserError
from tocsin.web.desk import Desk
from tocsin.web.failure import RETRY_AFTER, answer_failure
from tocsin.web.hooks.keys import find_team
from tocsin.web.hooks.taking import take

WILL = "Request will be processed"


class Accepted(msgspec.Struct, frozen=True, rename="camel"):
    """It was taken in."""

    request_id: str
    result: str = WILL
    took: float = 0.0


class Pinged(msgspec.Struct, frozen=True, rename="camel"):
    """A heartbeat was heard."""

    request_id: str
    result: str = "PONG - Heartbeat received"
    took: float = 0.0


class Told(msgspec.Struct, frozen=True, rename="camel"):
    """It was not taken in, and why."""

    message: str
    request_id: str
    took: float = 0.0


class Done(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What became of a request: it was done before it was answered."""

    success: bool = True
    is_success: bool = True
    action: str = ""
    status: str = ""
    alert_id: str = ""
    alias: str = ""


class DoneBody(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a request."""

    data: Done
    request_id: str
    took: float = 0.0


REFUSALS = {
    401: ResponseSpec(Told, description="No key, or an unknown one."),
    413: ResponseSpec(Told, description="Too large."),
    422: ResponseSpec(Told, description="What is wrong with the alert."),
    429: ResponseSpec(Told, description="Not now; send it again."),
}


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Every error in Opsgenie's shape."""
    fresh = str(uuid.uuid4())
    if isinstance(error, Unavailable | Conflict):
        headers = {"Retry-After": RETRY_AFTER}
        return Response(Told(str(error), fresh), status_code=429, headers=headers)
    if isinstance(error, UserError):
        return Response(Told(str(error), fresh), status_code=422 if error.status == 400 else error.status)
    if isinstance(error, HTTPException) and error.status_code == 413:
        return Response(Told("The alert is too large.", fresh), status_code=413)
    return answer_failure(request, error)


async def provide_genie_team(desk: Given[Desk], request: Request[Any, Any, Any]) -> str:
    """The team of the key in the header. Raises `NotSignedIn`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    team = find_team(desk.keys(), key.strip()) if scheme.lower() == "geniekey" else None
    if team is None:
        raise NotSignedIn("Send `Authorization: GenieKey KEY` with a team's intake key.")
    return team


Alias = Annotated[str, PathParameter(max_length=512, description="The alert's alias.")]


@post("/alerts", operation_id="createGenieAlert", status_code=202, responses=REFUSALS)
async def create_alert(desk: Given[Desk], genie_team: Given[str], body: RawBody) -> Accepted:
    """An alert fires, in Opsgenie's format."""
    fresh = str(uuid.uuid4())
    _, batch = parse_creation({}, body, fresh)
    await take(desk, genie_team, batch)
    return Accepted(fresh)


async def _act(desk: Desk, team: str, alias: str, verb: str, body: bytes) -> Accepted:
    await take(desk, team, parse_act({}, body, alias, verb))
    return Accepted(str(uuid.uuid4()))


@post("/alerts/{alias:str}/close", operation_id="closeGenieAlert", status_code=202, responses=REFUSALS)
async def close_alert(desk: Given[Desk], genie_team: Given[str], alias: FromPath[Alias], body: RawBody) -> Accepted:
    """The alert is over."""
    return await _act(desk, genie_team, alias, "close", body)


@post("/alerts/{alias:str}/acknowledge", operation_id="acknowledgeGenieAlert", status_code=202, responses=REFUSALS)
async def acknowledge_alert(
    desk: Given[Desk], genie_team: Given[str], alias: FromPath[Alias], body: RawBody
) -> Accepted:
    """Somebody has taken the incident of the alert."""
    return await _act(desk, genie_team, alias, "acknowledge", body)


@post("/alerts/{alias:str}/notes", operation_id="noteGenieAlert", status_code=202, responses=REFUSALS)
async def note_alert(desk: Given[Desk], genie_team: Given[str], alias: FromPath[Alias], body: RawBody) -> Accepted:
    """A remark for the incident of the alert."""
    return await _act(desk, genie_team, alias, "notes", body)


@get("/alerts/requests/{asked:str}", operation_id="readGenieRequest", responses=REFUSALS)
async def read_request(genie_team: Given[str], asked: FromPath[str]) -> DoneBody:
    """What became of a request: whatever was answered with 202 had been done by then."""
    return DoneBody(Done(status="Done."), asked)


@route(
    "/heartbeats/{name:str}/ping",
    http_method=[HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH],
    status_code=202,
    include_in_schema=False,
)
async def ping_heartbeat(desk: Given[Desk], genie_team: Given[str], name: FromPath[str]) -> Pinged:
    """A heartbeat of the team, by its name in the settings."""
    await desk.engine.beats.ping(genie_team, name, Word.SUCCESS)
    return Pinged(str(uuid.uuid4()))


def make_router() -> Router:
    """The addresses, with errors in their own shape."""
    return Router(
        "/v2",
        route_handlers=[create_alert, close_alert, acknowledge_alert, note_alert, read_request, ping_heartbeat],
        dependencies={"genie_team": Provide(provide_genie_team)},
        tags=["alerts"],
        security=[{"genie": []}],
        exception_handlers={Exception: answer},
    )
