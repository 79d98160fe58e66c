"""Alerts in, as Alertmanager takes them: its API v2 and its webhook of version 4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.di import NamedDependency as Given
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, RawBody

from tocsin.alert.signal import Batch
from tocsin.alert.sources.alertmanager import parse_alerts, parse_webhook
from tocsin.errors import BadInput, Conflict, Unavailable
from tocsin.web.desk import Desk
from tocsin.web.failure import FailureBody
from tocsin.web.hooks.keys import require_bearer_key, require_path_key

Parse = Callable[[Mapping[str, str], bytes], Batch]
MOST_TOLD = 20
SENTENCE = {
    400: ResponseSpec(str, description="What cannot be read, and why; the good alerts of the batch were kept."),
    413: ResponseSpec(str, description="Too large."),
    503: ResponseSpec(str, description="Not now; send it again."),
}
FAILURE = {status: ResponseSpec(FailureBody, description=str(spec.description)) for status, spec in SENTENCE.items()}


async def take_in(
    desk: Desk, team: str | None, request: Request[Any, Any, Any], parse: Parse, body: bytes
) -> Response[bytes]:
    """Keep what can be read, then complain about the rest. Committed when it returns."""
    batch = parse(request.headers, body)
    try:
        await desk.engine.intake.receive(team, batch.signals)
    except Conflict as error:
        raise Unavailable(str(error)) from error
    if batch.errors:
        left = f" … and {len(batch.errors) - MOST_TOLD} more" if len(batch.errors) > MOST_TOLD else ""
        raise BadInput(" ".join(batch.errors[:MOST_TOLD]) + left)
    return Response(b"", media_type=MediaType.TEXT)


@post(
    "/in/{key:str}/api/v2/alerts",
    operation_id="postAlerts",
    status_code=200,
    media_type="text/plain",
    tags=["alerts"],
    responses=SENTENCE,
)
async def take_alerts(
    desk: Given[Desk], key: FromPath[str], request: Request[Any, Any, Any], body: RawBody
) -> Response[bytes]:
    """Alerts in Alertmanager's API v2, as Prometheus and its like post them; the key in the address names the team."""
    return await take_in(desk, require_path_key(desk, key), request, parse_alerts, body)


@post(
    "/api/v2/alerts",
    operation_id="postAlertsWithBearer",
    status_code=200,
    media_type="text/plain",
    tags=["alerts"],
    security=[{"intake": []}],
    responses={401: ResponseSpec(str, description="No key, or an unknown one."), **SENTENCE},
)
async def take_alerts_by_header(desk: Given[Desk], request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    """Alerts in Alertmanager's API v2; the bearer token is a team's intake key."""
    return await take_in(desk, require_bearer_key(desk, request), request, parse_alerts, body)


@post(
    "/in/{key:str}/alertmanager",
    operation_id="postWebhook",
    status_code=200,
    media_type="text/plain",
    tags=["alerts"],
    responses=FAILURE,
)
async def take_webhook(
    desk: Given[Desk], key: FromPath[str], request: Request[Any, Any, Any], body: RawBody
) -> Response[bytes]:
    """Alertmanager's (or Grafana's) webhook, version 4."""
    return await take_in(desk, require_path_key(desk, key), request, parse_webhook, body)
