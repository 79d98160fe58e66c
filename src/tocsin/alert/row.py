"""What is kept of an alert, and what a signal changes about it.

Alerts are not part of an incident's timeline: a repeat costs an update of one row and nothing else. Only a change that
matters to an incident becomes an event.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from tocsin.alert.signal import RESOLVE_TIMEOUT, TELLS_ITSELF, Timed


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it is known now, keyed by team and fingerprint; `incident` is the stream that it belongs to."""

    team: str
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    firing: bool
    generator_url: str = ""
    incident: str | None = None

    def is_silent(self, now: datetime) -> bool:
        """Whether it fires by what was said last, and its source has let the end of that pass without a word.

        Alertmanager counts such an alert as resolved; for an incident silence is no all-clear, so nothing follows.
        """
        return self.firing and self.ends_at <= now

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname", "")


class Times(Protocol):
    """What is kept of when an alert starts and ends, and of when it was heard of."""

    @property
    def starts_at(self) -> datetime: ...

    @property
    def ends_at(self) -> datetime: ...

    @property
    def updated_at(self) -> datetime: ...


class Change(StrEnum):
    """What a signal means for what is known."""

    NEW = "new"
    REPEAT = "repeat"
    RESOLVED = "resolved"
    NOTHING = "nothing"


def merge(row: AlertRow | None, timed: Timed, team: str, now: datetime) -> tuple[AlertRow, Change]:
    """The row after a signal, and what that means."""
    return merge_row(row, begin_row(timed, team, now), firing=timed.firing)


def merge_row(row: AlertRow | None, fresh: AlertRow, *, firing: bool) -> tuple[AlertRow, Change]:
    """The row after a signal that by itself would be `fresh`, and what that means.

    A resolve of an alert that is not firing changes nothing, so that late and doubled resolves are harmless.
    """
    if row is None:
        return fresh, Change.NEW if firing else Change.NOTHING
    now = fresh.updated_at
    starts_at, ends_at = join_times(row, (fresh.starts_at, fresh.ends_at), now)
    if not firing:
        after = msgspec.structs.replace(row, firing=False, starts_at=starts_at, ends_at=ends_at, updated_at=now)
        return after, Change.RESOLVED if row.firing else Change.NOTHING
    joined = msgspec.structs.replace(fresh, starts_at=starts_at, ends_at=ends_at)
    if not row.firing:
        return joined, Change.NEW
    return msgspec.structs.replace(joined, incident=row.incident), Change.REPEAT


def join_times(before: Times, fresh: tuple[datetime, datetime], now: datetime) -> tuple[datetime, datetime]:
    """The start and end of what was known and what is said now, by Alertmanager's rules.

    Only what overlaps is joined (`provider/mem/mem.go`): then the earliest start holds, and the latest end unless it
    was only assumed or one of the two is over (`types.Alert.Merge`). An end counts as assumed if it lies exactly where
    the last signal's would; one that was said, then left unsaid and then said to be earlier stays the later one here.
    """
    starts_at, ends_at = fresh
    if not (before.starts_at < ends_at < before.ends_at or before.starts_at < starts_at < before.ends_at):
        return fresh
    if ends_at <= now:
        latest = before.ends_at <= now
    else:
        latest = before.ends_at - before.updated_at not in (RESOLVE_TIMEOUT, TELLS_ITSELF)
    return min(before.starts_at, starts_at), max(before.ends_at, ends_at) if latest else ends_at


def begin_row(timed: Timed, team: str, now: datetime) -> AlertRow:
    """The row of a signal of which nothing is known yet."""
    signal = timed.signal
    return AlertRow(
        team=team,
        fingerprint=signal.fingerprint,
        labels=signal.labels,
        annotations=signal.annotations,
        starts_at=timed.starts_at,
        ends_at=timed.ends_at,
        updated_at=now,
        firing=timed.firing,
        generator_url=signal.generator_url,
    )
