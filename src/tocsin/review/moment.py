"""A moment of an incident, as it is told afterwards."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Mark(StrEnum):
    """What a moment is to a reader who looks for a certain one."""

    FIRED = "fired"
    OPENED = "opened"
    PAGED = "paged"
    ACKNOWLEDGED = "acknowledged"
    COMMANDER = "commander"
    CAUSE = "cause"
    MITIGATED = "mitigated"
    RESTORED = "restored"
    RESOLVED = "resolved"
    CLOSED = "closed"
    POSTED = "posted"
    OTHER = "other"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One moment: when, what (plain words, not yet Markdown) and through whom (a name, empty where nobody acted)."""

    at: datetime
    seq: int
    mark: Mark
    text: str
    who: str = ""
