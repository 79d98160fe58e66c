"""How many errands may be on their way to each destination at once.

A destination has its few places. A channel that has not taken a page for a moment may be out of order without anybody
knowing: it is asked with one page first, and each page that it takes doubles what it is trusted with. So one attempt
finds out that it has broken down, not as many as there are places; a healthy one is at full width after three answers
in a row. While a channel is known to be out of order its places are free: nothing is sent to it (`breaker.py`), and
what has another way shall not wait.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from tocsin.engine.breaker import Breakers

PLACES = {"channel": 8, "target": 2}
OF_OTHERS = 4
TRUSTED_FOR = timedelta(seconds=1)
"""So long after it last took a page, a channel with nothing on its way is asked with one page first."""


class Places:
    """Those of all destinations. `most` are the places of destinations that can take more than others."""

    def __init__(self, breakers: Breakers) -> None:
        self.most: dict[str, int] = {}
        self._breakers = breakers
        self._taken: Counter[str] = Counter()
        self._trust: dict[str, int] = {}
        self._shown_at: dict[str, datetime] = {}

    def count_left(self, to: str) -> int:
        """How many more errands may go there now; at most nought where it is full."""
        return self._width(to) - self._taken[to]

    def is_half_free(self, to: str) -> bool:
        """Whether it is worth looking for more."""
        return self._taken[to] <= self._width(to) // 2

    def find_full(self) -> list[str]:
        """The destinations to which nothing more may go."""
        return [to for to in self._taken if self.count_left(to) <= 0]

    def take(self, to: str) -> None:
        """An errand is on its way."""
        self._taken[to] += 1

    def give_back(self, to: str) -> None:
        """An errand has ended, or does not go after all."""
        self._taken[to] -= 1

    def trust(self, to: str, now: datetime) -> None:
        """A page was taken."""
        self._shown_at[to] = now
        self._trust[to] = min(2 * self._trust.get(to, 1), self._most(to))

    def distrust(self, to: str) -> None:
        """A page was not taken."""
        self._trust.pop(to, None)

    def age(self, now: datetime) -> None:
        """What has been idle for a while is trusted no more."""
        for to in [to for to in self._trust if not self._taken[to] and now - self._shown_at[to] > TRUSTED_FOR]:
            del self._trust[to]

    def _width(self, to: str) -> int:
        if not to.startswith("channel:") or self._breakers.is_open(to):
            return self._most(to)
        return self._trust.get(to, 1)

    def _most(self, to: str) -> int:
        return self.most.get(to) or PLACES.get(to.partition(":")[0], OF_OTHERS)
