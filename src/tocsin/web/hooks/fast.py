"""The short way in for alerts: `POST …/api/v2/alerts` without a framework's cost, where nothing is unusual.

Same addresses, same keys, same answers. Whatever is not plainly right (a key that nobody has, a web page's request, a
body that cannot be read) is handed on untouched to the ordinary way (`alertmanager.py`), which says what is wrong: what
has been read of the body is given to it again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from tocsin.alert.sources.posted import Unusual, read_posts
from tocsin.engine.lane import Receipt
from tocsin.errors import Conflict, TocsinError, Unavailable
from tocsin.web.desk import Desk
from tocsin.web.failure import RETRY_AFTER
from tocsin.web.hooks.keys import find_team, may_do_without_key

LOG = logging.getLogger("tocsin.web")

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Pairs = list[tuple[bytes, bytes]]

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
        self._plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"0"), *headers.items()]
        self._start = {"type": "http.response.start", "status": 200, "headers": self._plain}
        self._body = {"type": "http.response.body", "body": b""}
        self._headers = list(headers.items())
        self._dressing: Pairs = []
        self._spelt = b""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """One connection's next request, or anything else that a server asks of an application."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(PATH):
            await self._app(scope, receive, send)
            return
        entry = self.find_entry(scope["path"], scope["headers"])
        if entry is None:
            await self._app(scope, receive, send)
            return
        await self._take(entry[0], scope, receive, send)

    def find_entry(self, path: str, given: Pairs) -> tuple[str | None] | None:
        """The team whose key it is (null inside: none is needed); null where the ordinary way must say."""
        headers = _read_headers(given)
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
        headers, body = self._say(status, sentence)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _say(self, status: int, sentence: str) -> tuple[Pairs, bytes]:
        body = msgspec.json.encode(sentence)
        own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if status == 503:
            own.append((b"retry-after", RETRY_AFTER.encode()))
        return own + self._headers, body

    # ── for requests that are read off the wire (`direct.py`) ──────────────────────────────────────────────────────

    def keys(self) -> Mapping[str, str]:
        """The intake keys, as they are now."""
        return self._desk.keys()

    def has_room(self, size: int) -> bool:
        """Whether a body of that size may be taken in now."""
        return size <= self._desk.policy.most_body and self._reading <= MOST_READING

    def note_reading(self, size: int) -> None:
        """So much more is being taken in; less, where it is below zero."""
        self._reading += size

    def begin(self, team: str | None, body: memoryview) -> Receipt:
        """Take in what a look-up is enough for, and begin with the rest. Raises `Unusual`, and `Unavailable`."""
        intake = self._desk.engine.intake
        if not intake.is_ready:
            raise Unusual
        return intake.begin_posts(team, read_posts(body))

    async def settle(self, receipt: Receipt) -> None:
        """Wait until it is taken in; the receipt says how that went."""
        try:
            await self._desk.engine.intake.settle(receipt)
        except Exception as error:
            if not isinstance(error, Unavailable):
                LOG.exception("Alerts could not be taken in")
            receipt.failed = receipt.failed or 1
            receipt.beats.clear()

    def spell(self, dressing: Pairs, receipt: Receipt, *, is_last: bool = False) -> bytes:
        """The answer as it goes over the wire, with the server's own headers before ours."""
        if not receipt.failed and not is_last:
            if dressing is not self._dressing:
                self._dressing, self._spelt = dressing, _spell(200, dressing + self._plain, b"")
            return self._spelt
        headers, body, status = self._plain, b"", 200
        try:
            receipt.check()
        except Unavailable as error:
            status = 503
            headers, body = self._say(status, str(error))
        return _spell(status, [*dressing, *headers, *([(b"connection", b"close")] if is_last else [])], body)


def _spell(status: int, headers: Pairs, body: bytes) -> bytes:
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    return first + b"".join(b"%b: %b\r\n" % pair for pair in headers) + b"\r\n" + body


def _read_headers(given: Pairs) -> dict[bytes, bytes] | None:
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
