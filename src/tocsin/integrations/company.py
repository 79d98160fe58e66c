"""Which steps are in one scratch at the same time: what is written there meanwhile is surely of none of them alone."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


class Stay:
    """One step's time in a scratch, from the first look at it to the last."""

    def __init__(self, step: str, met: list[Stay]) -> None:
        self._step, self._met, self._ran = step, met, False

    def run(self) -> None:
        """It runs from now on; one that only looked and shared another's answer has written nothing."""
        self._ran = True

    def meet(self, other: Stay) -> None:
        """Somebody else has come."""
        self._met.append(other)

    def name_others(self) -> tuple[str, ...]:
        """The other steps that have run here meanwhile."""
        return tuple(dict.fromkeys(each._step for each in self._met if each._ran and each._step != self._step))


class Company:
    """Who is in which scratch now."""

    def __init__(self) -> None:
        self._present: defaultdict[Path, list[Stay]] = defaultdict(list)

    @contextlib.contextmanager
    def join(self, folder: Path | None, step: str) -> Iterator[Stay]:
        """A step's stay in a scratch; null for one that has none, where nobody meets anybody."""
        if folder is None:
            yield Stay(step, [])
            return
        present = self._present[folder]
        stay = Stay(step, list(present))
        for other in present:
            other.meet(stay)
        present.append(stay)
        try:
            yield stay
        finally:
            present.remove(stay)
            if not present:
                self._present.pop(folder, None)
