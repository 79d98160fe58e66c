"""How many errands may be on their way to a destination: each has its own places, so that none fills another's."""

from __future__ import annotations

from collections import Counter

PLACES = {"channel": 8, "target": 2}
OF_OTHERS = 4


class Places:
    """Those of all destinations. `most` are the places of destinations that can take more than others."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}
        self._taken: Counter[str] = Counter()

    def count_left(self, to: str) -> int:
        """How many more errands may go there now; at most nought where it is full."""
        return self.find_most(to) - self._taken[to]

    def is_half_free(self, to: str) -> bool:
        """Whether it is worth looking for more."""
        return self._taken[to] <= self.find_most(to) // 2

    def find_full(self) -> list[str]:
        """The destinations to which nothing more may go."""
        return [to for to, taken in self._taken.items() if taken and taken >= self.find_most(to)]

    def take(self, to: str) -> None:
        """An errand is on its way."""
        self._taken[to] += 1

    def give_back(self, to: str) -> None:
        """An errand has ended, or does not go after all."""
        self._taken[to] -= 1

    def find_most(self, to: str) -> int:
        """How many errands may be on their way there."""
        return self.most.get(to) or PLACES.get(to.partition(":")[0], OF_OTHERS)
