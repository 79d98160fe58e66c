"""The short way in for alerts: `POST …/api/v2/alerts` without a framework's cost, where nothing is unusual.

Same addresses, same keys, same answers. Whatever is not plainly right (a key that nobody has, a web page's request, a
body that cannot be read) is handed on untouched to the ordinary way (`alertmanager.py`), which says what is wrong: what
has been read of the body is given to it again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tocsin.alert.sources.posted import Unusual, read_posts
from tocsin.errors import Conflict, TocsinError, Unavailable
from tocsin.web.desk import Desk
from tocsin.web.failure import RETRY_AFTER
from tocsin.web.hooks.keys import find_team, may_do_without_key

LOG = logging.getLogger("tocsin.web")

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

PATH, KEYED = "/api/v2/alerts", "/in/"
KEY_END = len(KEYED) + 32
ASKED = frozenset((b"authorization", b"host", b"origin", b"sec-fetch-site"))
MOST_READING = 64 * 2**20
"""Bytes of bodies that are being read or taken in; more are told to come again."""


class FastIntake:
    """Takes what it can, and hands on the rest."""

    def __init__(self, desk: Desk, app: App, headers: dict[bytes, bytes]) -> None:
        self._desk, self._app = desk, app
        self._reading = 0
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"0"), *headers.items()]
        self._start = {"type": "http.response.start", "status": 200, "headers": plain}
        self._body = {"type": "http.response.body", "body": b""}
        self._headers = list(headers.items())

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """One connection's next request, or anything else that a server asks of an application."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(PATH):
            await self._app(scope, receive, send)
            return
        entry = self._find_entry(scope)
        if entry is None:
            await self._app(scope, receive, send)
            return
        await self._take(entry[0], scope, receive, send)

    def _find_entry(self, scope: Any) -> tuple[str | None] | None:
        """The team whose key it is (null inside: none is needed); null where the ordinary way must say."""
        path, headers = scope["path"], _read_headers(scope["headers"])
        if headers is None:
            return None
        if path.startswith(KEYED):
            team = find_team(self._desk.keys(), path[len(KEYED) : KEY_END]) if path[KEY_END:] == PATH else None
            return None if team is None else (team,)
        if path != PATH:
            return None
        scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        team = find_team(self._desk.keys(), key.strip()) if scheme.lower() == "bearer" else None
        if team is not None:
            return (team,)
        if key or scheme or not self._desk.policy.open_intake or not may_do_without_key(self._desk, headers):
            return None
        return (None,)

    async def _take(self, team: str | None, scope: Any, receive: Receive, send: Send) -> None:
        chunks: list[Any] = []
        try:
            if self._reading > MOST_READING:
                raise Unavailable("More is coming in than can be written down; send it again in a moment.")
            size = await self._read(receive, chunks)
            if size < 0 or size > self._desk.policy.most_body:
                await self._app(scope, _again(chunks, receive), send)
                return
            body = chunks[0]["body"] if len(chunks) == 1 else b"".join(each.get("body", b"") for each in chunks)
            await self._desk.engine.intake.receive_posts(team, read_posts(body))
        except Unusual:
            await self._app(scope, _again(chunks, receive), send)
        except (Conflict, Unavailable) as error:
            await self._fail(send, 503, str(error))
        except TocsinError:
            LOG.exception("Alerts could not be taken in")
            await self._fail(send, 500, "tocsin failed at this; its log says more. Try again.")
        else:
            await send(self._start)
            await send(self._body)
        finally:
            self._reading -= sum(len(each.get("body", b"")) for each in chunks)

    async def _read(self, receive: Receive, chunks: list[Any]) -> int:
        """How much there is, as far as it was read; -1 for a client that has gone."""
        size = 0
        while True:
            message = await receive()
            chunks.append(message)
            if message["type"] != "http.request":
                return -1
            size += len(message.get("body", b""))
            self._reading += len(message.get("body", b""))
            if not message.get("more_body", False) or size > self._desk.policy.most_body:
                return size

    async def _fail(self, send: Send, status: int, sentence: str) -> None:
        body = msgspec.json.encode(sentence)
        own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if status == 503:
            own.append((b"retry-after", RETRY_AFTER.encode()))
        await send({"type": "http.response.start", "status": status, "headers": own + self._headers})
        await send({"type": "http.response.body", "body": body})


def _read_headers(given: list[tuple[bytes, bytes]]) -> dict[bytes, bytes] | None:
    """Those of the headers that matter here; null where one of them is there twice."""
    found: dict[bytes, bytes] = {}
    for name, value in given:
        if name in ASKED:
            if name in found:
                return None
            found[name] = value
    return found


def _again(chunks: list[Any], receive: Receive) -> Receive:
    """What was read, then what comes."""
    left = iter(chunks)

    async def replay() -> Any:
        message = next(left, None)
        return await receive() if message is None else message

    return replay
