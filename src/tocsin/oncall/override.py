"""Exceptions to a schedule: somebody takes over for a while, or two people exchange shifts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec


class Override(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`person` has the duty of `schedule` from `starts_at` to `ends_at`; of `instead` alone where somebody is named.

    `by` is who set it, with a `reason`. The two halves of a swap have the same `id`. Of two that overlap the one that
    was set later holds.
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
