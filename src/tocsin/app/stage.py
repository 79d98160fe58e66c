"""The demo's world as the server's screens see it: requests to the stage that the demo's own process serves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tocsin.errors import Conflict, Unavailable

TIMEOUT_S = 30.0
STAGE_FILE = "TOCSIN_STAGE"
"""The environment variable that tells a server in which file the stage's address lies."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stage is and what opens it; handed over in a file that only the owner can read.

    `signin` is what somebody types for another link into the server, `pid` the demo's own process.
    """

    url: str
    token: str
    pid: int
    signin: str = ""


class RemoteStage:
    """The stage, over loopback."""

    def __init__(self, address: Address) -> None:
        headers = {"Authorization": f"Bearer {address.token}"}
        self.signin, self.pid = address.signin, address.pid
        self._http = httpx.AsyncClient(base_url=address.url, headers=headers, timeout=TIMEOUT_S)

    async def state(self) -> dict[str, Any]:
        """Everything there is to see."""
        return await self._ask("GET", "/state")

    async def break_it(self) -> dict[str, Any]:
        """Break the world."""
        return await self._ask("POST", "/break")

    async def reset(self) -> dict[str, Any]:
        """Put the world in order."""
        return await self._ask("POST", "/heal-reset")

    async def kill_server(self) -> dict[str, Any]:
        """Kill the server that asks this."""
        return await self._ask("POST", "/kill")

    async def _ask(self, method: str, path: str) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, path)
        except httpx.HTTPError as error:
            raise Unavailable("The demo's world does not answer; start the demo again.") from error
        found: dict[str, Any] = answer.json()
        if answer.status_code == 409:
            raise Conflict(str(found.get("error")))
        if not answer.is_success:
            raise Unavailable(str(found.get("error")))
        return found


def read_stage(environment: Mapping[str, str]) -> RemoteStage | None:
    """The stage that the demo's own process says it has; null where this is no demo."""
    path = environment.get(STAGE_FILE)
    if not path or not Path(path).is_file():
        return None
    return RemoteStage(msgspec.json.decode(Path(path).read_bytes(), type=Address))
