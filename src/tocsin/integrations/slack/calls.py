"""Calls of Slack's Web API through slack_sdk, off the loop, and what its refusals mean.

What patience may mend is `Unavailable`: no answer, 5xx, garbage, a rate limit (with the time that it asks for), and a
token that Slack does not take, since that is about all calls and somebody will mend it. Every other no is `Rejected`,
with Slack's own word for it. No message holds a token, a body or an address.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.post import MOST_PATIENCE_S

TIMEOUT_S = 8.0
"""For all of a call, whatever drips."""
SHORT_WAIT_S = 3.0
"""A rate limit that ends so soon is waited for."""
PLACES = 4
PASSING = frozenset(
    "ratelimited rate_limited internal_error fatal_error service_unavailable request_timeout team_added_to_org "
    "invalid_auth not_authed token_revoked token_expired account_inactive org_login_required missing_scope".split()
)
_WORD = re.compile(r"[a-z0-9_]{1,60}")


class Refused(Rejected):
    """Slack understood and said no; `word` is its own word for why."""

    def __init__(self, method: str, word: str) -> None:
        self.word = word
        super().__init__(f"Slack refused {method}: {word}.")


class Calls:
    """Calls with one token. `now` counts seconds, whatever the wall's clock does."""

    def __init__(self, token: str, api: str, now: Callable[[], float] = time.monotonic) -> None:
        from slack_sdk import WebClient  # an extra: only who uses Slack needs it

        self.token = token
        self._client = WebClient(token=token, base_url=api, timeout=int(TIMEOUT_S) - 2, retry_handlers=[])
        self._pool = ThreadPoolExecutor(PLACES, thread_name_prefix="slack")
        self._now = now
        self._not_before: dict[str, float] = {}

    async def call(self, method: str, **fields: Any) -> Mapping[str, Any]:
        """The answer of a method as slack_sdk names it (``conversations_create``). Raises `OutsideError`."""
        for last in (False, True):
            await self._wait(method)
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    return await asyncio.get_running_loop().run_in_executor(
                        self._pool, partial(self._ask, method, fields)
                    )
            except TimeoutError:
                raise Unavailable(f"Slack gave no answer to {method} within {TIMEOUT_S:g} s.") from None
            except Unavailable as error:
                if last or not 0 < error.after_s <= SHORT_WAIT_S:
                    raise
        raise AssertionError("the second try returns or raises")

    async def pages(self, method: str, most: int, **fields: Any) -> Any:
        """The answers of a method that gives them page by page, at most `most` of them."""
        cursor = ""
        for _ in range(most):
            answer = await self.call(method, **fields, **({"cursor": cursor} if cursor else {}))
            yield answer
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    async def _wait(self, method: str) -> None:
        left = self._not_before.get(method, 0.0) - self._now()
        if left > SHORT_WAIT_S:
            raise Unavailable(f"Slack asked for patience with {method}, {left:.0f} s more.", after_s=left)
        if left > 0:
            await asyncio.sleep(left)

    def _ask(self, method: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """In a thread of its own: slack_sdk waits for the network."""
        from slack_sdk.errors import SlackApiError

        try:
            answer = getattr(self._client, method)(**fields)
        except SlackApiError as error:
            raise self._judge(method, error.response) from None
        except Exception as error:  # noqa: BLE001 whatever a broken line makes of the library
            raise Unavailable(f"Slack could not be asked for {method} ({type(error).__name__}).") from None
        data = getattr(answer, "data", None)
        if not isinstance(data, dict):
            raise Unavailable(f"Slack answered {method}, but not as Slack does.")
        return data

    def _judge(self, method: str, response: Any) -> OutsideError:
        status = int(getattr(response, "status_code", 0) or _read(response, "status") or 0)
        word = str(_read(response, "error") or "")
        if status == 429 or word in ("ratelimited", "rate_limited"):
            after_s = _find_patience(_read_headers(response))
            self._not_before[method] = self._now() + after_s
            return Unavailable(f"Slack asks for patience with {method}: {after_s:g} s.", after_s=after_s)
        if status >= 500 or not _WORD.fullmatch(word):
            return Unavailable(f"Slack answered {method} with {status or 'garbage'}.")
        if word in PASSING:
            return Unavailable(f"Slack did not take {method}: {word}.")
        return Refused(method, word)


def _read(response: Any, name: str) -> Any:
    """A field of an answer, which slack_sdk gives as its own kind or as a plain table."""
    data = getattr(response, "data", response)
    return data.get(name) if isinstance(data, dict) else None


def _read_headers(response: Any) -> Mapping[str, Any]:
    found = getattr(response, "headers", None) or _read(response, "headers")
    return found if isinstance(found, Mapping) else {}


def _find_patience(headers: Mapping[str, Any]) -> float:
    for name, value in _pairs(headers):
        if name.lower() == "retry-after" and str(value).isascii() and str(value).isdigit() and len(str(value)) < 10:
            return min(max(float(value), 1.0), MOST_PATIENCE_S)
    return 30.0


def _pairs(headers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in headers.items():
        yield str(name), value[0] if isinstance(value, list) and value else value
