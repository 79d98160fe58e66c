"""What every source's parser begins with: JSON from a stranger, and times as strangers write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from tocsin.errors import BadInput
from tocsin.timeline.codec import to_utc

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Bounds of a time. One beyond them counts as not given: a source's broken clock never costs a page."""
TWICE = re.compile(r"([+-]\d\d:?\d\d)Z\Z")
"""An offset and a `Z` behind it, as one client writes them."""


def decode_object(body: bytes, wanted: str) -> dict[str, Any]:
    """The JSON object in a body; `wanted` says what it should be. Raises `BadInput`."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body is not JSON ({error}); send {wanted}.") from error
    if not isinstance(found, dict):
        raise BadInput(f"The body is JSON, but not {wanted}.")
    return found


def read_moment(text: Any) -> datetime | None:
    """A time within the bounds in UTC, null where there is none; one without a zone is taken as UTC."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(TWICE.sub(r"\1", text.strip()[:64]))
    except (ValueError, OverflowError):
        return None
    moment = to_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return moment if EARLIEST < moment < LATEST else None


def read_text(given: Any, most: int) -> str:
    """A field as text, cut at `most`; numbers and truth values as JSON has them, anything else as nothing."""
    if isinstance(given, str):
        return given[:most]
    if isinstance(given, bool | int | float):
        return msgspec.json.encode(given).decode()[:most]
    return ""
