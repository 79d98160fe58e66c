"""Who cannot be reached as the settings are, which is found out before a page fails on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.oncall.personal import list_tries
from tocsin.oncall.settings import Person
from tocsin.words import Urgency

NEEDS = {"smtp": ("mail", "a mail address"), "twilio": ("phone", "a phone number")}
"""What a channel of some kind needs of a person: the field, and how it is called."""
SHOWS_ONLY = "terminal"


def find_unreachable(person: Person, channels: Mapping[str, msgspec.Struct]) -> str:
    """Why nobody reaches a person, as the end of a sentence; empty if one of their channels may work, and one of those
    that they want for what is urgent.
    """
    if not person.channels:
        return "has no channel"
    why = _find_lacks(person, person.channels, channels)
    if why:
        return f"has no channel that works ({why})"
    wanted = [each.channel for each in list_tries(person, Urgency.HIGH)]
    if person.rules.high and not wanted:
        return "has a rule for what is urgent, and none of its channels is theirs any more: all their channels are used"
    why = _find_lacks(person, wanted, channels) if wanted else ""
    return f"has a rule for what is urgent without a channel that works ({why})" if why else ""


def _find_lacks(person: Person, wanted: Iterable[str], channels: Mapping[str, msgspec.Struct]) -> str:
    """What each of these channels lacks; empty if one of them may work."""
    lacks: list[str] = []
    for name in wanted:
        kind = str(getattr(channels.get(name), "kind", SHOWS_ONLY))
        field, what = NEEDS.get(kind, ("", ""))
        if kind == SHOWS_ONLY:
            lacks.append("the terminal is only where the server runs")
        elif field and not getattr(person, field):
            lacks.append(f"{name} needs {what}")
        else:
            return ""
    return "; ".join(dict.fromkeys(lacks))
