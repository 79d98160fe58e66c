"""What boxes look like, remembered for a moment: to lay a box out is most of what a step costs.

A change may turn the very links that were followed. So once one has begun, and after a moment at the latest, what was
remembered is used only if every place that was passed on the way is what it was then: there or not, a folder, a link to
the same place, with the same rights. To look at these again costs a tenth of laying the box out anew.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tocsin.integrations.box import Box
from tocsin.integrations.isolation import Isolation, Layout
from tocsin.integrations.scratch import PLACES
from tocsin.integrations.sockets import find_sockets

GOOD_FOR_S = 1.0
"""What somebody else does beside tocsin is seen after so long: a new workspace beside this one, a new socket."""
MOST = 64
MOST_LINKS = 40
"""On the way to one place, as for the kernel."""
ANY = Path("/")
"""Stands for every scratch: where it lies makes no difference to where it is put."""

Sight = tuple[int, int, str] | None
"""Of one place: its kind and rights, its owner, and where it leads if it is a link; null where nothing is."""


class _Seen(msgspec.Struct):
    """A box's layout, and what that rests upon: the box as it was narrowed, when and by what it was made, all that was
    passed, and how many changes had begun or ended.
    """

    box: Box
    tight: Box
    at: float
    isolation: Isolation
    layout: Layout
    passed: dict[str, Sight]
    epoch: int


class Layouts:
    """Those of the boxes that steps run in now."""

    def __init__(self) -> None:
        self._seen: dict[Box, _Seen] = {}
        self._last: dict[Box, Layout] = {}
        self._same: dict[Box, Box] = {}
        self._changing = self._epoch = 0

    def find(self, isolation: Isolation, box: Box) -> Layout:
        """The layout of a box, as it is or was a moment ago."""
        same = self._forget_scratch(box)
        now, seen = time.monotonic(), self._seen.get(same)
        if seen is None or seen.isolation != isolation:
            return self._look(isolation, same, now)
        is_fresh = now - seen.at < GOOD_FOR_S
        if is_fresh and seen.epoch == self._epoch and not self._changing:
            return seen.layout
        if not _still_holds(seen) or not (is_fresh or isolation.narrow(same) == seen.tight):
            return self._look(isolation, same, now)
        seen.epoch = self._epoch
        seen.at = seen.at if is_fresh else now
        return seen.layout

    def _look(self, isolation: Isolation, same: Box, now: float) -> Layout:
        """Lay it out, and remember that unless something was moved meanwhile."""
        tight = isolation.narrow(same)
        starts = _list_starts(tight)
        before = walk(starts)
        layout = isolation.lay_out(same)
        if len(self._last) >= MOST:
            self._seen.clear()
            self._last.clear()
        self._last[same] = layout
        self._seen.pop(same, None)
        if walk(starts) == before:
            self._seen[same] = _Seen(same, tight, now, isolation, layout, before, self._epoch)
        return layout

    def _forget_scratch(self, box: Box) -> Box:
        if len(self._same) >= MOST:
            self._same.clear()
        same = self._same.get(box)
        if same is None:
            same = msgspec.structs.replace(box, scratch=ANY if box.scratch else None)
            same = self._same[box] = self._same.setdefault(same, same)  # one for all: to compare two takes long
        return same

    def guess(self, isolation: Isolation, box: Box) -> Layout:
        """What it was like the last time, for what only makes ready: where it has changed since, no step begins."""
        return self._last.get(self._forget_scratch(box)) or self.find(isolation, box)

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """The time of a change: what was seen before it or meanwhile is looked at again before it is used."""
        self._epoch += 1
        self._changing += 1
        try:
            yield
        finally:
            self._epoch += 1
            self._changing -= 1


def _forget_scratch(box: Box) -> Box:
    return msgspec.structs.replace(box, scratch=ANY if box.scratch else None)


def _list_starts(tight: Box) -> list[str]:
    """Every place that a layout asks for."""
    places = (*tight.named, *tight.shut, *PLACES)
    return list(dict.fromkeys(str(path.absolute()) for path in places))


def _still_holds(seen: _Seen) -> bool:
    """Whether all is as it was, also the sockets that are hidden where they are."""
    if any(_look_at(place) != sight for place, sight in seen.passed.items()):
        return False
    hides = seen.isolation.bwrap is not None and not seen.box.sockets
    return not hides or find_sockets(seen.box.readable) == seen.layout.box.shut


def walk(places: Iterable[str]) -> dict[str, Sight]:
    """All that is passed on the way to these places, and beyond the links on it, to the end."""
    passed: dict[str, Sight] = {}
    for place in places:
        _follow(place, passed)
    return passed


def _follow(place: str, passed: dict[str, Sight]) -> None:
    at, left, links = "", place.split("/")[::-1], 0
    while left:
        part = left.pop()
        if part in ("", "."):
            continue
        at = at.rpartition("/")[0] if part == ".." else f"{at}/{part}"
        if not at:
            continue
        if at not in passed:
            passed[at] = _look_at(at)
        sight = passed[at]
        if sight is None:
            return
        if sight[2]:
            links += 1
            if links > MOST_LINKS:
                return
            left += sight[2].split("/")[::-1]
            at = "" if sight[2].startswith("/") else at.rpartition("/")[0]


def _look_at(place: str) -> Sight:
    try:
        status = os.lstat(place)
        leads = os.readlink(place) if stat.S_ISLNK(status.st_mode) else ""  # noqa: PTH115
    except OSError:
        return None
    return status.st_mode, status.st_uid, leads
