"""Socket Mode: Slack speaks to us over a connection that we have opened, so that nothing of ours faces the internet.

Each envelope is acknowledged by its id, with the answer where there is one. A connection that Slack closes for a fresh
one, or that breaks, is opened again; a wrong token is tried again too, ever more rarely, and said in the log.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from tocsin.errors import OutsideError
from tocsin.integrations.slack.calls import Calls
from tocsin.integrations.slack.inbound import Inbound, Seen, read_event, read_interaction, read_slash

LOG = logging.getLogger("tocsin.slack")
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
MOST_BYTES = 2**20
Answer = Callable[[Inbound], Awaitable[dict[str, Any] | None]]


class SocketMode:
    """Listens on one app's connection. `answer` takes what came and gives what Slack is told, if anything."""

    def __init__(self, app_token: str, api: str, answer: Answer) -> None:
        self._calls, self._answer, self._seen = Calls(app_token, api), answer, Seen()
        self.is_open = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        wait = FIRST_WAIT_S
        while True:
            try:
                await self._listen()
                wait = FIRST_WAIT_S
            except Exception as error:  # noqa: BLE001 whatever broke, it is opened again
                LOG.warning("Slack's socket is not open (%s); again in %g s.", _spell(error), wait)
                self.is_open.clear()
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)

    async def _listen(self) -> None:
        """One connection, until Slack ends it."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosedOK

        opened = await self._calls.call("apps_connections_open", app_token=self._calls.token)
        async with connect(str(opened["url"]), max_size=MOST_BYTES, proxy=None) as socket:
            try:
                async for text in socket:
                    envelope = _decode(text)
                    kind = envelope.get("type")
                    if kind == "hello":
                        self.is_open.set()
                    elif kind == "disconnect":
                        return
                    elif envelope.get("envelope_id"):
                        await socket.send(json.dumps(await self._take(envelope)))
            except ConnectionClosedOK:
                return
            finally:
                self.is_open.clear()

    async def _take(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgement of an envelope; one that came before is acknowledged and no more."""
        name = str(envelope["envelope_id"])
        told = {"envelope_id": name}
        try:
            found = _read(envelope) if self._seen.is_new(name) else None
            answer = await self._answer(found) if found is not None else None
        except Exception:  # one bad envelope must not end the listening
            LOG.exception("What came over Slack's socket could not be taken.")
            return told
        return {**told, "payload": answer} if answer else told


def _decode(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read(envelope: dict[str, Any]) -> Inbound | None:
    payload = envelope.get("payload")
    if not isinstance(payload, dict):
        return None
    match envelope.get("type"):
        case "slash_commands":
            return read_slash(payload)
        case "interactive":
            return read_interaction(payload)
        case "events_api":
            return read_event(payload)
    return None


def _spell(error: Exception) -> str:
    """Without an address, in which Slack's ticket stands."""
    return str(error) if isinstance(error, OutsideError) else type(error).__name__
