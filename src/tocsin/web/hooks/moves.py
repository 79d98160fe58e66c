"""The addresses of Grafana OnCall and GoAlert, so that a move here changes a name in the DNS; and `[[intake]]`.

Their keys go on working where the team keeps them in ``secrets/TEAM.old-keys``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, RawBody

from tocsin.alert.sources.alertmanager import parse_webhook
from tocsin.alert.sources.mapped import parse_mapped
from tocsin.alert.sources.plain import parse_formatted, parse_goalert, parse_grafana
from tocsin.errors import NotFound
from tocsin.web.desk import Desk
from tocsin.web.hooks.alertmanager import FAILURE, Parse
from tocsin.web.hooks.keys import require_path_key
from tocsin.web.hooks.taking import take

ONCALL = {
    **dict.fromkeys(("alertmanager", "alertmanager_v2", "amixr"), parse_webhook),
    **dict.fromkeys(("grafana", "grafana_alerting", "legacy_grafana_alerting"), parse_grafana),
    **dict.fromkeys(("webhook", "formatted_webhook", "jira", "zabbix", "sentry_platform"), parse_formatted),
}
"""How OnCall calls its kinds of integration, and who reads them here."""


def _say(text: str = "", status: int = 200) -> Response[Any]:
    return Response(text.encode(), status_code=status, media_type=MediaType.TEXT)


@post("/in/{key:str}/grafana", operation_id="postGrafana", status_code=200, media_type="text/plain", responses=FAILURE)
async def take_grafana(
    desk: Given[Desk], key: FromPath[str], request: Request[Any, Any, Any], body: RawBody
) -> Response[bytes]:
    """Grafana's webhook, the one of today or the old one; each alert counts by itself."""
    team = require_path_key(desk, key)
    await take(desk, team, parse_grafana(request.headers, body))
    return _say()


@post(
    "/in/{key:str}/hook/{name:str}",
    operation_id="postMapped",
    status_code=200,
    media_type="text/plain",
    responses=FAILURE,
)
async def take_mapped(desk: Given[Desk], key: FromPath[str], name: FromPath[str], body: RawBody) -> Response[bytes]:
    """JSON of any shape, read as the settings' `[[intake]]` of this name says."""
    team, intake = require_path_key(desk, key), desk.mappings().get(name)
    if intake is None:
        raise NotFound(f"The settings have no [[intake]] named {name[:100]!r}.")
    await take(desk, team, parse_mapped(body, intake))
    return _say()


@post("/integrations/v1/{kind:str}/{key:str}/", status_code=200, include_in_schema=False)
async def take_oncall(
    desk: Given[Desk], kind: FromPath[str], key: FromPath[str], request: Request[Any, Any, Any], body: RawBody
) -> Response[bytes]:
    """What a source sends to Grafana OnCall."""
    team = require_path_key(desk, key)
    parse = ONCALL.get(kind)
    if parse is None:
        raise NotFound(f"There is no integration {kind[:40]!r} here; there are {', '.join(sorted(ONCALL))}.")
    await take(desk, team, parse(request.headers, body))
    return _say("Ok.")


def _find_token(desk: Desk, request: Request[Any, Any, Any]) -> str:
    """The team of GoAlert's key: `token` or `integrationKey` in the address, `key` in old scripts."""
    query = request.query_params
    token = next((query[name] for name in ("token", "integrationKey", "key") if query.get(name)), "")
    return require_path_key(desk, token)


@post("/api/v2/generic/incoming", status_code=204, include_in_schema=False)
async def take_goalert(desk: Given[Desk], request: Request[Any, Any, Any], body: RawBody) -> None:
    """GoAlert's generic message."""
    team = _find_token(desk, request)
    query: Mapping[str, str] = {name: value for name, value in request.query_params.items() if name != "token"}
    await take(desk, team, parse_goalert(request.headers, body, query))


@post("/api/v2/prometheusalertmanager/incoming", status_code=200, include_in_schema=False)
async def take_goalert_webhook(desk: Given[Desk], request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    """Alertmanager's webhook at GoAlert's address."""
    return await _take_by_token(desk, request, parse_webhook, body)


@post("/api/v2/grafana/incoming", status_code=200, include_in_schema=False)
async def take_goalert_grafana(desk: Given[Desk], request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    """Grafana's webhook at GoAlert's address."""
    return await _take_by_token(desk, request, parse_grafana, body)


async def _take_by_token(desk: Desk, request: Request[Any, Any, Any], parse: Parse, body: bytes) -> Response[bytes]:
    team = _find_token(desk, request)
    await take(desk, team, parse(request.headers, body))
    return _say()


HOOKS = [take_grafana, take_mapped, take_oncall, take_goalert, take_goalert_webhook, take_goalert_grafana]
