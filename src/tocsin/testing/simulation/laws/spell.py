"""A time in which alerts were to page nobody: surely, and maybe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

SLACK_S = 0.01
NEVER = float("inf")
Labels = Mapping[str, str]
Stretch = tuple[float, float]


class Spell(msgspec.Struct, frozen=True):
    """Something that hushed alerts of a team, or all of them where it has no matchers.

    `explained`: an alert did so, and nobody set an end.
    """

    team: str
    matchers: tuple[tuple[str, str], ...]
    sure: Stretch
    maybe: Stretch
    window: bool
    explained: bool = False

    def fits(self, labels: Labels) -> bool:
        """Whether an alert with these labels is meant."""
        return all(_fits(value, labels.get(name, "")) for name, value in self.matchers)


@lru_cache(maxsize=100_000)
def _fits(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value) is not None
