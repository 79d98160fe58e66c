"""What several people do at the same moment: who is asked, who is ready, and when it goes."""

from __future__ import annotations

from datetime import datetime

from tocsin.timeline.events.kinds import Fact


class BarrierCalled(Fact, frozen=True, kw_only=True):
    """A step waits until each of the `operators` has said that they are ready; then `countdown_s` is counted down."""

    step: str
    operators: tuple[str, ...]
    countdown_s: int
    by: str


class OperatorReady(Fact, frozen=True, kw_only=True):
    """An operator is ready. `where` they stand (a height, a version) may be said: all must stand at the same."""

    step: str
    by: str
    where: str = ""


class BarrierHeld(Fact, frozen=True, kw_only=True):
    """It does not go: everybody says anew that they are ready."""

    step: str
    by: str
    reason: str = ""


class CountdownBegun(Fact, frozen=True, kw_only=True):
    """All are ready, at the same `where` if they said one: it goes at `go_at`."""

    step: str
    go_at: datetime
    where: str = ""


class BarrierPassed(Fact, frozen=True, kw_only=True):
    """The moment has come: everybody does it now. `by_hand`: the operators do, and nothing is run."""

    step: str
    by_hand: bool = False
