"""What is kept of an alert, and what a signal changes about it.

Alerts are not part of an incident's timeline: a repeat costs an update of one row and nothing else. Only a change that
matters to an incident becomes an event.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from tocsin.alert.fingerprint import find_fingerprint
from tocsin.alert.signal import Timed


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


class Change(StrEnum):
    """What a signal means for what is known."""

    NEW = "new"
    REPEAT = "repeat"
    RESOLVED = "resolved"
    NOTHING = "nothing"


def merge(row: AlertRow | None, timed: Timed, team: str, now: datetime) -> tuple[AlertRow, Change]:
    """The row after a signal, and what that means.

    While an alert fires, Alertmanager's merge holds: the earliest start, the latest end. A resolve of an alert that is
    not firing changes nothing, so that late and doubled resolves are harmless.
    """
    fresh = _fresh(timed, team, now)
    if row is None:
        return fresh, Change.NEW if timed.firing else Change.NOTHING
    if not timed.firing:
        after = msgspec.structs.replace(row, firing=False, ends_at=timed.ends_at, updated_at=now)
        return after, Change.RESOLVED if row.firing else Change.NOTHING
    if not row.firing:
        return fresh, Change.NEW
    merged = msgspec.structs.replace(
        fresh,
        starts_at=min(row.starts_at, timed.starts_at),
        ends_at=max(row.ends_at, timed.ends_at),
        incident=row.incident,
    )
    return merged, Change.REPEAT


def _fresh(timed: Timed, team: str, now: datetime) -> AlertRow:
    signal = timed.signal
    return AlertRow(
        team=team,
        fingerprint=find_fingerprint(signal.labels),
        labels=signal.labels,
        annotations=signal.annotations,
        starts_at=timed.starts_at,
        ends_at=timed.ends_at,
        updated_at=now,
        firing=timed.firing,
        generator_url=signal.generator_url,
    )
