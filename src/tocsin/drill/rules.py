"""Alerting rules in the small: metrics text in, pending, firing and resolved alerts out, with Prometheus' timing.

Pure: the moment is an argument. What is kept per rule, when an alert is sent again and what its end time says follow
Prometheus' rule manager (prometheus/prometheus: rules/alerting.go, cmd/prometheus SendAlerts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

RESOLVED_RETENTION = timedelta(minutes=15)
"""How long a resolved alert is still sent."""

Samples = Mapping[str, float]
"""Series, as written in the metrics text, to value; ``up`` says whether the scrape succeeded."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that must hold for ``hold`` before it fires; ``expression`` is its PromQL, for readers."""

    name: str
    expression: str
    holds: Callable[[Samples], bool]
    hold: timedelta
    summary: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it is sent; resolved when ``ends_at`` is not after the moment of sending."""

    rule: Rule
    starts_at: datetime
    ends_at: datetime
    resolved: bool


class Phase(StrEnum):
    """Where a rule stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Standing:
    """One rule's state over time."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.phase = Phase.INACTIVE
        self.active_at: datetime | None = None
        self.fired_at: datetime | None = None
        self._resolved_at: datetime | None = None
        self._sent_at: datetime | None = None

    def evaluate(self, samples: Samples, now: datetime) -> None:
        """Take in the outcome of one evaluation."""
        holds = self.rule.holds(samples)
        if holds and self.phase in {Phase.INACTIVE, Phase.RESOLVED}:
            self.phase, self.active_at, self.fired_at = Phase.PENDING, now, None
            self._resolved_at = self._sent_at = None
        if holds and self.phase is Phase.PENDING and self.active_at and now - self.active_at >= self.rule.hold:
            self.phase, self.fired_at = Phase.FIRING, now
        elif not holds and self.phase is Phase.PENDING:
            self.phase, self.active_at = Phase.INACTIVE, None
        elif not holds and self.phase is Phase.FIRING:
            self.phase, self._resolved_at = Phase.RESOLVED, now
        if self._resolved_at is not None and now - self._resolved_at > RESOLVED_RETENTION:
            self.phase, self._resolved_at = Phase.INACTIVE, None

    def due(self, now: datetime, resend: timedelta, valid: timedelta) -> Alert | None:
        """The alert to send at this moment, if any; it then counts as sent, whether or not it arrives."""
        if self.fired_at is None or self.phase not in {Phase.FIRING, Phase.RESOLVED}:
            return None
        fresh = self._sent_at is None or (self._resolved_at is not None and self._resolved_at > self._sent_at)
        if not fresh and self._sent_at is not None and now - self._sent_at < resend:
            return None
        self._sent_at = now
        ends = self._resolved_at if self._resolved_at is not None else now + valid
        return Alert(rule=self.rule, starts_at=self.fired_at, ends_at=ends, resolved=self._resolved_at is not None)


def read_samples(text: str) -> dict[str, float]:
    """Series and values of a metrics text; lines that are none are passed over."""
    samples: dict[str, float] = {}
    for line in text.splitlines():
        series, _, value = line.rpartition(" ")
        if series and not line.startswith("#"):
            try:
                samples[series] = float(value)
            except ValueError:
                continue
    return samples


def total(samples: Samples, metric: str, containing: str = "") -> float:
    """Sum over the series of a metric whose labels contain a text."""
    return sum(value for series, value in samples.items() if series.split("{")[0] == metric and containing in series)
