"""The obligation ledger: what each planner wants owed, compared with what stands in it already.

A planner states all the duties of its kinds that the incident owes now; the ledger arms what is new or due at another
time, drops what no longer applies (and arms it again if it does), and notes what ran out. What was met stays met.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime

import msgspec

from tocsin.incident.plan import At, Happening, Plan
from tocsin.incident.state import Incident, Obligation
from tocsin.timeline.events import ObligationArmed, ObligationDropped, ObligationLate, ObligationMet
from tocsin.words import ObligationState


class Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """By whom a duty is kept, and how that is known."""

    by: str
    note: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A duty that is owed: `key` names it once for all, `duty` is its kind, `line` the line that states it.

    `kept`: what the incident is shows that it is done, though no single entry keeps it.
    """

    key: str
    duty: str
    what: str
    due_at: datetime
    owner: str
    line: int | None = None
    kept: Kept | None = None


NOTHING = Plan()


def settle(incident: Incident, wanted: Iterable[Wanted], duties: frozenset[str], now: datetime) -> Plan:
    """The changes to the ledger for the kinds `duties`, and when the next of them runs out.

    With these made, it would have nothing to add.
    """
    known, owed = incident.obligations, {each.key: each for each in wanted}
    armed, late = list[Happening](), list[Happening]()
    ahead: datetime | None = None
    for key, each in owed.items():
        before = known.get(key)
        is_new = before is None or _is_to_be_armed(before, each)
        if is_new:
            armed.append(_arm(each))
        if each.kept is not None and (is_new or (before is not None and before.is_open)):
            armed.append(_meet(each, each.kept))
            continue
        if not is_new and before is not None and before.state is not ObligationState.PENDING:
            continue
        if each.due_at <= now:
            ran_out = ObligationLate(key=key, words=each.what, line=each.line, due_at=each.due_at)
            late.append(At(ran_out, each.due_at))
        elif ahead is None or each.due_at < ahead:
            ahead = each.due_at
    dropped = _drop(incident, owed, duties) if known else ()
    if not armed and not late and not dropped:
        return NOTHING if ahead is None else Plan((), ahead)
    return Plan((*armed, *dropped, *late), ahead)


def _is_to_be_armed(before: Obligation, wanted: Wanted) -> bool:
    """Whether a duty applies again, or is due at another time than the ledger says."""
    if before.state is ObligationState.NOT_APPLICABLE:
        return True
    return before.due_at != wanted.due_at and before.is_open


def _arm(wanted: Wanted) -> ObligationArmed:
    return ObligationArmed(
        key=wanted.key,
        duty=wanted.duty,
        what=wanted.what,
        due_at=wanted.due_at,
        owner=wanted.owner,
        line=wanted.line,
    )


def _meet(wanted: Wanted, kept: Kept) -> ObligationMet:
    return ObligationMet(key=wanted.key, by=kept.by, note=kept.note, words=wanted.what, line=wanted.line)


def _drop(incident: Incident, owed: Container[str], duties: frozenset[str]) -> list[Happening]:
    return [
        ObligationDropped(
            key=key,
            why=f"it does not apply: {incident.status}, {incident.severity or 'unclassified'}",
            words=each.what,
            line=each.line,
        )
        for key, each in incident.obligations.items()
        if each.state is ObligationState.PENDING and each.duty in duties and key not in owed
    ]
