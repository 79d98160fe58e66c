"""Chance, from the seed alone: each user has dice of its own, so that one more throw here changes nothing there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Dice of one purpose. Not for secrets: whoever knows seed and purpose knows every throw."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._seed = seed
        self._random = random.Random(f"{seed}:{purpose}")  # noqa: S311 a simulation must be repeatable
        self.roll = self._random.random

    def chance(self, probability: float) -> bool:
        """Whether it comes about."""
        return self.roll() < probability

    def between(self, least: float, most: float) -> float:
        """A number between two, any as likely as the others."""
        return least + (most - least) * self.roll()

    def wait(self, mean: float, most: float = 1e9) -> float:
        """A time until something that comes at random, in the mean after `mean`."""
        return min(self._random.expovariate(1 / mean), most)

    def pick(self, among: Sequence[T]) -> T:
        """One of them."""
        return among[int(self.roll() * len(among))]

    def shuffle(self, among: Sequence[T]) -> list[T]:
        """All of them in another order."""
        return self._random.sample(among, len(among))
