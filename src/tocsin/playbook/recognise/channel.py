"""Chat channels: by name, or by the pattern that an incident's own channel is named after.

A channel is known by its ``#``. Anchors of links, fragments of addresses, issue numbers, colours and samples inside
templates are none. ``#inc-YYYYMMDD-desc`` and ``#inc-YYYYMMDD-<description>`` are one channel: the first writing
stands. What a channel is for stands behind its name, at its first mention or a later one.
"""

from __future__ import annotations

import re

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import ChatChannel

_CHANNEL = compile_late(
    r"(?<![\w/&#\]=.?-])#(?P<name>[a-z][\w-]*(?:(?:<[\w -]+>|\{[\w -]+\}|\[[\w -]+\])[\w-]*)*)(?![\w(;])", re.IGNORECASE
)
_LINK = compile_late(r"\]\([^)]*\)|https?://\S+|<a [^>]*>|\{#[\w.:-]+\}\s*$")
_DATED = compile_late(
    r"YYYY|YY-?MM|MM-?DD|DATE|\d{4}-?\d{2}-?\d{2}|<[\w -]+>|\{[\w -]+\}|\[[\w -]+\]|-X+\b|NNN|\bID\b", re.IGNORECASE
)
_BLANK = compile_late(
    r"<[^>]*>|\{[^}]*\}|\[[^\]]*\]|(?<=-)(?:desc(?:ription)?|name|title|slug|topic|short-desc\w*|summary|service|"
    r"brief-description)\b",
    re.IGNORECASE,
)
_NO_CHANNEL = compile_late(
    r"^(?:[0-9a-f]{3}|[0-9a-f]{6}|include|define|if|endif|todo|fixme|pragma|l\d+|region|heading)$", re.IGNORECASE
)
_CHAT = compile_late(
    r"slack|channel|chat|discord|teams\b|mattermost|zulip|rocket|matrix|irc|\bpost(?:s|ed)? (?:in|to)\b|room|\bin #|"
    r"\bto #|notif|announce|telegram|"
    r"communicat|ping|message|canal|workspace|join|ask in|`#",
    re.IGNORECASE,
)
_PURPOSE = compile_late(
    r"[`*_]*\s*(?:(?:channel|room)?\s+for\s+|(?:channel|room)?\s*(?:[-–—:|]|->|→)\s+)(?P<purpose>[^|]*[^\W\d_]{3,}[^|]*)",
    re.IGNORECASE,
)
MOST_PURPOSE = 200
_SAMPLE = compile_late(r"\d{4}-\d{2}-\d{2}|\d{8}")


def recognise(draft: Draft) -> None:
    """Find the channels, each at its first mention."""
    found: dict[str, ChatChannel] = {}
    for block in draft.outline.blocks:
        if "#" not in block.raw and "#" not in block.value and block.kind is not Kind.TABLE:
            continue
        for line, text in _lines(block):
            if "#" in text:
                _read(line, text, block, found)
    draft.channels = list(found.values())


def _lines(block: Block) -> list[tuple[int, str]]:
    if block.kind is Kind.LABEL:
        return [(block.line, f"{block.raw} {block.value}")]
    if block.kind in (Kind.HEADING, Kind.ITEM, Kind.TEXT):
        return [(block.line + offset, line) for offset, line in enumerate(block.raw.split("\n"))]
    if block.kind is Kind.TABLE:
        return [(row.line, " | ".join(row.cells)) for row in block.rows]
    return []


def _read(line: int, raw: str, block: Block, found: dict[str, ChatChannel]) -> None:
    text = _LINK.sub(" ", raw)
    for match in _CHANNEL.finditer(text):
        name = match["name"].rstrip("_-")
        key = _BLANK.sub("*", name).lower()
        if len(name) < 2 or _NO_CHANNEL.match(name) or _SAMPLE.search(name):
            continue
        if key not in found and (_CHAT.search(text) or _in_chat_part(block)):
            found[key] = ChatChannel(name=f"#{name}", dated=_DATED.search(name) is not None, line=line)
        if key in found and not found[key].purpose and (purpose := _read_purpose(text[match.end() :])):
            found[key] = msgspec.structs.replace(found[key], purpose=purpose, purpose_line=line)


def _read_purpose(rest: str) -> str:
    """What a channel is for, from what follows its name: ``- Post-incident reviews``, ``| Coordination``, ``channel for
    real-time updates``.
    """
    told = _PURPOSE.match(rest)
    return inline.clean(told["purpose"]).strip(" .|")[:MOST_PURPOSE] if told else ""


def _in_chat_part(block: Block) -> bool:
    return any(above.kind in (Kind.HEADING, Kind.LABEL) and _CHAT.search(above.title) for above in block.ancestors())
