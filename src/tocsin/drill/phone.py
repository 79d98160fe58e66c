"""Where a drill's pages arrive: a webhook address on loopback that keeps the newest ones, for a screen to draw."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import msgspec

from tocsin.drill.wire import Answer, Listener, Request, refuse

KEPT = 50
PAGE_LIMIT = 32 * 1024


class Received(msgspec.Struct, frozen=True):
    """One page as it came: when, under which idempotency key (empty if none) and what it said."""

    at: datetime
    key: str
    content: Any


class Phone:
    """A webhook receiver. Use it as ``async with Phone() as phone`` and give ``phone.url`` to whoever pages."""

    def __init__(self, *, port: int = 0, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._path = f"/page/{secrets.token_hex(8)}"
        self._pages: deque[Received] = deque(maxlen=KEPT)
        self._listener = Listener(self._respond, port=port, body_limit=PAGE_LIMIT)

    @property
    def url(self) -> str:
        """The address for pages; it holds a secret, so that nobody else on the machine rings."""
        return self._listener.url + self._path

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._listener.__aexit__(kind, error, trace)

    @property
    def pages(self) -> tuple[Received, ...]:
        """The newest pages, oldest first."""
        return tuple(self._pages)

    def clear(self) -> None:
        """Forget them."""
        self._pages.clear()

    async def _respond(self, request: Request) -> Answer:
        if not secrets.compare_digest(request.path.encode(), self._path.encode()):
            return refuse(404)
        if request.method != "POST":
            return refuse(405)
        try:
            content = msgspec.json.decode(request.body)
        except (msgspec.MsgspecError, RecursionError):
            return Answer(400, {"error": "a page is JSON"})
        key = request.fields.get("idempotency-key", "")[:200]
        self._pages.append(Received(self._clock(), key, content))
        return Answer(200, {"ok": True})
