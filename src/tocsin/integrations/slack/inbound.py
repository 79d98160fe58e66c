"""What comes from Slack: believed only when it is signed, fresh and new, and read into one of a few shapes.

Slack signs ``v0:TIMESTAMP:BODY``. What is older than five minutes, from the future, or signed the same as something
that was taken already is refused. An event that Slack sends again, since our answer was slow, is taken once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tocsin.errors import BadInput, NotAuthorised

WINDOW_S = 300
MOST_SEEN = 10_000
MOST_FIELDS = 200


class Slash(msgspec.Struct, frozen=True, kw_only=True):
    """``/tocsin TEXT``, typed by a user in a channel."""

    user: str
    channel: str
    text: str
    trigger: str


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A button was pressed."""

    user: str
    channel: str
    action: str
    value: str
    trigger: str


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """A form was sent: `about` is what we gave along, `values` what was chosen or written, by field."""

    user: str
    callback: str
    about: str
    values: dict[str, str]


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """A message was pinned, or got a reaction (`name`). `text` is the message's, where Slack says it."""

    user: str
    channel: str
    ts: str
    event: str
    name: str = ""
    text: str = ""


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """Slack asks whether this address is ours."""

    challenge: str


Inbound = Slash | Pressed | Submitted | Marked | Challenge


class Seen:
    """The last things that were taken, so that none is taken twice."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    def is_new(self, name: str) -> bool:
        """Whether it is; asked once for each."""
        if name in self._seen:
            return False
        self._seen[name] = None
        while len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return True


def require_signed(secret: str, timestamp: str, signature: str, body: bytes, now: float, seen: Seen) -> None:
    """Raise `NotAuthorised` unless Slack signed this body, just now, for the first time."""
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp[:15])) > WINDOW_S:
        raise NotAuthorised("This is not of the last five minutes; are both clocks right?")
    made = "v0=" + hmac.new(secret.encode(), b"v0:%b:%b" % (timestamp.encode(), body), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made.encode(), signature.encode(errors="replace")):
        raise NotAuthorised("Slack has not signed this; is `signing_secret_file` the app's own?")
    if not seen.is_new(made):
        raise NotAuthorised("This was taken already.")


def read_body(content_type: str, body: bytes) -> Inbound | None:
    """What an HTTP request of Slack's says; null for what is of no concern. Raises `BadInput` for what is none."""
    try:
        if content_type.startswith("application/json"):
            return read_event(msgspec.json.decode(body))
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
        if "payload" in fields:
            return read_interaction(msgspec.json.decode(fields["payload"].encode()))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BadInput("This is nothing that Slack sends.") from error
    return read_slash(fields) if "command" in fields else None


def read_slash(fields: dict[str, Any]) -> Slash:
    """A command."""
    return Slash(
        user=_text(fields, "user_id"),
        channel=_text(fields, "channel_id"),
        text=_text(fields, "text")[:3000],
        trigger=_text(fields, "trigger_id"),
    )


def read_interaction(payload: Any) -> Inbound | None:
    """A button or a form."""
    user, kind = _text(_table(payload, "user"), "id"), _text(payload, "type")
    if kind == "block_actions":
        actions = payload.get("actions")
        action = actions[0] if isinstance(actions, list) and actions else None
        if not isinstance(action, dict):
            return None
        return Pressed(
            user=user,
            channel=_text(_table(payload, "channel"), "id"),
            action=_text(action, "action_id"),
            value=_text(action, "value"),
            trigger=_text(payload, "trigger_id"),
        )
    if kind == "view_submission":
        view = _table(payload, "view")
        values = _table(_table(view, "state"), "values")
        return Submitted(
            user=user,
            callback=_text(view, "callback_id"),
            about=_text(view, "private_metadata"),
            values={str(block): _read_value(fields) for block, fields in values.items()},
        )
    return None


def _read_value(fields: Any) -> str:
    """What one field of a form holds."""
    for each in fields.values() if isinstance(fields, dict) else ():
        if isinstance(each, dict):
            chosen = each.get("selected_option")
            return _text(chosen, "value") if isinstance(chosen, dict) else _text(each, "value")
    return ""


def read_event(payload: Any) -> Inbound | None:
    """An event: a pin, a reaction, or the question whose address this is."""
    if _text(payload, "type") == "url_verification":
        return Challenge(challenge=_text(payload, "challenge"))
    event, name = _table(payload, "event"), _text(payload, "event_id")
    item, kind = _table(event, "item"), _text(event, "type")
    if kind == "pin_added":
        message = _table(item, "message")
        return Marked(
            user=_text(event, "user"),
            channel=_text(event, "channel_id") or _text(item, "channel"),
            ts=_text(message, "ts"),
            event=name,
            text=_text(message, "text")[:3000],
        )
    if kind == "reaction_added" and _text(item, "type") == "message":
        return Marked(
            user=_text(event, "user"),
            channel=_text(item, "channel"),
            ts=_text(item, "ts"),
            event=name,
            name=_text(event, "reaction")[:60],
        )
    return None


def _table(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
