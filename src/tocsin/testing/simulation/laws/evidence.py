"""The record as the laws read it: entries unsealed once, lives of incidents, and true time beside the server's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

import msgspec

from tocsin.testing.simulation.record import Life, Record
from tocsin.testing.simulation.teams import Cast
from tocsin.timeline.codec import unseal
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Reopened

ERROR_S = 1.0
"""How late a timer may be."""
BACK_OFF_S = 32.0
"""How long the engine may wait, after its disk has refused, before it tries again: twice its longest back-off."""


TAKEOVER_S = 15.0
"""So long after a node died or hung another has taken over what it had."""


class Violation(msgspec.Struct, frozen=True):
    """A law that was broken."""

    law: str
    stream: str
    text: str


class Stretch(msgspec.Struct, frozen=True):
    """The server ran from `begin` to `end` (true seconds), and its clock was `ahead` by so many seconds."""

    begin: float
    end: float
    ahead: float


class Evidence:
    """A record, and the settings that everybody knows."""

    def __init__(self, record: Record, cast: Cast) -> None:
        self.record, self.cast = record, cast
        self._moments: dict[float, list[float]] = {}
        self.entries = {name: [unseal(sealed) for sealed in each] for name, each in record.timeline.items()}

    @cached_property
    def incidents(self) -> dict[str, list[Entry]]:
        """The timelines of incidents, without those of teams."""
        return {name: each for name, each in self.entries.items() if "/" not in name}

    @cached_property
    def turned(self) -> dict[str, list[float]]:
        """When each channel took no page, in order."""
        found: dict[str, list[float]] = {}
        for each in sorted(self.record.turned, key=lambda each: each.left_at):
            found.setdefault(each.channel, []).append(each.left_at)
        return found

    def seconds(self, moment: datetime) -> float:
        """A moment as seconds from the month's start, by the server's clock."""
        return (moment - self.record.start).total_seconds()

    # ── two clocks ─────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def stretches(self) -> list[Stretch]:
        """What the server's clock must have shown: its machine's time, but never earlier than what it had shown, nor
        than what it found recorded.
        """
        return list(self._reckon() if self.record.nodes == 1 else self._join())

    def _join(self) -> Iterator[Stretch]:
        """Where several nodes serve, all by the store's clock: while at least one of them did."""
        spans = sorted(span for life in self.record.lives for span in list_spans(life, self.record.ended_at))
        begin, end = spans[0]
        for later, until in spans[1:]:
            if later > end:
                yield Stretch(begin, end, 0.0)
                begin = later
            end = max(end, until)
        yield Stretch(begin, end, 0.0)

    @cached_property
    def losses(self) -> list[float]:
        """When a node died or hung: what it had in its hands another takes over when its lease is over."""
        if self.record.nodes == 1:
            return []
        return [each for life in self.record.lives for each in (life.down, *(since for since, _ in life.hung))]

    def _reckon(self) -> Iterator[Stretch]:
        for life in self.record.lives:
            newest = float("-inf") if life.newest is None else self.seconds(life.newest) - life.up
            ahead = newest
            ends = [at for at, _ in life.offsets[1:]] + [min(life.down, self.record.ended_at)]
            for (at, offset), end in zip(life.offsets, ends, strict=True):
                ahead = max(ahead, offset)
                yield Stretch(at, end, ahead)

    def clock(self, moment: float) -> float:
        """What the server's clock showed, or would have, at a true moment."""
        return moment + self._ahead_at(moment)

    def find_moment(self, clock: float, since: float = 0.0) -> float | None:
        """The first true moment from `since` on at which the server ran and its clock had come to `clock`."""
        for each in self.stretches:
            at = max(each.begin, since, clock - each.ahead)
            if at < each.end:
                return at
        return None

    def find_moments(self, clock: float) -> list[float]:
        """Every true moment at which the server's clock may have shown `clock`."""
        found = self._moments.get(clock)
        if found is None:
            ahead = [ahead for begin, end, ahead in self._shown if begin <= clock <= end]
            found = self._moments[clock] = [clock - each for each in ahead]
        return found

    @cached_property
    def _shown(self) -> list[tuple[float, float, float]]:
        """From when to when, by its clock, the server ran in each stretch."""
        return [(each.begin + each.ahead - 0.001, each.end + each.ahead + 0.001, each.ahead) for each in self.stretches]

    @cached_property
    def _begins(self) -> list[float]:
        return [each.begin for each in self.stretches]

    def find_limit(self, due: float, since: float, error: float = ERROR_S) -> float:
        """By when, on the server's clock, it must have done what was due at `due`, decided not before `since` (true).

        What is due while it does not run is due at its next start; where its disk refuses, once that is over.
        """
        at = self.find_moment(due, since)
        while at is not None:
            until = self.wait_for_disk(at, at + error, error)
            here = next(each for each in self.stretches if each.begin <= at < each.end)
            if self._goes_on(here, until):
                return max(until + self._ahead_at(until), due + error)
            at = self.find_moment(due, here.end)
        return float("inf")

    def _goes_on(self, here: Stretch, until: float) -> bool:
        if self.record.nodes > 1:
            return until < here.end
        return any(life.up <= here.begin and until < life.down for life in self.record.lives[::-1])

    def _ahead_at(self, moment: float) -> float:
        at = bisect_right(self._begins, moment) - 1
        return self.stretches[at].ahead if at >= 0 else 0.0

    def wait_for_disk(self, begin: float, until: float, error: float) -> float:
        """Until when, in true time, what was to be done by `until` may wait: for a disk that refuses, or a takeover."""
        for refused in self.record.refused:
            if begin - BACK_OFF_S <= refused <= until:
                until = max(until, refused + BACK_OFF_S + error)
        for lost in self.losses:
            if begin - TAKEOVER_S <= lost <= until:
                until = max(until, lost + TAKEOVER_S + error)
        return until


def list_spans(life: Life, end: float) -> Iterator[tuple[float, float]]:
    """From when to when a node ran and did not hang."""
    begin = life.up
    for since, until in life.hung:
        yield begin, since
        begin = until
    if begin < min(life.down, end):
        yield begin, min(life.down, end)


def find_lives(entries: list[Entry]) -> list[list[Entry]]:
    """An incident's entries, cut where it was opened again."""
    lives: list[list[Entry]] = [[]]
    for entry in entries:
        if isinstance(entry.event, Reopened):
            lives.append([])
        lives[-1].append(entry)
    return lives
