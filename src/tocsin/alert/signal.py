"""A signal: one inbound message about one alert, whatever format it came in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tocsin.alert.fingerprint import find_fingerprint

RESOLVE_TIMEOUT = timedelta(minutes=5)
"""Alertmanager's default for a signal that says no end: it counts as firing for so long without being repeated."""

TELLS_ITSELF = timedelta(hours=120)
"""For a source that says so itself when an alert is over, and repeats it rarely: as Alertmanager does to a webhook.

Its `repeat_interval` can be no longer than its retention, whose default this is.
"""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a source said of an alert. Null times were not given; `resolved` is set where the format says so itself.

    `key` is the source's own name for the alert, where it has one: then labels may change, or be left out at the end.
    """

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = ""
    resolved: bool | None = None
    key: str = ""

    @property
    def fingerprint(self) -> str:
        """Which alert it is: by the source's key, else by its labels as Alertmanager counts them."""
        return find_fingerprint({"__key__": self.key} if self.key else self.labels)

    @property
    def name(self) -> str:
        """The alert's name, as its rule calls it."""
        return self.labels.get("alertname", "")


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a source asks of the incident to which its alert `key` belongs; an alert that it never sent asks nothing."""

    key: str
    verb: Literal["acknowledge", "note"]
    by: str
    text: str = ""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Something was changed on purpose: a deployment, a switch, a migration. It pages nobody, and explains much."""

    summary: str
    source: str = ""
    at: datetime | None = None
    link: str = ""
    details: dict[str, str] = {}


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What of one message makes sense, and a sentence for each part that does not."""

    signals: tuple[Signal, ...] = ()
    errors: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    changes: tuple[Changed, ...] = ()


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
