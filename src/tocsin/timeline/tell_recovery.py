"""How much data was lost, as one sentence."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.timeline import events as e

UNITS = ((86400, 3600, "d", "h"), (3600, 60, "h", "min"), (60, 1, "min", "s"))


def tell_recovery(event: e.Event, name: Callable[[str], str]) -> str | None:
    """What the event says, as a sentence without a full stop; null for any other event."""
    if not isinstance(event, e.RecoveryPointTold):
        return None
    lost = spell_lost((event.until - event.point).total_seconds())
    where = f", line {event.line} allows" if event.line else ", allowed are"
    allowed = f"{where} {spell_lost(event.allowed_s, 'none')}" if event.allowed_s is not None else ""
    note = f": {event.note}" if event.note else ""
    point = f"{event.point:%Y-%m-%d %H:%M} UTC"
    return f"{name(event.by)}: the data can be brought back as of {point}; {lost} of it lost{allowed}{note}"


def spell_lost(seconds: float, nothing: str = "nothing") -> str:
    """A length of time, its two largest units: ``50 min``, ``1 h 20 min``."""
    whole = max(0, round(seconds))
    for unit, below, big_name, small_name in UNITS:
        if whole >= unit:
            small = whole % unit // below
            return f"{whole // unit} {big_name}" + (f" {small} {small_name}" if small else "")
    return f"{whole} s" if whole else nothing
