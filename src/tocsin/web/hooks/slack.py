"""What Slack tells us over HTTP: commands, buttons, forms and events. Nothing is believed unsigned, old or twice."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, RawBody

from tocsin.errors import NotFound
from tocsin.integrations.slack.inbound import read_body, require_signed
from tocsin.integrations.slack.rooms import Slack
from tocsin.web.desk import Desk
from tocsin.web.slack import SlackDesk

MOST_BYTES = 2**20


@post("/hooks/slack/{channel:str}", status_code=200, request_max_body_size=MOST_BYTES)
async def hear_slack(
    desk: Given[Desk],
    slack_desk: Given[SlackDesk],
    request: Request[Any, Any, Any],
    channel: FromPath[str],
    body: RawBody,
) -> Response[Any]:
    """Take it, and answer what Slack shows at once."""
    slack = desk.channels().get(channel)
    if not isinstance(slack, Slack) or not slack.secret:
        raise NotFound("There is no such channel, or it has no `signing_secret_file`.")
    headers = request.headers
    require_signed(
        slack.secret,
        headers.get("x-slack-request-timestamp", ""),
        headers.get("x-slack-signature", ""),
        body,
        desk.clock.now().timestamp(),
        slack_desk.seen,
    )
    asked = read_body(headers.get("content-type", ""), body)
    answer = await slack_desk.answer(slack, asked) if asked is not None else None
    return (
        Response(answer, media_type="application/json")
        if answer is not None
        else Response(b"", media_type="text/plain")
    )


HOOKS = [hear_slack]
