"""Alertmanager's two formats: what Prometheus posts to it (API v2), and what it posts on (webhook version 4).

Formats: Alertmanager's `api/v2/openapi.yaml` and its webhook documentation. A bad alert in a batch never costs a good
one: the good ones are kept, and the errors say which was bad and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tocsin.alert.signal import Batch, Signal
from tocsin.alert.sources.body import EARLIEST, LATEST
from tocsin.errors import BadInput
from tocsin.timeline.codec import to_utc

MOST_LABELS, MOST_NAME, MOST_VALUE = 128, 1024, 65536
"""Bounds of one alert: labels (or annotations), characters of a name, characters of a value."""
EXTRAS = ("valueString", "dashboardURL", "panelURL", "silenceURL", "imageURL")


def parse_alerts(headers: Mapping[str, str], body: bytes) -> Batch:
    """The body of ``POST /api/v2/alerts``: a JSON array of alerts. Raises `BadInput` if it is not one."""
    return _batch(_decode(body, list, "a JSON array of alerts"), "alert")


def parse_webhook(headers: Mapping[str, str], body: bytes) -> Batch:
    """A webhook of version 4 (or Grafana's): each alert counts by itself, whatever the group's status says.

    An alert that is missing is not resolved: Alertmanager may have cut the list (`truncatedAlerts`).
    """
    message = _decode(body, dict, "a JSON object with `alerts`")
    alerts = message.get("alerts")
    if not isinstance(alerts, list):
        raise BadInput("The webhook has no list `alerts`; send Alertmanager's webhook format, version 4.")
    return _batch(alerts, "alert")


def _decode(body: bytes, kind: type, wanted: str) -> Any:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body is not JSON ({error}); send {wanted}.") from error
    if not isinstance(found, kind):
        raise BadInput(f"The body is JSON, but not {wanted}.")
    return found


def _batch(alerts: list[Any], noun: str) -> Batch:
    signals, errors = [], []
    for at, alert in enumerate(alerts):
        try:
            signals.append(_signal(alert))
        except BadInput as error:
            errors.append(f"{noun} {at}: {error}")
    return Batch(signals=tuple(signals), errors=tuple(errors))


def _signal(alert: Any) -> Signal:
    if not isinstance(alert, dict):
        raise BadInput("it is no JSON object.")
    labels = {name: value for name, value in _pairs(alert, "labels") if value}
    if not labels:
        raise BadInput("it has no labels; at least one with a value is needed.")
    starts_at, ends_at = _time(alert, "startsAt"), _time(alert, "endsAt")
    if starts_at and ends_at and ends_at < starts_at:
        raise BadInput("its endsAt lies before its startsAt.")
    status = alert.get("status")
    return Signal(
        labels=labels,
        annotations={**dict(_pairs(alert, "annotations")), **_extras(alert)},
        starts_at=starts_at,
        ends_at=ends_at,
        generator_url=str(alert.get("generatorURL") or "")[:2048],
        resolved=status == "resolved" if status in ("firing", "resolved") else None,
    )


def _extras(alert: dict[str, Any]) -> dict[str, str]:
    """What Grafana adds to an alert: where to look, and the values that it was judged by."""
    found = {name: alert.get(name) for name in EXTRAS}
    return {name: value[:MOST_VALUE] for name, value in found.items() if isinstance(value, str) and value}


def _pairs(alert: dict[str, Any], field: str) -> Iterator[tuple[str, str]]:
    pairs = alert.get(field) or {}
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise BadInput(f"its {field} are not an object of strings.")
    if len(pairs) > MOST_LABELS:
        raise BadInput(f"it has {len(pairs)} {field}; the limit is {MOST_LABELS}.")
    for name, value in pairs.items():
        if not name or len(name) > MOST_NAME or len(value) > MOST_VALUE:
            raise BadInput(
                f"one of its {field} has an empty or too long name, or a value over {MOST_VALUE} characters."
            )
        yield name, value


def _time(alert: dict[str, Any], field: str) -> datetime | None:
    """A time within the bounds, or null where none was given; Go's zero time (year 1) and the epoch mean none."""
    text = alert.get(field)
    if not text:
        return None
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise BadInput(f"its {field} {str(text)[:60]!r} is no RFC 3339 time.") from error
    moment = to_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return moment if EARLIEST < moment < LATEST else None
