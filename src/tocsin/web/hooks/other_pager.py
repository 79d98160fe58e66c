"""What another pager tells of its own incidents, for the report of the shadow mode: PagerDuty's webhooks, version 3."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Response, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, RawBody

from tocsin.engine.shadow import take_down
from tocsin.review.other_pager import parse_webhook
from tocsin.web.desk import Desk
from tocsin.web.hooks.keys import require_path_key
from tocsin.web.hooks.taking import SENTENCES


@post(
    "/in/{key:str}/other-pager",
    operation_id="tellOtherPager",
    status_code=200,
    media_type="text/plain",
    responses={400: SENTENCES[400], 413: SENTENCES[413]},
)
async def take_other_pager(desk: Given[Desk], key: FromPath[str], body: RawBody) -> Response[Any]:
    """A PagerDuty webhook (version 3) about an incident there. It is kept while the team is in shadow mode."""
    team = require_path_key(desk, key)
    act = parse_webhook(body)
    if act is not None:
        await take_down(desk.engine.journal, team, act)
    return Response(b"", media_type=MediaType.TEXT)
