"""Events as PagerDuty takes them: point a client's base URL here, and let its routing key be a team's intake key.

Overload is answered with 429, which PagerDuty's own clients try again for ever; to 503 they give up after six tries.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.di import NamedDependency as Given
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec
from litestar.params import RawBody

from tocsin.alert.sources.pagerduty import InvalidEvent, Parsed, parse_change, parse_event, parse_old_event
from tocsin.errors import Conflict, NotFound, Unavailable, UserError
from tocsin.web.desk import Desk
from tocsin.web.failure import RETRY_AFTER, answer_failure
from tocsin.web.hooks.keys import require_path_key
from tocsin.web.hooks.taking import take

INVALID = "Event object is invalid"


class Processed(msgspec.Struct, frozen=True):
    """An event was taken in; `dedup_key` names its alert from now on."""

    dedup_key: str
    status: str = "success"
    message: str = "Event processed"


class Noted(msgspec.Struct, frozen=True):
    """A change event was taken in."""

    status: str = "success"
    message: str = "Change event processed"


class OldProcessed(msgspec.Struct, frozen=True):
    """An event of version 1 was taken in; `incident_key` names its alert from now on."""

    incident_key: str
    status: str = "success"
    message: str = "Event processed"


class Refused(msgspec.Struct, frozen=True):
    """An event was not taken in, and why."""

    status: str
    message: str
    errors: tuple[str, ...] = ()


REFUSALS = {
    400: ResponseSpec(Refused, description="What is wrong with the event."),
    413: ResponseSpec(Refused, description="Too large."),
    429: ResponseSpec(Refused, description="Not now; send it again."),
}


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Every error in PagerDuty's shape."""
    if isinstance(error, Unavailable | Conflict):
        headers = {"Retry-After": RETRY_AFTER}
        return Response(Refused("throttle exceeded", str(error)), status_code=429, headers=headers)
    if isinstance(error, InvalidEvent):
        return Response(Refused("invalid event", INVALID, error.errors), status_code=400)
    if isinstance(error, NotFound):
        text = "`routing_key` is no team's intake key here."
        return Response(Refused("invalid event", INVALID, (text,)), status_code=400)
    if isinstance(error, UserError):
        return Response(Refused("invalid event", INVALID, (str(error),)), status_code=error.status)
    if isinstance(error, HTTPException) and error.status_code == 413:
        return Response(Refused("invalid event", "The event is too large."), status_code=413)
    return answer_failure(request, error)


async def _take(desk: Desk, parsed: Parsed) -> str:
    team = require_path_key(desk, parsed.routing_key)
    await take(desk, team, parsed.batch)
    return parsed.dedup_key


@post("/v2/enqueue", operation_id="enqueueEvent", status_code=202, responses=REFUSALS)
async def enqueue_event(desk: Given[Desk], body: RawBody) -> Processed:
    """An event in PagerDuty's Events API v2: trigger, acknowledge or resolve. `routing_key` is an intake key."""
    return Processed(await _take(desk, parse_event({}, body, uuid.uuid4().hex)))


@post("/v2/change/enqueue", operation_id="enqueueChange", status_code=202, responses=REFUSALS)
async def enqueue_change(desk: Given[Desk], body: RawBody) -> Noted:
    """A change event in PagerDuty's format: it pages nobody, and stands in the rooms as what changed."""
    await _take(desk, parse_change({}, body))
    return Noted()


@post("/generic/2010-04-15/create_event.json", operation_id="createOldEvent", status_code=200, responses=REFUSALS)
async def create_event(desk: Given[Desk], body: RawBody) -> OldProcessed:
    """An event in PagerDuty's Events API v1, as old scripts send it. `service_key` is an intake key."""
    return OldProcessed(await _take(desk, parse_old_event({}, body, uuid.uuid4().hex)))


def make_router() -> Router:
    """The addresses, with errors in their own shape."""
    return Router(
        "/",
        route_handlers=[enqueue_event, enqueue_change, create_event],
        tags=["alerts"],
        exception_handlers={Exception: answer},
    )
