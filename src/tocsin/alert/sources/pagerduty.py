"""PagerDuty's events: version 2 (``/v2/enqueue``), changes (``/v2/change/enqueue``), and what old scripts send (v1).

Format: PagerDuty's public description of the Events API v2. An event's identity is its `dedup_key` within one routing
key. A trigger without one is always a new alert, so whoever calls hands in a fresh key for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tocsin.alert.signal import Ask, Batch, Changed, Signal
from tocsin.alert.sources.body import decode_object, find_name, read_moment, read_pairs, read_text
from tocsin.errors import BadInput

CLIENT = "PagerDuty client"
"""Who acknowledges in the name of a source: its format names no person."""
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")
MOST_KEY, MOST_SUMMARY, MOST_FIELD = 255, 1024, 4096


class InvalidEvent(BadInput):
    """An event with faults; `errors` has a sentence for each."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        self.errors = errors
        super().__init__(" ".join(errors))


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """An event: whose key it came with, the key of its alert, and what it says."""

    routing_key: str
    dedup_key: str
    batch: Batch


def parse_event(headers: Mapping[str, str], body: bytes, fresh: str) -> Parsed:
    """An event of version 2. `fresh` is the key of a trigger that names none. Raises `InvalidEvent` or `BadInput`."""
    event = decode_object(body, "an event (a JSON object with `routing_key`, `event_action`, `payload`)")
    _refuse(_find_faults(event))
    key = read_text(event.get("dedup_key"), MOST_KEY) or fresh
    batch = _read(event, str(event["event_action"]), key, event.get("payload"))
    return Parsed(routing_key=str(event["routing_key"]), dedup_key=key, batch=batch)


def parse_change(headers: Mapping[str, str], body: bytes) -> Parsed:
    """A change event. Raises `InvalidEvent` or `BadInput`."""
    event = decode_object(body, "a change event (a JSON object with `routing_key`, `payload`)")
    payload = event.get("payload")
    summary = read_text(payload.get("summary"), MOST_SUMMARY) if isinstance(payload, dict) else ""
    faults = [] if summary.strip() else ["`payload.summary` is missing: say in a line what was changed."]
    _refuse([*_find_key_fault(event), *faults])
    assert isinstance(payload, dict)
    change = Changed(
        summary=summary,
        source=read_text(payload.get("source"), MOST_SUMMARY),
        at=read_moment(payload.get("timestamp")),
        link=_find_link(event),
        details=read_pairs(payload.get("custom_details"), 20),
    )
    return Parsed(routing_key=str(event["routing_key"]), dedup_key="", batch=Batch(changes=(change,)))


def parse_old_event(headers: Mapping[str, str], body: bytes, fresh: str) -> Parsed:
    """An event of version 1, as old Nagios and Zabbix scripts send it. Raises `InvalidEvent` or `BadInput`."""
    event = decode_object(body, "an event (a JSON object with `service_key`, `event_type`, `description`)")
    action, key = event.get("event_type"), read_text(event.get("incident_key"), MOST_KEY)
    summary = read_text(event.get("description"), MOST_SUMMARY)
    faults = []
    if not isinstance(event.get("service_key"), str):
        faults.append("`service_key` is missing; it is the team's intake key.")
    if action not in ACTIONS:
        faults.append(f"`event_type` must be one of: {', '.join(ACTIONS)}.")
    if action == "trigger" and not summary.strip():
        faults.append("`description` is missing: say in a line what is wrong.")
    if action in ("acknowledge", "resolve") and not key:
        faults.append(f"`incident_key` is missing; {action} needs it.")
    _refuse(faults)
    payload = {"summary": summary, "custom_details": event.get("details")}
    batch = _read(event, str(action), key or fresh, payload)
    return Parsed(routing_key=str(event["service_key"]), dedup_key=key or fresh, batch=batch)


def _refuse(faults: Any) -> None:
    found = tuple(faults)
    if found:
        raise InvalidEvent(found)


def _find_key_fault(event: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(event.get("routing_key"), str) or not event["routing_key"]:
        yield "`routing_key` is missing; it is the team's intake key."


def _find_faults(event: Mapping[str, Any]) -> Iterator[str]:
    yield from _find_key_fault(event)
    action, key = event.get("event_action"), event.get("dedup_key")
    if action not in ACTIONS:
        yield f"`event_action` must be one of: {', '.join(ACTIONS)}."
    if key is not None and (not isinstance(key, str) or len(key) > MOST_KEY):
        yield f"`dedup_key` must be text of at most {MOST_KEY} characters."
    elif action in ("acknowledge", "resolve") and not key:
        yield f"`dedup_key` is missing; {action} needs it."
    if action == "trigger":
        yield from _find_payload_faults(event.get("payload"))


def _find_payload_faults(payload: Any) -> Iterator[str]:
    if not isinstance(payload, dict):
        yield "`payload` is missing; it must be an object with `summary`, `source`, `severity`."
        return
    for field in ("summary", "source"):
        if not isinstance(payload.get(field), str) or not payload[field].strip():
            yield f"`payload.{field}` is missing or empty."
    if payload.get("severity") not in SEVERITIES:
        yield f"`payload.severity` must be one of: {', '.join(SEVERITIES)}."


def _read(event: Mapping[str, Any], action: str, key: str, payload: Any) -> Batch:
    own = f"pagerduty:{key}"
    if action == "acknowledge":
        return Batch(asks=(Ask(key=own, verb="acknowledge", by=CLIENT),))
    if action == "resolve":
        return Batch(signals=(Signal(labels={}, key=own, resolved=True),))
    return Batch(signals=(_read_trigger(event, own, payload),))


def _read_trigger(event: Mapping[str, Any], key: str, payload: Mapping[str, Any]) -> Signal:
    summary = read_text(payload.get("summary"), MOST_SUMMARY)
    details = payload.get("custom_details")
    pairs = read_pairs(details)
    name = find_name(details if isinstance(details, dict) else {}, summary) or read_text(payload.get("class"), 1024)
    fields = {
        field: read_text(payload.get(field), MOST_FIELD) for field in ("severity", "source", "component", "group")
    }
    labels = {"alertname": name or summary, **fields, "class": read_text(payload.get("class"), MOST_FIELD)}
    notes = {"summary": summary, "client": read_text(event.get("client"), MOST_FIELD), "link": _find_link(event)}
    return Signal(
        labels={field: value for field, value in labels.items() if value},
        annotations={field: value for field, value in {**pairs, **notes}.items() if value},
        starts_at=read_moment(payload.get("timestamp")),
        generator_url=read_text(event.get("client_url"), 2048),
        resolved=False,
        key=key,
    )


def _find_link(event: Mapping[str, Any]) -> str:
    links = event.get("links")
    first = links[0] if isinstance(links, list) and links else None
    return read_text(first.get("href"), 2048) if isinstance(first, dict) else ""
