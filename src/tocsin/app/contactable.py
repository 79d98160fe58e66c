"""Who cannot be reached as the settings are, which is found out before a page fails on it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tocsin.oncall.settings import Person

NEEDS = {"smtp": ("mail", "a mail address"), "twilio": ("phone", "a phone number")}
"""What a channel of some kind needs of a person: the field, and how it is called."""
SHOWS_ONLY = "terminal"


def find_unreachable(person: Person, channels: Mapping[str, msgspec.Struct]) -> str:
    """Why nobody reaches a person, as the end of a sentence; empty if one of their channels may work."""
    if not person.channels:
        return "has no channel"
    lacks: list[str] = []
    for name in person.channels:
        kind = str(getattr(channels.get(name), "kind", SHOWS_ONLY))
        field, what = NEEDS.get(kind, ("", ""))
        if kind == SHOWS_ONLY:
            lacks.append("the terminal is only where the server runs")
        elif field and not getattr(person, field):
            lacks.append(f"{name} needs {what}")
        else:
            return ""
    return f"has no channel that works ({'; '.join(dict.fromkeys(lacks))})"
