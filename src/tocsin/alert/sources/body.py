"""What every source's parser begins with: JSON from a stranger, and times as strangers write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tocsin.errors import BadInput
from tocsin.timeline.codec import to_utc

MOST_NAME, MOST_VALUE = 1024, 4096
LISTED = re.compile(r"^ - alertname = ([^\r\n]+)$", re.MULTILINE)
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


def read_pairs(given: Any, most: int = 64) -> dict[str, str]:
    """An object's fields that are plain values, as text; nested ones as JSON. At most so many; none of what is none."""
    if not isinstance(given, dict):
        return {}
    pairs = {name[:MOST_NAME]: _spell(value) for name, value in list(given.items())[:most] if name}
    return {name: value for name, value in pairs.items() if value}


def _spell(value: Any) -> str:
    return read_text(value, MOST_VALUE) or (msgspec.json.encode(value).decode()[:MOST_VALUE] if value else "")


def find_name(details: Mapping[str, Any], *texts: str) -> str:
    """The name of the alert behind a message, if it says one: as a field, or as Alertmanager's templates list labels.

    Where several alerts are listed, their name is found if it is the same.
    """
    for field in ("alertname", "alert_name", "alertName"):
        if isinstance(details.get(field), str) and details[field]:
            return str(details[field])[:MOST_NAME]
    listed = (found for text in (*details.values(), *texts) if isinstance(text, str) for found in LISTED.findall(text))
    names = set(listed)
    return names.pop()[:MOST_NAME] if len(names) == 1 else ""
