"""The timed waits of an incident, as far as they have gone."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.words import Tells


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A timed wait, or (`watches`) a look-out after the fix: who began it, until when, and when it ended.

    With a `look` it is over as soon as that says so: by what it `tells`, for what is `wanted`.
    """

    step: str
    by: str
    begun_at: datetime
    until: datetime
    watches: bool = False
    ended_at: datetime | None = None
    look: str = ""
    tells: Tells = Tells.EXIT
    wanted: str = ""
    every_s: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it lasts still."""
        return self.ended_at is None
