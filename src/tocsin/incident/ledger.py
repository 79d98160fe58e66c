"""The obligation ledger: what each planner wants owed, compared with what stands in it already.

A planner states all the duties of its kinds that the incident owes now; the ledger arms what is new or due at another
time, drops what no longer applies (and arms it again if it does), and notes what ran out. What was met stays met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from tocsin.incident.plan import At, Happening, Plan
from tocsin.incident.state import Incident
from tocsin.timeline.events import ObligationArmed, ObligationDropped, ObligationLate
from tocsin.words import ObligationState


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A duty that is owed: `key` names it once for all, `duty` is its kind, `line` the line that states it."""

    key: str
    duty: str
    what: str
    due_at: datetime
    owner: str
    line: int | None = None


NOTHING = Plan()


def settle(incident: Incident, wanted: Iterable[Wanted], duties: frozenset[str], now: datetime) -> Plan:
    """The changes to the ledger for the kinds `duties`, and when the next of them runs out."""
    owed = {each.key: each for each in wanted}
    known = incident.obligations
    if not owed and not known:
        return NOTHING
    armed, late, ahead = list[Happening](), list[Happening](), list[datetime]()
    for key, each in owed.items():
        before = known.get(key)
        is_new = before is None or before.state is ObligationState.NOT_APPLICABLE
        if is_new or (before is not None and before.is_open and before.due_at != each.due_at):
            armed.append(_arm(each))
        if not is_new and before is not None and before.state is not ObligationState.PENDING:
            continue
        if each.due_at <= now:
            ran_out = ObligationLate(key=key, words=each.what, line=each.line, due_at=each.due_at)
            late.append(At(ran_out, each.due_at))
        else:
            ahead.append(each.due_at)
    return Plan((*armed, *_drop(incident, owed, duties), *late), min(ahead) if ahead else None)


def _arm(wanted: Wanted) -> ObligationArmed:
    return ObligationArmed(
        key=wanted.key,
        duty=wanted.duty,
        what=wanted.what,
        due_at=wanted.due_at,
        owner=wanted.owner,
        line=wanted.line,
    )


def _drop(incident: Incident, owed: dict[str, Wanted], duties: frozenset[str]) -> Iterator[Happening]:
    for key, each in incident.obligations.items():
        if each.state is ObligationState.PENDING and each.duty in duties and key not in owed:
            severity = incident.severity or "unclassified"
            why = f"it does not apply: {incident.status}, {severity}"
            yield ObligationDropped(key=key, why=why, words=each.what, line=each.line)
