"""When something is asked of a chat system or a tracker again: each time later, and not without end."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.incident.errand import Asked

FIRST_WAIT_S = 15
LONGEST_WAIT_S = 900
MOST_TRIES = 40
"""About nine hours of trying; then a person is needed, and the duty is late anyway."""


def find_again(asked: Asked | None, now: datetime) -> tuple[bool, datetime | None]:
    """Whether to ask now, and if not, when to look again (null: not before something happens)."""
    if asked is None:
        return True, None
    if asked.state != "failed" or not asked.passing or asked.tries >= MOST_TRIES:
        return False, None
    at = asked.at + timedelta(seconds=min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (asked.tries - 1)))
    return at <= now, None if at <= now else at
