"""Duties, and the exceptions that people make.

What ends a duty carries its words and its playbook line, so that an entry can be read by itself. Entries of earlier
versions lack both: `incident/obligation.py` looks them up.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.timeline.events.kinds import Fact


class ObligationArmed(Fact, frozen=True, kw_only=True):
    """A duty began to count: `duty` is its kind, `line` the playbook line that states it."""

    key: str
    duty: str
    what: str
    due_at: datetime
    owner: str
    line: int | None = None


class ObligationLate(Fact, frozen=True, kw_only=True):
    """A duty's time ran out unmet."""

    key: str
    words: str = ""
    line: int | None = None
    due_at: datetime | None = None


class ObligationDropped(Fact, frozen=True, kw_only=True):
    """A duty no longer applies."""

    key: str
    why: str
    words: str = ""
    line: int | None = None


class ObligationMet(Fact, frozen=True, kw_only=True):
    """A person says that a duty is done."""

    key: str
    by: str
    note: str = ""
    words: str = ""
    line: int | None = None


class ObligationWaived(Fact, frozen=True, kw_only=True):
    """A person set a duty aside, with a reason."""

    key: str
    by: str
    reason: str
    words: str = ""
    line: int | None = None


class ProhibitionLifted(Fact, frozen=True, kw_only=True):
    """The role that may lift a prohibition of line `line` did."""

    line: int
    by: str
    reason: str = ""
