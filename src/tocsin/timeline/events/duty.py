"""Duties, and the exceptions that people make.

What ends a duty carries its words and its playbook line, so that an entry can be read by itself. Entries of earlier
versions lack both: `incident/obligation.py` looks them up.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

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


class Owed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A duty that people are told of for the `turn`-th time (1: before its deadline, 2: at it, then after it)."""

    key: str
    turn: int
    words: str
    due_at: datetime
    line: int | None = None


class DutiesReminded(Fact, frozen=True, kw_only=True):
    """Those who owe these duties are told so; nobody where `responders` is empty."""

    duties: tuple[Owed, ...]
    responders: tuple[str, ...] = ()


class DutiesEscalated(Fact, frozen=True, kw_only=True):
    """These duties are late for so long that `responders`, who do not owe them, hear of it; `who` is what they are."""

    duties: tuple[Owed, ...]
    responders: tuple[str, ...]
    who: str = ""


class ProhibitionLifted(Fact, frozen=True, kw_only=True):
    """The role that may lift a prohibition of line `line` did."""

    line: int
    by: str
    reason: str = ""
