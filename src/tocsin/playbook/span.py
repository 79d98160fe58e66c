"""Stretches of lines that nest: which of them does a line stand in?"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar


class Stretch(Protocol):
    """Something that runs from one line to another, both inclusive."""

    @property
    def line(self) -> int: ...

    @property
    def end_line(self) -> int: ...


T = TypeVar("T", bound=Stretch)


class Spans(dict[int, T | None], Generic[T]):
    """By line: the innermost stretch that it stands in, the one that began last among those that still run; or None."""

    def __init__(self, stretches: Iterable[T]) -> None:
        super().__init__()
        self._found = sorted(stretches, key=lambda stretch: stretch.line)
        self._lines = [stretch.line for stretch in self._found]
        self._outer: list[int] = []
        for index, stretch in enumerate(self._found):
            outer = index - 1
            while outer >= 0 and self._found[outer].end_line < stretch.line:
                outer = self._outer[outer]
            self._outer.append(outer)

    def __missing__(self, line: int) -> T | None:
        index = bisect.bisect_right(self._lines, line) - 1
        while index >= 0 and self._found[index].end_line < line:
            index = self._outer[index]
        found = self[line] = self._found[index] if index >= 0 else None
        return found
