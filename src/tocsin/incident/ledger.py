"""The obligation ledger: what each planner wants owed, compared with what stands in it already.

A planner states all the duties of its kinds that the incident owes now; the ledger arms what is new or due at another
time, drops what no longer applies (and arms it again if it does), and notes what ran out. What was met stays met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from tocsin.incident.plan import At, Happening, Plan
from tocsin.incident.state import Incident, Obligation
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


def settle(incident: Incident, wanted: Iterable[Wanted], duties: frozenset[str], now: datetime) -> Plan:
    """The changes to the ledger for the kinds `duties`, and when the next of them runs out."""
    owed = {each.key: each for each in wanted}
    armed = tuple(_arm(incident, owed))
    dropped = tuple(_drop(incident, owed, duties))
    late = tuple(_run_out(incident, owed, duties, now))
    ahead = [each.due_at for each in owed.values() if each.due_at > now and _is_pending(incident, each.key)]
    return Plan((*armed, *dropped, *late), min(ahead, default=None))


def _arm(incident: Incident, owed: dict[str, Wanted]) -> Iterator[Happening]:
    for key, each in owed.items():
        before = incident.obligations.get(key)
        if _is_new(before) or (before is not None and before.is_open and before.due_at != each.due_at):
            yield ObligationArmed(
                key=key, duty=each.duty, what=each.what, due_at=each.due_at, owner=each.owner, line=each.line
            )


def _drop(incident: Incident, owed: dict[str, Wanted], duties: frozenset[str]) -> Iterator[Happening]:
    for key, each in incident.obligations.items():
        if each.duty in duties and key not in owed and each.state is ObligationState.PENDING:
            severity = incident.severity or "unclassified"
            why = f"it does not apply: {incident.status}, {severity}"
            yield ObligationDropped(key=key, why=why, words=each.what, line=each.line)


def _run_out(incident: Incident, owed: dict[str, Wanted], duties: frozenset[str], now: datetime) -> Iterator[Happening]:
    for key, each in owed.items():
        if each.due_at <= now and _is_pending(incident, key):
            late = ObligationLate(key=key, words=each.what, line=each.line, due_at=each.due_at)
            yield At(late, each.due_at)


def _is_pending(incident: Incident, key: str) -> bool:
    """Whether the duty is still to be met in time: pending, or about to be armed."""
    before = incident.obligations.get(key)
    return _is_new(before) or (before is not None and before.state is ObligationState.PENDING)


def _is_new(before: Obligation | None) -> bool:
    """Whether a duty is still to be armed: it never was, or it had stopped to apply and does again."""
    return before is None or before.state is ObligationState.NOT_APPLICABLE
