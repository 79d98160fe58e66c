"""Exceptions to a team's schedules, and who may read them as a calendar: events of the stream `team/NAME`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.timeline.events.kinds import Fact


class OverrideSet(Fact, frozen=True, kw_only=True):
    """`person` has the duty of `schedule` from `starts_at` to `ends_at`; of `instead` alone where somebody is named."""

    override: str
    schedule: str
    person: str
    starts_at: datetime
    ends_at: datetime
    by: str
    reason: str
    instead: str = ""


class OverrideEnded(Fact, frozen=True, kw_only=True):
    """An override, or both halves of a swap, is over before its time."""

    override: str
    by: str


class LeftStretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that stays with whoever has it."""

    starts_at: datetime
    ends_at: datetime


class SwappedShift(msgspec.Struct, frozen=True, kw_only=True):
    """Half of a swap: `person` has the shift that is `instead`'s. `left` are other stretches of the same turn, which
    stay `instead`'s; so many `more` are not listed.
    """

    person: str
    instead: str
    starts_at: datetime
    ends_at: datetime
    left: tuple[LeftStretch, ...] = ()
    more: int = 0


class ShiftsSwapped(Fact, frozen=True, kw_only=True):
    """Two people exchange shifts of a schedule. Both halves stand here: neither holds without the other."""

    swap: str
    schedule: str
    shifts: tuple[SwappedShift, ...]
    by: str
    reason: str


class FeedOpened(Fact, frozen=True, kw_only=True):
    """Whoever knows the secret of which this is the digest may read shifts: of a `person`, or of a `schedule`."""

    feed: str
    digest: str
    by: str
    person: str = ""
    schedule: str = ""


class FeedRevoked(Fact, frozen=True, kw_only=True):
    """That secret opens nothing any more."""

    feed: str
    by: str


class HandoffSummarised(Fact, frozen=True, kw_only=True):
    """Schedules changed hands at `handoff_at`; what there is to tell of the time before stands in `summary`
    (Markdown, people by their ids).

    `line` is the playbook's that wants it told; `late_s` how long after the hand-off it was noticed.
    """

    handoff_at: datetime
    schedules: tuple[str, ...]
    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]
    summary: str
    line: int | None = None
    late_s: int = 0


class HandoffTold(Fact, frozen=True, kw_only=True):
    """A person was sent that summary (`how`), or could not be (`why`): it stands on the screen in any case."""

    handoff_at: datetime
    person: str
    how: str = ""
    why: str = ""


class GapTold(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch in which nobody is on duty; without an end it reached farther than was looked. `hours` are those of the
    schedule where these leave it, again and again.
    """

    schedule: str
    starts_at: datetime
    ends_at: datetime | None = None
    hours: str = ""


class GapsTold(Fact, frozen=True, kw_only=True):
    """A person was told of gaps ahead (`how`), or nobody could be (`why`): they stand on the screen in any case."""

    gaps: tuple[GapTold, ...]
    person: str = ""
    how: str = ""
    why: str = ""
