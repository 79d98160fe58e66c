"""A signal: one inbound message about one alert, whatever format it came in."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

RESOLVE_TIMEOUT = timedelta(minutes=5)
"""Alertmanager's default for a signal that says no end: it counts as firing for so long without being repeated."""

TELLS_ITSELF = timedelta(hours=120)
"""For a source that says so itself when an alert is over, and repeats it rarely: as Alertmanager does to a webhook.

Its `repeat_interval` can be no longer than its retention, whose default this is.
"""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a source said of an alert. Null times were not given; `resolved` is set where the format says so itself."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = ""
    resolved: bool | None = None

    @property
    def name(self) -> str:
        """The alert's name, as its rule calls it."""
        return self.labels.get("alertname", "")


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The signals of one message that make sense, and a sentence for each that does not."""

    signals: tuple[Signal, ...]
    errors: tuple[str, ...] = ()


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """A signal with both its times settled by Alertmanager's rules; `timed_out` when its end is only assumed."""

    signal: Signal
    starts_at: datetime
    ends_at: datetime
    firing: bool
    timed_out: bool


def settle_times(signal: Signal, now: datetime) -> Timed:
    """Settle the times as Alertmanager's API does: no start means now (or the end), no end means now + 5 minutes.

    A source that says by itself when it is over is believed for longer.
    """
    ends_at = signal.ends_at or now + (TELLS_ITSELF if signal.resolved is False else RESOLVE_TIMEOUT)
    starts_at = signal.starts_at or signal.ends_at or now
    firing = ends_at > now if signal.resolved is None else not signal.resolved
    return Timed(signal=signal, starts_at=starts_at, ends_at=ends_at, firing=firing, timed_out=signal.ends_at is None)
