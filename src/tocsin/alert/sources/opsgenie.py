"""Opsgenie's alerts: create, close, acknowledge, note. An alert's identity is its alias.

Format: the public description of Opsgenie's Alert API and its Python client. What is longer than there allowed is cut,
never refused: a long text must not cost a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.alert.signal import Ask, Batch, Signal
from tocsin.alert.sources.body import decode_object, find_name, read_pairs, read_text
from tocsin.errors import BadInput

CLIENT = "Opsgenie client"
MOST_ALIAS, MOST_MESSAGE, MOST_TEXT = 512, 1024, 15000
PRIORITIES = ("P1", "P2", "P3", "P4", "P5")


def parse_creation(headers: Mapping[str, str], body: bytes, fresh: str) -> tuple[str, Batch]:
    """The alias and the alert of ``POST /v2/alerts``; `fresh` is the alias where none is named. Raises `BadInput`."""
    given = decode_object(body, "an alert (a JSON object with `message`)")
    message = read_text(given.get("message"), MOST_MESSAGE)
    if not message.strip():
        raise BadInput("`message` is missing: say in a line what is wrong.")
    priority = given.get("priority") or "P3"
    if priority not in PRIORITIES:
        raise BadInput(f"`priority` must be one of: {', '.join(PRIORITIES)}.")
    alias = read_text(given.get("alias"), MOST_ALIAS) or fresh
    details = given.get("details") if isinstance(given.get("details"), dict) else {}
    description = read_text(given.get("description"), MOST_TEXT)
    tags = given.get("tags")
    labels = {
        **read_pairs(details),
        "alertname": find_name(details or {}, description) or message,
        "priority": str(priority),
        "source": read_text(given.get("source"), 1024),
        "entity": read_text(given.get("entity"), 1024),
    }
    notes = {
        "summary": message,
        "description": description,
        "note": read_text(given.get("note"), MOST_TEXT),
        "tags": ", ".join(read_text(tag, 100) for tag in tags[:20]) if isinstance(tags, list) else "",
    }
    signal = Signal(
        labels={name: value for name, value in labels.items() if value},
        annotations={name: value for name, value in notes.items() if value},
        resolved=False,
        key=spell_key(alias),
    )
    return alias, Batch(signals=(signal,))


def parse_act(headers: Mapping[str, str], body: bytes, alias: str, verb: str) -> Batch:
    """What is asked of the alert with this alias: `close`, `acknowledge` or `notes`. Raises `BadInput`."""
    given = decode_object(body, "a JSON object with `user`, `source`, `note`") if body.strip() else {}
    note = read_text(given.get("note"), MOST_TEXT)
    by, key = _name_asker(given), spell_key(alias)
    if verb == "notes" and not note.strip():
        raise BadInput("`note` is missing: say what is to be noted.")
    noted = (Ask(key=key, verb="note", by=by, text=note),) if note.strip() else ()
    if verb == "close":
        return Batch(signals=(Signal(labels={}, key=key, resolved=True),), asks=noted)
    if verb == "acknowledge":
        return Batch(asks=(Ask(key=key, verb="acknowledge", by=by), *noted))
    return Batch(asks=noted)


def spell_key(alias: str) -> str:
    """The alert's key among those of all sources."""
    return f"opsgenie:{alias}"


def _name_asker(given: Mapping[str, Any]) -> str:
    user = read_text(given.get("user"), 100)
    return f"{user} ({CLIENT})" if user else CLIENT
