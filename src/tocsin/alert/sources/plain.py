"""Small formats of one alert a message: Grafana OnCall's formatted webhook, GoAlert's, Grafana's old one, and JSON
whose fields are called as most people call them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tocsin.alert.signal import Batch, Signal
from tocsin.alert.sources.alertmanager import parse_webhook
from tocsin.alert.sources.body import decode_object, read_pairs, read_text
from tocsin.errors import BadInput

TITLES = ("title", "alertname", "summary", "name", "subject", "message", "text")
STATES = ("state", "status", "alert_status", "event_type")
OVER = frozenset({"ok", "resolved", "resolve", "recovery", "recovered", "closed", "close", "up", "normal", "inactive"})
MOST_TITLE, MOST_TEXT = 1024, 15000


def parse_grafana(headers: Mapping[str, str], body: bytes) -> Batch:
    """Grafana's webhook: the one with a list of alerts, or the old one with a single rule. Raises `BadInput`."""
    given = decode_object(body, "Grafana's webhook (a JSON object with `alerts`)")
    if "alerts" in given or "ruleName" not in given:
        return parse_webhook(headers, body)
    name = read_text(given.get("ruleName"), MOST_TITLE)
    notes = {
        "summary": read_text(given.get("title"), MOST_TITLE),
        "message": read_text(given.get("message"), MOST_TEXT),
    }
    signal = Signal(
        labels={"alertname": name or "Unnamed rule", **read_pairs(given.get("tags"))},
        annotations={field: value for field, value in notes.items() if value},
        generator_url=read_text(given.get("ruleUrl"), 2048),
        resolved=is_over(given.get("state")),
        key=f"grafana:{read_text(given.get('orgId'), 20)}:{read_text(given.get('ruleId'), 100) or name}",
    )
    return Batch(signals=(signal,))


def parse_formatted(headers: Mapping[str, str], body: bytes) -> Batch:
    """OnCall's formatted webhook, or any JSON object with a title and a state under one of their usual names.

    What has no identity of its own is known by its title. Raises `BadInput`.
    """
    given = decode_object(body, "a JSON object with `title` and `state`")
    title = next((found for name in TITLES if (found := read_text(given.get(name), MOST_TITLE)).strip()), "")
    identity = next(
        (found for name in ("alert_uid", "id", "uid", "key") if (found := read_text(given.get(name), 512))), ""
    )
    if not title and not identity:
        raise BadInput("There is neither a `title` nor an `alert_uid`; at least one must say what is wrong.")
    state = next((given[name] for name in STATES if name in given), None)
    known = {*TITLES, *STATES, "alert_uid", "id", "uid", "key", "link_to_upstream_details"}
    signal = Signal(
        labels={"alertname": title or identity},
        annotations={
            **read_pairs({name: value for name, value in given.items() if name not in known}, 20),
            **{name: value for name in ("message", "text") if (value := read_text(given.get(name), MOST_TEXT))},
        },
        generator_url=read_text(given.get("link_to_upstream_details"), 2048),
        resolved=is_over(state),
        key=f"webhook:{identity or title}",
    )
    return Batch(signals=(signal,))


def parse_goalert(headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> Batch:
    """GoAlert's generic message: JSON, a form, or in the address. Raises `BadInput`."""
    given: dict[str, Any] = dict(query)
    kind = headers.get("content-type", "")
    if "json" in kind or body.lstrip()[:1] == b"{":
        given |= decode_object(body, "a JSON object with `summary`")
    elif body:
        given |= _read_form(body)
    summary, details = read_text(given.get("summary"), MOST_TITLE).strip(), read_text(given.get("details"), MOST_TEXT)
    identity = read_text(given.get("dedup"), 512) or f"{summary} {details}".strip()
    if not summary and not given.get("dedup"):
        raise BadInput("`summary` is missing: say in a line what is wrong.")
    meta = read_pairs(given.get("meta"), 20)
    signal = Signal(
        labels={**meta, "alertname": meta.get("alertname") or summary or identity},
        annotations={"details": details} if details else {},
        resolved=read_text(given.get("action"), 20) == "close",
        key=f"goalert:{identity}",
    )
    return Batch(signals=(signal,))


def _read_form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(errors="replace"), max_num_fields=100))
    except ValueError as error:
        raise BadInput("The form has more than 100 fields; send `summary`, `details`, `dedup` and `action`.") from error


def is_over(state: Any) -> bool:
    """Whether a state, as a source calls it, says that it is over."""
    return isinstance(state, str) and state.strip().casefold() in OVER
