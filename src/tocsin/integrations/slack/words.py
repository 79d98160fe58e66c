"""Words as Slack shows them: what strangers wrote mentions nobody and links nowhere.

Texts go out as plain text blocks, which Slack does not read; the line beside them that notifications show is escaped,
so that ``<!channel>`` in an alert's label stays letters. Only we call on people, in a block of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tocsin.timeline.redact import plain

MOST_BLOCK, MOST_LINE, MOST_BLOCKS = 2900, 250, 10
_LINK = re.compile(r"(?i)\b(https?|ftp|slack|mailto)(:)")
_MENTION = re.compile(r"@(?=\w)")
HERE = "<!here>"
Block = dict[str, Any]


def escape(text: str) -> str:
    """The text with its three special characters as entities, and nothing in it that Slack makes a link or a mention
    of by itself.
    """
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@\u200b", _LINK.sub("\\1\u200b\\2", safe))


def spell_line(text: str, *, here: bool = False) -> str:
    """What a notification shows."""
    first = next((line for line in plain(text).splitlines() if line.strip()), "")
    return f"{HERE} {escape(first[:MOST_LINE])}" if here else escape(first[:MOST_LINE])


def show_text(text: str, *, here: bool = False) -> list[Block]:
    """The text in blocks that Slack does not read."""
    shown = plain(text) or " "
    pieces = [shown[at : at + MOST_BLOCK] for at in range(0, len(shown), MOST_BLOCK)][:MOST_BLOCKS]
    call = [{"type": "section", "text": {"type": "mrkdwn", "text": HERE, "verbatim": True}}] if here else []
    return [*call, *({"type": "section", "text": show_plain(piece)} for piece in pieces)]


def show_plain(text: str) -> Block:
    """A text object that Slack does not read."""
    return {"type": "plain_text", "text": text, "emoji": False}


def show_buttons(buttons: Iterable[tuple[str, str, str]], *, name: str = "tocsin") -> Block:
    """A row of buttons: what each says, its action and its value."""
    elements = [
        {"type": "button", "text": show_plain(text[:75]), "action_id": action, "value": value[:2000]}
        for text, action, value in buttons
    ]
    return {"type": "actions", "block_id": name, "elements": elements}


def show_choice(block: str, label: str, options: Sequence[tuple[str, str]], *, optional: bool = False) -> Block:
    """A field of a form in which one of several is chosen: what each says, and its value."""
    listed = [{"text": show_plain(text[:75] or "-"), "value": value[:150]} for text, value in options[:100]]
    element = {"type": "static_select", "action_id": "choice", "options": listed}
    asked = {"block_id": block, "label": show_plain(label[:150]), "element": element}
    return {"type": "input", **asked, "optional": optional}


def show_field(block: str, label: str, *, optional: bool = False, long: bool = False) -> Block:
    """A field of a form in which something is written."""
    element = {"type": "plain_text_input", "action_id": "text", "multiline": long, "max_length": 2000}
    return {
        "type": "input",
        "block_id": block,
        "label": show_plain(label[:150]),
        "element": element,
        "optional": optional,
    }


def show_form(callback: str, title: str, fields: Sequence[Block], about: str) -> Block:
    """A form; `about` comes back with it."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": show_plain(title[:24]),
        "submit": show_plain("Send"),
        "close": show_plain("Cancel"),
        "private_metadata": about[:3000],
        "blocks": list(fields),
    }
