"""Named places where the process can be made to die, so that tests can show what survives.

The names are the boundaries between what is on disk and what is in the world. In ordinary service nothing is armed and
reaching one costs a dictionary look-up.
"""

from __future__ import annotations

from collections.abc import Callable

NAMES = (
    "intake.before_commit",
    "intake.after_commit",
    "command.before_commit",
    "command.after_commit",
    "timer.before_commit",
    "timer.after_commit",
    "claim.after_commit",
    "page.before_send",
    "page.during_send",
    "page.after_send",
    "page.before_outcome_commit",
    "page.after_outcome_commit",
    "read.before_spawn",
    "read.during",
    "read.after",
    "read.before_outcome_commit",
    "read.after_outcome_commit",
    "change.before_start_commit",
    "change.after_start_commit",
    "change.during",
    "change.after",
    "change.before_outcome_commit",
    "change.after_outcome_commit",
    "blob.before_write",
    "blob.after_write",
)

HOUSE = (
    "removal.before_commit",
    "removal.after_commit",
    "blob.before_removal",
    "blob.after_removal",
)
"""Where what is over is taken away: hours apart, and on no incident's path."""

Reach = Callable[[str], None]


def pass_by(name: str) -> None:
    """Reaching a place that is not armed: nothing."""
