"""When whoever owes a duty is reminded of it, and from when on others hear of it: `[teams.ID.reminders]`.

A turn is one of the moments at which a duty is told of: the first before its deadline, the second at it, the others
after it, each further from the one before. Nothing here knows people; `page/remind.py` finds them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from tocsin.incident.obligation import ACKNOWLEDGE, KINDS, ROLE
from tocsin.incident.state import Obligation
from tocsin.oncall.hours import WorkingTime

BEFORE, DUE = 1, 2
"""The turns before and at the deadline; the n-th repeat is turn DUE + n."""
SHORTEST_S = 60
"""Nobody is reminded less than a minute before a deadline: it would be told twice in one breath."""
LONG_S = 12 * 3600
"""A duty that has so long wakes nobody: it is told of in working hours."""
ROLE_AGAIN_S, ROLE_TURNS = 600, 1000
"""A role is asked for until somebody plays it, as often as that."""
MOST_TIMES = 20
STALE = timedelta(days=7)
"""What is over for so long and was never told of is from before there were reminders: nobody is told now."""


class Reminders(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID.reminders]`: who owes a duty is told of it before its deadline, at it, and `times` times after it.

    The first comes before the deadline by `before` (a share of the time that the duty has), at most `before_most_s`
    seconds. The repeats are `again_s` seconds apart (for duties with long deadlines as long as the first came before),
    each distance `growth` times the one before. With the `escalate_at`-th repeat whoever is next hears of it too (0:
    nobody), with each further one the next; who that is, `escalate_to` says (names as playbooks use them) or, without,
    the commander, then the playbook's own escalation. What falls due within `together_s` seconds is told in one
    message. Duties of the kinds in `quiet` are told of on the screens only.
    """

    before: float = 0.2
    before_most_s: int = 4 * 3600
    again_s: int = 300
    growth: float = 2.0
    times: int = 3
    escalate_at: int = 2
    escalate_to: tuple[str, ...] = ()
    together_s: int = 120
    quiet: tuple[str, ...] = ()


DEFAULT = Reminders()


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One moment at which a duty is told of: the `number`-th, from `early` on beside something else."""

    number: int
    at: datetime
    early: datetime


def find_fault(rules: Reminders) -> tuple[str, str]:
    """The field that does not hold and why; empty if all do."""
    if not 0 <= rules.before < 1:
        return "before", "it is a share of the time that a duty has: 0 (none) to 0.9."
    if rules.before_most_s < 0 or rules.together_s < 0:
        return ("before_most_s" if rules.before_most_s < 0 else "together_s"), "it is a number of seconds, 0 or more."
    if rules.again_s < SHORTEST_S:
        return "again_s", f"nobody can do anything in less than {SHORTEST_S} seconds; set that or more."
    if not 1 <= rules.growth <= 10:
        return "growth", "each distance is 1 to 10 times the one before."
    if not 0 <= rules.times <= MOST_TIMES:
        return "times", f"0 to {MOST_TIMES} repeats; whoever has heard it that often has heard it."
    if not 0 <= rules.escalate_at <= rules.times:
        return "escalate_at", f"it is the number of a repeat, 1 to `times` ({rules.times}), or 0 for no escalation."
    unknown = next((each for each in rules.quiet if each not in KINDS), None)
    if unknown is not None:
        return "quiet", f"there is no kind of duty {unknown!r}; there are {', '.join(sorted(KINDS))}."
    return "", ""


def find_turn(duty: Obligation, rules: Reminders, now: datetime, hours: WorkingTime | None) -> Turn | None:
    """The next turn of a duty: of those that have come the last, else the next one ahead; null after the last.

    With `hours` they fall into these. After an outage what was missed is made up for once, if it is not `STALE`.
    """
    found: Turn | None = None
    for number in range(duty.turn + 1, _count(duty, rules) + 1):
        turn = _place(duty, rules, number, hours)
        if turn is None:
            continue
        if turn.at > now:
            return found or turn
        found = turn
    return None if found is not None and not duty.turn and now - found.at > STALE else found


def find_ahead(duty: Obligation, rules: Reminders, now: datetime, hours: WorkingTime | None) -> datetime | None:
    """When the first turn after `now` comes that has not been."""
    for number in range(duty.turn + 1, _count(duty, rules) + 1):
        turn = _place(duty, rules, number, hours)
        if turn is not None and turn.at > now:
            return turn.at
    return None


def is_escalated(turn: int, rules: Reminders) -> bool:
    """Whether somebody who does not owe a duty hears of it with that turn."""
    return bool(rules.escalate_at) and turn >= DUE + rules.escalate_at


def is_told(duty: Obligation, rules: Reminders, *, is_quiet: bool) -> bool:
    """Whether a duty is one that people are told of. To acknowledge is the pager's own to ask for, again and again;
    only where it calls but once, for the day, the duty is told of like any other.
    """
    if not duty.is_open or duty.duty in rules.quiet:
        return False
    return duty.duty != ACKNOWLEDGE or is_quiet


def is_long(duty: Obligation) -> bool:
    """Whether a duty has so much time that it can wait for the day."""
    return (duty.due_at - duty.armed_at).total_seconds() >= LONG_S


def _count(duty: Obligation, rules: Reminders) -> int:
    return ROLE_TURNS if duty.duty == ROLE else DUE + rules.times


def _place(duty: Obligation, rules: Reminders, number: int, hours: WorkingTime | None) -> Turn | None:
    """One turn of a duty; null for the first where there is no time for it."""
    allowed = (duty.due_at - duty.armed_at).total_seconds()
    lead = min(allowed * rules.before, rules.before_most_s)
    if number == BEFORE:
        if lead < SHORTEST_S:
            return None
        at = duty.due_at - timedelta(seconds=int(lead))
        if hours is not None:
            at = hours.find_last(at)
        return None if at <= duty.armed_at else _turn(number, at, rules.together_s)
    first = max(rules.again_s, int(lead)) if duty.duty != ROLE else ROLE_AGAIN_S
    growth = rules.growth if duty.duty != ROLE else 1.0
    after, gap = _spread(number - DUE, first, growth)
    wait = timedelta(seconds=after)
    at = duty.due_at + wait if hours is None else hours.add(duty.due_at, wait)
    return _turn(number, at, max(rules.together_s, gap / 2))


@lru_cache(maxsize=1000)
def _spread(repeat: int, first_s: int, growth: float) -> tuple[int, float]:
    """Seconds from the deadline to a repeat, and from the turn before it."""
    gaps = [first_s * growth**each for each in range(repeat)]
    return int(sum(gaps)), gaps[-1] if gaps else 0.0


def _turn(number: int, at: datetime, slack_s: float) -> Turn:
    return Turn(number=number, at=at, early=at - timedelta(seconds=int(slack_s)))
