"""The ladder that `tocsin init` writes: everything that a playbook says of who is called after whom.

Turns of duty (primary, secondary …) become schedules, levels of an escalation become rungs, each with the playbook's
line. A level that the playbook calls by a clock of a severity is no rung: that clock runs by itself, and the settings
say so. A level without any time waits until the response time of those severities has passed that are answered within
the hour, since a director is not to be woken because an engineer needs six minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.oncall.settings import MOST_AFTER_S
from tocsin.playbook.model import Escalation, Playbook, Trigger
from tocsin.playbook.tier import FIRST, SECOND, Tier, find_tiers, rank
from tocsin.words import Calendar, TriggerClock

SCHEDULES = {1: "primary", 2: "secondary", 3: "tertiary"}
HOUR = 3600


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One level of the ladder: names of the settings; ``after_s`` where it has a time of its own, ``lines`` why.

    ``stated_s`` is the playbook's time where it is longer than the settings allow, whose longest is then ``after_s``.
    """

    names: tuple[str, ...]
    after_s: int | None = None
    lines: tuple[int, ...] = ()
    untimed: bool = False
    stated_s: int | None = None


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """The rungs, from the first; ``tiers`` are those that are schedules, ``aside`` what is called by its own clock."""

    rungs: tuple[Rung, ...]
    tiers: tuple[Tier, ...]
    aside: tuple[Escalation, ...]
    first: str | None = None

    def schedule(self, name: str) -> str | None:
        """The schedule that a name of the playbook means, if it means a turn of duty."""
        tiers = {each.rank for each in self.tiers}
        found = FIRST if name == self.first else rank(name, bare=len(tiers) > 1)
        return SCHEDULES[found] if found in tiers else None


def build_ladder(playbook: Playbook, lines: Sequence[str]) -> Ladder:
    """The ladder of a playbook; `lines` are those of its document. There always is a first rung."""
    tiers = find_tiers(playbook, lines)
    levels = _group(playbook)
    first = _find_first(levels, tiers)
    tiers.setdefault(FIRST, Tier(rank=FIRST, line=0))
    ladder = Ladder(
        rungs=(), tiers=tuple(tiers[each] for each in sorted(tiers)), aside=tuple(_aside(playbook)), first=first
    )
    times = {name: time for level in levels for name, time in _times(level, ladder)}
    rungs = [_turn(each, times) for each in ladder.tiers]
    taken = {name.casefold() for each in rungs for name in each.names}
    for level in levels:
        rungs += _rung(level, ladder, taken)
    timed = tuple(_set_times(_in_order(rungs), _patience(playbook)))
    return msgspec.structs.replace(ladder, rungs=timed)


def _group(playbook: Playbook) -> list[tuple[Escalation, ...]]:
    """The numbered levels that hold everywhere and are not bound to a severity, the first first."""
    found: dict[int, list[Escalation]] = {}
    for each in playbook.escalation:
        if each.scope == "document" and each.level is not None and not _has_own_clock(each):
            found.setdefault(each.level, []).append(each)
    return [tuple(found[level]) for level in sorted(found)]


def _has_own_clock(escalation: Escalation) -> bool:
    """Whether it is called for certain severities or upon an answer, and never just because time has passed."""
    return bool(escalation.triggers) and not any(_is_general(each) for each in escalation.triggers)


def _is_general(trigger: Trigger) -> bool:
    return trigger.severity is None and trigger.condition is None


def _aside(playbook: Playbook) -> Iterator[Escalation]:
    for each in playbook.escalation:
        if each.scope == "document" and (each.level is None or _has_own_clock(each)):
            yield each


def _find_first(levels: Sequence[tuple[Escalation, ...]], tiers: dict[int, Tier]) -> str | None:
    """Whom the first level calls at once, where the playbook has no other name for who is called first."""
    if FIRST in tiers or not levels or levels[0][0].level != 1 or len(levels) < 2:
        return None
    (first, *more) = levels[0]
    return first.who[0] if not more and len(first.who) == 1 and not _after(levels[0]) else None


def _after(level: tuple[Escalation, ...]) -> int | None:
    """Seconds until a level joins, the earliest that it states."""
    triggers = [each for escalation in level for each in escalation.triggers if _is_general(each)]
    return min((each.after_s for each in triggers if each.clock is not TriggerClock.IMMEDIATE), default=None)


def _times(level: tuple[Escalation, ...], ladder: Ladder) -> Iterator[tuple[str, tuple[int | None, int]]]:
    """The schedules that a level names, each with the time and the line that it states for them."""
    for escalation in level:
        for name in escalation.who:
            schedule = ladder.schedule(name)
            if schedule is not None:
                yield schedule, (_after(level), escalation.line)


def _turn(tier: Tier, times: dict[str, tuple[int | None, int]]) -> Rung:
    name = SCHEDULES[tier.rank]
    after, line = times.get(name, (None, 0))
    lines = tuple(dict.fromkeys(each for each in (tier.line, line) if each))
    return Rung(names=(name,), after_s=after if tier.rank >= SECOND else None, lines=lines)


def _rung(level: tuple[Escalation, ...], ladder: Ladder, taken: set[str]) -> Iterator[Rung]:
    """The rung of a level with whom no rung before it calls: those in `taken`, folded, to whom these are added."""
    called = dict.fromkeys(name for each in level for name in each.who)
    names = tuple(each for each in called if ladder.schedule(each) is None and each.casefold() not in taken)
    taken |= {each.casefold() for each in names}
    if names:
        after = _after(level)
        lines = tuple(dict.fromkeys(each.line for each in level))
        yield Rung(names=names, after_s=after, lines=lines, untimed=after is None)


def _in_order(rungs: Sequence[Rung]) -> list[Rung]:
    """By their times; those without one stay behind their predecessor."""
    keys: list[int] = []
    for each in rungs:
        keys.append(each.after_s if each.after_s is not None else keys[-1] if keys else 0)
    return [each for _, each in sorted(zip(keys, rungs, strict=True), key=lambda pair: pair[0])]


def _set_times(rungs: Sequence[Rung], patience: int | None) -> Iterator[Rung]:
    """A level without a time waits for the response time, unless one before it waits longer; none waits too long."""
    latest = 0
    for each in rungs:
        after = each.after_s
        if each.untimed and patience is not None and patience > latest:
            after = patience
        stated = after if after is not None and after > MOST_AFTER_S else None
        after = min(after, MOST_AFTER_S) if after else None
        latest = max(latest, after or 0)
        yield msgspec.structs.replace(each, after_s=after, stated_s=stated)


def _patience(playbook: Playbook) -> int | None:
    """The longest response time of at most an hour."""
    responses = [each.response for each in playbook.severities if each.response.calendar is Calendar.ELAPSED]
    return max((each.within_s for each in responses if each.within_s and each.within_s <= HOUR), default=None)


def quote_line(lines: Sequence[str], line: int, most: int = 100) -> str:
    """A line of the playbook for a comment, without the marks of Markdown around it."""
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    bare = re.sub(r"[*_`]{1,3}", "", text).strip().strip("|#>-+ ").strip()
    return bare if len(bare) <= most else bare[: most - 1] + "…"
