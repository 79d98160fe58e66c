"""The sockets over which Slack speaks to this server: one for each channel with an app token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from tocsin.integrations.slack.inbound import Inbound
from tocsin.integrations.slack.rooms import Slack
from tocsin.integrations.slack.socket import SocketMode
from tocsin.web.acts import Acts
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.slack import SlackDesk

LOOK_EVERY_S = 2.0


async def keep_listening(desk: Desk, channels: Callable[[], Mapping[str, object]]) -> None:
    """Listen until cancelled; a socket whose settings have changed is opened anew."""
    library = Library(desk)
    slack_desk = SlackDesk(desk, library, Acts(desk, library))
    sockets: dict[Slack, asyncio.Task[None]] = {}
    try:
        while True:
            wanted = [each for each in channels().values() if isinstance(each, Slack) and each.app_token]
            for gone in [each for each in sockets if each not in wanted]:
                sockets.pop(gone).cancel()
            for each in wanted:
                if each not in sockets:
                    sockets[each] = asyncio.create_task(_open(each, slack_desk).run())
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        for task in sockets.values():
            task.cancel()
        await asyncio.gather(*sockets.values(), return_exceptions=True)


def _open(slack: Slack, slack_desk: SlackDesk) -> SocketMode:
    async def answer(asked: Inbound) -> dict[str, object] | None:
        return await slack_desk.answer(slack, asked)

    return SocketMode(slack.app_token, slack.settings.api, answer)
