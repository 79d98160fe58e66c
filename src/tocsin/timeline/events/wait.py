"""Timed waits of the playbook: when one began and until when it lasts, and how it ended."""

from __future__ import annotations

from datetime import datetime

from tocsin.timeline.events.kinds import Fact
from tocsin.words import Tells


class WaitBegun(Fact, frozen=True, kw_only=True):
    """A step that waits until then. `watches`: what fires again meanwhile ends it, since the fix did not hold.

    With a `look` (a step) it is over before that once the look says so, which is asked every `every_s` seconds: by its
    exit code, by `wanted` in its output (somewhere, nowhere, in each line), or by the predicate of that name.
    """

    step: str
    until: datetime
    by: str
    watches: bool = False
    look: str = ""
    tells: Tells = Tells.EXIT
    wanted: str = ""
    every_s: float = 0.0


class WaitEnded(Fact, frozen=True, kw_only=True):
    """A wait is over: in its time, or before it, by a person who says why. `passed`: what it was for has held."""

    step: str
    by: str
    reason: str = ""
    passed: bool = True
