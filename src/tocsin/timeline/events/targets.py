"""A step on several targets: what was asked of all of them, and what became of it on each."""

from __future__ import annotations

from math import isfinite
from typing import Literal

import msgspec

Order = Literal["parallel", "serial", "canary"]
Ended = Literal["ok", "failed", "not_run", "in_doubt"]


class Fan(msgspec.Struct, frozen=True, kw_only=True):
    """The targets of one step, and how it goes through them.

    At most `at_once` at a time; with `stops`, none begins after one has failed. `together`: all at the same moment, or
    none of them.
    """

    members: tuple[str, ...]
    order: Order = "parallel"
    at_once: int = 10
    stops: bool = True
    together: bool = False


class OnTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a step on one target. `identity` is as whom it ran there; outputs are blobs, redacted."""

    target: str
    state: Ended
    identity: str = ""
    exit_code: int | None = None
    duration_s: float | None = None
    stdout: str = ""
    stderr: str = ""
    head: str = ""
    cut: int = 0
    why: str = ""
    stdout_sealed: str = ""
    stderr_sealed: str = ""

    def __post_init__(self) -> None:
        require_finite(self.duration_s)


def require_finite(seconds: float | None) -> None:
    """Raises `ValueError` for what no bytes can hold: an event with it could never be read again."""
    if seconds is not None and not isfinite(seconds):
        raise ValueError(f"A duration is a finite number of seconds, not {seconds}.")
