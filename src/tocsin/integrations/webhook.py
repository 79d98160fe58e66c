"""A page as JSON to a URL of yours: for whatever tocsin does not speak itself.

The body is the page's message with `kind: "page"` and its idempotency key, which also stands in the header
`Idempotency-Key`. With a secret, `X-Tocsin-Signature: v1=HEX` is the HMAC-SHA256 of the body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Literal
from urllib.request import getproxies

import httpx
import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.post import AGAIN, read_patience
from tocsin.integrations.wire import Broken, Wire
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage

TIMEOUT_S = 8.0
_encode = msgspec.json.Encoder().encode


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "webhook"`; `secret_file` is a file under the workspace that holds the shared secret."""

    kind: Literal["webhook"]
    url: str
    secret_file: str | None = None


class Webhook:
    """Posts pages."""

    def __init__(self, settings: WebhookSettings, secret: bytes | None, reach: Callable[[str], None]) -> None:
        self._settings, self._secret, self._reach = settings, secret, reach
        self._url = httpx.URL(settings.url)
        self._path = self._url.raw_path.decode("ascii")
        self._wire = _open_wire(self._url)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) if self._wire is None else None

    def find_address(self, responder: str, person: Person) -> str:
        """The one that everybody has."""
        return self._settings.url

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Post the page, or what is none; the answer must be 2xx."""
        kind = b"notice" if message.notice else b"page"
        return await self.post(key, b'{"kind":"%b","key":%b,%b' % (kind, _encode(str(key)), _encode(message)[1:]))

    async def post(self, key: Key, body: bytes) -> str:
        """Post a body; the answer must be 2xx."""
        try:
            status, after_s = await self._post(key, body)
        except (httpx.HTTPError, Broken) as error:
            raise Unavailable(f"{self._place()} did not take it ({type(error).__name__}: {error}).") from error
        if 200 <= status < 300:
            return f"HTTP {status}"
        problem = f"{self._place()} answered {status}."
        raise Unavailable(problem, after_s=after_s) if status in AGAIN or status >= 500 else Rejected(problem)

    async def _post(self, key: Key, body: bytes) -> tuple[int, float]:
        """The status of the answer, and the seconds for which it asks to be left alone."""
        headers = self._headers(key, body)
        if self._wire is not None:
            said: list[str] = []
            status = await self._wire.post(self._path, headers, body, TIMEOUT_S, self._reach_sent, said.append)
            return status, read_patience({"retry-after": said[0]}, datetime.now(UTC)) if said else 0.0
        assert self._client is not None
        answer = await self._client.post(self._url, content=self._stream(body), headers=headers)
        return answer.status_code, read_patience(answer.headers, datetime.now(UTC))

    async def _stream(self, body: bytes) -> AsyncIterator[bytes]:
        yield body
        self._reach_sent()

    def _reach_sent(self) -> None:
        self._reach("page.during_send")

    def _headers(self, key: Key, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Idempotency-Key": str(key)}
        if self._secret is not None:
            headers["X-Tocsin-Signature"] = "v1=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        return headers

    def _place(self) -> str:
        """The address without what may be secret in it."""
        return f"{self._url.scheme}://{self._url.host}"


def _open_wire(url: httpx.URL) -> Wire | None:
    """The plain way, where nothing is asked for that it cannot do."""
    if url.scheme != "http" or url.userinfo or getproxies():
        return None
    return Wire(url.raw_host.decode("ascii"), url.port or 80, url.netloc.decode("ascii"))
