"""What another pager did: PagerDuty's webhooks (version 3) and its exports, read as acts. One pure function each.

Formats: PagerDuty's public descriptions of webhooks v3 (`incident.triggered`, `.acknowledged`, `.escalated`,
`.reassigned`, `.resolved`) and of log entries (`GET /incidents/{id}/log_entries`, `GET /log_entries`). People are kept
by the ids that PagerDuty gives them; their names never get here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tocsin.errors import BadInput
from tocsin.timeline.events import OtherPagerActed

PAGERDUTY = "PagerDuty"
WEBHOOK_KINDS = {
    "incident.triggered": "triggered",
    "incident.acknowledged": "acknowledged",
    "incident.escalated": "escalated",
    "incident.reassigned": "notified",
    "incident.resolved": "resolved",
}
LOG_KINDS = {
    "trigger_log_entry": "triggered",
    "notify_log_entry": "notified",
    "assign_log_entry": "notified",
    "acknowledge_log_entry": "acknowledged",
    "escalate_log_entry": "escalated",
    "resolve_log_entry": "resolved",
}
MOST_TEXT, MOST_WHO, MOST_ACTS = 300, 50, 100_000


def parse_webhook(body: bytes) -> OtherPagerActed | None:
    """One webhook of version 3; null for a kind that tells of no page (a note, a ping). Raises `BadInput`."""
    found = _decode(body)
    event = found.get("event") if isinstance(found, dict) else None
    if not isinstance(event, dict):
        raise BadInput("This is no PagerDuty webhook of version 3: an object with `event` is expected.")
    return _read_webhook(event)


def parse_export(content: bytes) -> tuple[OtherPagerActed, ...]:
    """The acts in a file: webhooks or log entries, as one JSON document or a line each; the earliest first.

    Raises `BadInput`, also where nothing of either kind is in it, and where pages lack: of what PagerDuty did the
    report would say that it did nothing.
    """
    pages = list(_unpack(content))
    more = [page.get("more") for page in pages if isinstance(page, dict) and isinstance(page.get("log_entries"), list)]
    if more and all(each is True for each in more):
        raise BadInput(
            "The export goes on where this page ends (`more`). Ask for the pages behind it (`offset`) and give all of "
            "them in one file, a page on each line."
        )
    items = [item for page in pages for item in _spread(page)]
    acts = [act for item in items[:MOST_ACTS] if isinstance(item, dict) and (act := _read_item(item)) is not None]
    if not acts:
        raise BadInput(
            "Nothing in this file tells what PagerDuty did. Export log entries (GET /log_entries, with "
            "include[]=incidents), or keep the webhooks of version 3 that it sends, a line each."
        )
    return tuple(sorted(dict.fromkeys(acts), key=lambda act: (act.at, act.incident)))


def _unpack(content: bytes) -> Iterator[Any]:
    try:
        found = _decode(content)
    except BadInput:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                raise BadInput(f"Line {number} of the file is no JSON; each line must be one, or the whole.") from None
        return
    yield found


def _spread(found: Any) -> Iterator[Any]:
    if isinstance(found, dict) and isinstance(found.get("log_entries"), list):
        yield from found["log_entries"]
    elif isinstance(found, list):
        yield from found
    else:
        yield found


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("This is no JSON.") from None


def _read_item(item: dict[str, Any]) -> OtherPagerActed | None:
    event = item.get("event")
    return _read_webhook(event) if isinstance(event, dict) else _read_log_entry(item)


def _read_webhook(event: dict[str, Any]) -> OtherPagerActed | None:
    what, incident, at = WEBHOOK_KINDS.get(_text(event.get("event_type"))), event.get("data"), _moment(event)
    if what is None or at is None or not isinstance(incident, dict) or not _text(incident.get("id")):
        return None
    agent = event.get("agent")
    doers = [agent] if what == "acknowledged" and isinstance(agent, dict) else incident.get("assignees")
    return OtherPagerActed(
        pager=PAGERDUTY,
        incident=_text(incident.get("id")),
        what=what,
        at=at,
        title=_text(incident.get("title")),
        key=_text(incident.get("incident_key")),
        who=_ids(doers),
        delivery=_text(event.get("id")),
    )


def _read_log_entry(entry: dict[str, Any]) -> OtherPagerActed | None:
    kind = _text(entry.get("type")).removesuffix("_reference")
    what, incident, at = LOG_KINDS.get(kind), entry.get("incident"), _moment(entry, "created_at")
    if what is None or at is None or not isinstance(incident, dict) or not _text(incident.get("id")):
        return None
    if what == "acknowledged":
        doers: Any = [entry.get("agent")]
    elif kind == "notify_log_entry":
        doers = [entry.get("user")]
    else:
        doers = entry.get("assignees")
    return OtherPagerActed(
        pager=PAGERDUTY,
        incident=_text(incident.get("id")),
        what=what,
        at=at,
        title=_text(incident.get("title") or incident.get("summary")),
        key=_text(incident.get("incident_key")),
        who=_ids(doers),
        delivery=_text(entry.get("id")),
    )


def _moment(found: dict[str, Any], field: str = "occurred_at") -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(found.get(field)))
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _ids(people: Any) -> tuple[str, ...]:
    found = people if isinstance(people, list) else []
    ids = (_text(each.get("id")) for each in found[:MOST_WHO] if isinstance(each, dict))
    return tuple(dict.fromkeys(each for each in ids if each))


def _text(value: Any) -> str:
    return value[:MOST_TEXT] if isinstance(value, str) else ""
