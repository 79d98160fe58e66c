"""Which destinations are out of order, and when each is tried again: a circuit breaker for each.

The first failure opens it. From then on one attempt at a time is let through, at growing distances, until one succeeds.
What was under way when it opened or closed says nothing new. The distances differ by destination and attempt, by a
hash, so that not everything that failed at one moment comes again at one moment; nothing is random, and `now` is given.
A destination that asks for patience (`Retry-After`) has it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

FIRST_S, LONGEST_S = 0.65, 2.5
"""Between two attempts at a destination that is out of order, at most: so it has at most two a second, and what waits
for it goes out within seconds of its recovery.
"""
SPREAD = 0.2
"""By so much of it, at most, a distance is shorter."""
IDLE = timedelta(seconds=60)
"""After so long in which nobody has tried it, what was out of order may be tried instead of what is."""


class Fault(msgspec.Struct, kw_only=True):
    """A destination that is out of order: `first_at` the opening, `tried_at` the last attempt since, if any."""

    first_at: datetime
    retry_at: datetime
    tried_at: datetime | None = None
    failures: int = 1


class Breakers:
    """Those of all destinations. One that is not known is in order."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._mended: dict[str, datetime] = {}
        self._patience: dict[str, timedelta] = {}

    def is_open(self, to: str) -> bool:
        """Whether a destination is out of order, as far as is known."""
        return to in self._faults

    def list_open(self) -> list[tuple[str, datetime]]:
        """Every destination that is out of order, with since when."""
        return sorted((to, fault.first_at) for to, fault in self._faults.items())

    def is_hopeful(self, to: str, now: datetime) -> bool:
        """Whether it is in order, or nobody has looked for so long that it may be."""
        fault = self._faults.get(to)
        return fault is None or now >= fault.retry_at + IDLE

    def is_ripe(self, to: str, now: datetime) -> bool:
        """Whether an attempt would be let through."""
        fault = self._faults.get(to)
        return fault is None or now >= fault.retry_at

    def admit(self, to: str, now: datetime) -> bool:
        """Let an attempt through, or not; the next one only after a while."""
        fault = self._faults.get(to)
        if fault is None:
            return True
        if now < fault.retry_at:
            return False
        fault.tried_at, fault.retry_at = now, now + find_wait(to, fault.failures)
        return True

    def heed(self, to: str, after_s: float) -> None:
        """A destination has asked to be left alone for so long; the failure that says so is told next."""
        self._patience[to] = timedelta(seconds=after_s)

    def fail(self, to: str, begun: datetime, now: datetime) -> None:
        """An attempt that was let through at `begun` has failed."""
        fault, asked = self._faults.get(to), now + self._patience.pop(to, timedelta())
        if fault is None:
            if begun >= self._mended.get(to, begun):
                self._faults[to] = Fault(first_at=now, retry_at=max(asked, now + find_wait(to, 0)))
        elif fault.tried_at is not None and begun >= fault.tried_at:
            fault.failures += 1
            fault.retry_at = max(fault.retry_at, asked, now + find_wait(to, fault.failures - 1))

    def mend(self, to: str, now: datetime) -> bool:
        """An attempt has succeeded; whether the destination was out of order until now."""
        if self._faults.pop(to, None) is None:
            return False
        self._mended[to] = now
        return True

    def tell(self, to: str) -> str:
        """Since when and how often, for people."""
        fault = self._faults.get(to)
        if fault is None:
            return ""
        times = "once" if fault.failures == 1 else f"{fault.failures} times"
        return f"out of order since {fault.first_at:%H:%M:%S} UTC, tried {times}"

    def find_retry(self, to: str) -> datetime | None:
        """When it is tried again; null if it is in order."""
        fault = self._faults.get(to)
        return fault.retry_at if fault is not None else None


def find_wait(to: str, failures: int) -> timedelta:
    """The distance to the next attempt after so many further failures."""
    longest = min(FIRST_S * 2 ** min(failures, 8), LONGEST_S)
    part = hashlib.sha256(f"{to}:{failures}".encode()).digest()[0] / 255
    return timedelta(seconds=longest * (1 - SPREAD * part))
