"""Exceptions to a schedule: somebody takes over for a while, or two people exchange shifts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from tocsin.errors import BadInput

KEPT = timedelta(days=14)
"""How long one that is over is still known: the calendar of the last days shows it."""
LONGEST = timedelta(days=366)
MOST_OVERRIDES = 1000


class Override(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`person` has the duty of `schedule` from `starts_at` to `ends_at`; of `instead` alone where somebody is named.

    `by` is who set it, with a `reason`. The two halves of a swap have the same `id`. Of two that overlap the one that
    was set later holds. `left` are the other stretches of the same turn, which a swap left with `instead`.
    """

    id: str
    schedule: str
    person: str
    starts_at: datetime
    ends_at: datetime
    instead: str = ""
    by: str = ""
    reason: str = ""
    swapped: bool = False
    left: tuple[tuple[datetime, datetime], ...] = ()

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at `at`."""
        return self.starts_at <= at < self.ends_at


def apply_overrides(people: tuple[str, ...], overrides: Iterable[Override], at: datetime) -> tuple[str, ...]:
    """Who has the duty in place of `people`; the overrides in the order in which they were set."""
    for each in overrides:
        if not each.holds(at):
            continue
        if not each.instead:
            people = (each.person,)
        elif each.instead in people:
            people = tuple(dict.fromkeys(each.person if one == each.instead else one for one in people))
    return people


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever knows the secret behind `digest` may read the shifts of a `person`, or of a `schedule`."""

    id: str
    digest: str
    by: str
    since: datetime
    person: str = ""
    schedule: str = ""


def drop_over(overrides: Iterable[Override], at: datetime) -> tuple[Override, ...]:
    """Those that are not long over."""
    return tuple(each for each in overrides if each.ends_at > at - KEPT)


def check_override(starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> None:
    """Raise `BadInput` for an override that makes no sense, or that nobody gives a reason for."""
    if starts_at >= ends_at:
        raise BadInput("An override must start before it ends.")
    if ends_at <= now:
        raise BadInput("An override must end later than now.")
    if ends_at - starts_at > LONGEST:
        raise BadInput(f"An override lasts {LONGEST.days} days at most; change the schedule in tocsin.toml instead.")
    if not reason.strip():
        raise BadInput("Say why: whoever is called instead reads it.")
