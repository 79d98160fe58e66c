"""What boxes look like, remembered for a moment: to follow every path of a box to its end is most of what a step costs.

A change may turn the very links that were followed, so whoever runs one says so: nothing from before it is used again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.integrations.box import Box
from tocsin.integrations.isolation import Isolation, Layout

GOOD_FOR_S = 1.0
"""What somebody else does beside tocsin is seen after so long: a new workspace beside this one, a new socket."""
MOST = 64
ANY = Path("/")
"""Stands for every scratch: where it lies makes no difference to where it is put."""


class Layouts:
    """Those of the boxes that steps run in now."""

    def __init__(self) -> None:
        self._seen: dict[Box, tuple[float, Isolation, Layout]] = {}
        self._last: dict[Box, Layout] = {}
        self._changing = 0

    def find(self, isolation: Isolation, box: Box) -> Layout:
        """The layout of a box, as it is or was a moment ago."""
        same = msgspec.structs.replace(box, scratch=ANY if box.scratch else None)
        now, seen = time.monotonic(), self._seen.get(same)
        if seen is not None and seen[1] == isolation and now - seen[0] < GOOD_FOR_S:
            return seen[2]
        layout = isolation.lay_out(same)
        if len(self._last) >= MOST:
            self._seen.clear()
            self._last.clear()
        self._last[same] = layout
        if self._changing:
            return layout
        self._seen[same] = (now, isolation, layout)
        return layout

    def guess(self, isolation: Isolation, box: Box) -> Layout:
        """What it was like the last time, for what only makes ready: where it has changed since, no step begins."""
        same = msgspec.structs.replace(box, scratch=ANY if box.scratch else None)
        return self._last.get(same) or self.find(isolation, box)

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """The time of a change: nothing from before it is used again, and nothing seen meanwhile is remembered."""
        self._seen.clear()
        self._changing += 1
        try:
            yield
        finally:
            self._changing -= 1
