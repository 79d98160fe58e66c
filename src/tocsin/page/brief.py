"""A page in few words: for a banner on a phone, an SMS, a voice."""

from __future__ import annotations

from tocsin.page.message import PageMessage
from tocsin.timeline.line import fold

MOST_TITLE = 200


def title(message: PageMessage) -> str:
    """What it is and how bad, on one line."""
    if message.notice:
        return fold(message.title, MOST_TITLE)
    if message.outside:
        return fold(f"{message.title} ({message.number})", MOST_TITLE)
    return fold(f"[{message.severity}] {mark_due(message)}{message.title} ({message.number})", MOST_TITLE)


def mark_due(message: PageMessage) -> str:
    """What tells a word about duties from a page at first sight."""
    return "Due: " if message.is_due else ""


def brief(message: PageMessage, most: int, *, headed: bool = False) -> str:
    """Why you, since when and whether it was said before, at most `most` characters; no link but that of the
    bridge. `headed`: with what it is before.
    """
    if message.outside or message.notice:
        return fold(f"{f'{title(message)}: ' if headed else ''}{message.why}", most)
    parts = [
        *([title(message)] if headed else []),
        *(["AGAIN, sent once before a restart."] if message.repeat else []),
        *([f"LATE by {message.late_s // 60} min."] if message.late_s else []),
        f"{fold(message.team)}: {fold(message.why)}. Open since {message.opened_at:%H:%M} UTC.",
        *([f"{len(message.beside)} more waited: {', '.join(fold(each.number) for each in message.beside)}."]
          if message.beside else []),
        *([f"Bridge: {message.bridge}"] if message.bridge else []),
        *([f"Next: {', '.join(fold(who) for who in message.next.who)} at {message.next.at:%H:%M} UTC."]
          if message.next else []),
    ]  # fmt: skip
    return fold(" ".join(parts), most)


def say(message: PageMessage) -> str:
    """The page as a voice reads it: no signs that it would spell out."""
    if message.outside:
        return f"{'This is a repeat. ' if message.repeat else ''}{fold(message.why, 1200)}"
    again = "This is a repeat. " if message.repeat else ""
    bridge = " The bridge is open." if message.bridge else ""
    said = f"{again}Severity {fold(message.severity, 40)}. {fold(message.title, 200)}. Team {fold(message.team, 80)}."
    return said + bridge
