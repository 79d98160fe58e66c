"""Asking a vendor over HTTP, for every channel that speaks to one: what its answers mean, and what is never said of it.

What patience may mend (408, 425, 429, 5xx, no answer, an answer that makes no sense) is `Unavailable`, with the time
that a `Retry-After` asks for; any other no is `Rejected`. A redirect is a no: what is sent holds secrets. Messages name
the vendor and the status, never an address, a header or a body, in which secrets and phone numbers stand.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar

import httpx
import msgspec

from tocsin.errors import OutsideError, Rejected, Unavailable

TIMEOUT_S = 8.0
"""For all of it: a time-out of each read would never end a drip."""
MOST_ANSWER = 2**18
MOST_PATIENCE_S = 300.0
"""How long a vendor may ask to be left alone; a slip of theirs must not shut a channel for a day."""
AGAIN = frozenset({408, 425, 429})
"""Refusals that patience may mend, beside all of 5xx."""
T = TypeVar("T")

for _name in ("httpx", "httpcore"):  # at the lower levels they log addresses, in which tokens may stand
    logging.getLogger(_name).setLevel(logging.WARNING)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor answered, of which at most `MOST_ANSWER` bytes are read."""

    status: int
    body: bytes
    after_s: float = 0.0


async def ask(
    vendor: str,
    url: str,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    form: Mapping[str, Any] | None = None,
    params: Any = None,
    login: tuple[str, str] | None = None,
) -> Answer:
    """Ask, and read the answer whatever its status. Raises `Unavailable` where there is none, `Rejected` for an
    address that is none.
    """
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(verify=_trust(), timeout=TIMEOUT_S, follow_redirects=False) as client,
            client.stream(
                method, url, headers=headers, content=content, data=form, params=params, auth=login
            ) as answer,
        ):
            body = await _read(vendor, answer)
            return Answer(status=answer.status_code, body=body, after_s=read_patience(answer.headers, _now()))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Rejected(f"The address of {vendor} in tocsin.toml is none; it begins with https://.") from error
    except ValueError:  # what a header cannot hold; the error itself would quote the secret
        raise Rejected(f"A secret of {vendor} holds signs that cannot be sent; look at its file.") from None
    except TimeoutError as error:
        raise Unavailable(f"{vendor} gave no answer within {TIMEOUT_S:g} s.") from error
    except httpx.HTTPError as error:
        raise Unavailable(f"{vendor} could not be asked ({type(error).__name__}).") from None


async def _read(vendor: str, answer: httpx.Response) -> bytes:
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MOST_ANSWER:
            raise Unavailable(f"{vendor} answered more than {MOST_ANSWER} bytes, which is no answer to a page.")
    return body


def require_yes(vendor: str, answer: Answer, reason: str = "") -> None:
    """Raise what a status that is not 2xx means; `reason` is what is known of why, without secrets."""
    if not 200 <= answer.status < 300:
        raise judge(vendor, answer.status, answer.after_s, reason)


def judge(vendor: str, status: int, after_s: float = 0.0, reason: str = "") -> OutsideError:
    """What a status that is not 2xx means."""
    problem = f"{vendor} answered {status}{f' ({reason})' if reason else ''}."
    if status in AGAIN or status >= 500:
        return Unavailable(problem, after_s=after_s)
    return Rejected(problem)


def read_json(vendor: str, answer: Answer, shape: type[T]) -> T:
    """The body as `shape`. Raises `Unavailable` for one that is not: something else has answered in its place."""
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unavailable(
            f"{vendor} answered {answer.status}, but not as {vendor} does; is its address right, and no proxy between?"
        ) from None


def read_patience(headers: Mapping[str, str], now: datetime) -> float:
    """The seconds that `Retry-After` asks for, as a number or a date; nought where it says nothing sensible."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), MOST_PATIENCE_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MOST_PATIENCE_S)


def _now() -> datetime:
    return datetime.now(UTC)


@cache
def _trust() -> ssl.SSLContext:
    """Read once: it takes longer than a page may."""
    return httpx.create_ssl_context()
