"""A page as JSON to a URL of yours: for whatever tocsin does not speak itself.

The body is the page's message with `kind: "page"` and its idempotency key, which also stands in the header
`Idempotency-Key`. With a secret, `X-Tocsin-Signature: v1=HEX` is the HMAC-SHA256 of the body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from typing import Literal

import httpx
import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected, Unavailable
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage

TIMEOUT_S = 8.0
AGAIN = frozenset({408, 425, 429})
"""Refusals that patience may mend, beside all of 5xx."""


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "webhook"`; `secret_file` is a file under the workspace that holds the shared secret."""

    kind: Literal["webhook"]
    url: str
    secret_file: str | None = None


class Webhook:
    """Posts pages."""

    def __init__(self, settings: WebhookSettings, secret: bytes | None, reach: Callable[[str], None]) -> None:
        self._settings, self._secret, self._reach = settings, secret, reach
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Post the page; the answer must be 2xx."""
        body = msgspec.json.encode({"kind": "page", "key": str(key), **msgspec.to_builtins(message)})
        try:
            answer = await self._client.post(
                self._settings.url, content=self._stream(body), headers=self._headers(key, body)
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._place()} did not take it ({type(error).__name__}: {error}).") from error
        if answer.is_success:
            return f"HTTP {answer.status_code}"
        problem = f"{self._place()} answered {answer.status_code}."
        raise Unavailable(problem) if answer.status_code in AGAIN or answer.is_server_error else Rejected(problem)

    async def _stream(self, body: bytes) -> AsyncIterator[bytes]:
        yield body
        self._reach("page.during_send")

    def _headers(self, key: Key, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Idempotency-Key": str(key)}
        if self._secret is not None:
            headers["X-Tocsin-Signature"] = "v1=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        return headers

    def _place(self) -> str:
        """The address without what may be secret in it."""
        url = httpx.URL(self._settings.url)
        return f"{url.scheme}://{url.host}"
