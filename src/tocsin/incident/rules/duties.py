"""How its duties and their exceptions change an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.obligation import meet
from tocsin.incident.state import Incident, Obligation
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import ObligationState


def _obligation_armed(incident: Incident, entry: Entry, event: e.ObligationArmed) -> Incident:
    armed = Obligation(
        key=event.key,
        duty=event.duty,
        what=event.what,
        due_at=event.due_at,
        owner=event.owner,
        armed_at=entry.at,
        line=event.line,
    )
    return replace(incident, obligations={**incident.obligations, event.key: armed})


def _change_obligation(incident: Incident, key: str, **changes: Any) -> Incident:
    before = incident.obligations.get(key)
    if before is None:
        return incident
    return replace(incident, obligations={**incident.obligations, key: replace(before, **changes)})


def _obligation_late(incident: Incident, entry: Entry, event: e.ObligationLate) -> Incident:
    return _change_obligation(incident, event.key, state=ObligationState.LATE)


def _obligation_dropped(incident: Incident, entry: Entry, event: e.ObligationDropped) -> Incident:
    return _change_obligation(incident, event.key, state=ObligationState.NOT_APPLICABLE, reason=event.why)


def _obligation_waived(incident: Incident, entry: Entry, event: e.ObligationWaived) -> Incident:
    return _change_obligation(incident, event.key, state=ObligationState.WAIVED, reason=event.reason)


def _obligation_met(incident: Incident, entry: Entry, event: e.ObligationMet) -> Incident:
    before = incident.obligations.get(event.key)
    if before is None or not before.is_open:
        return incident
    met = meet(before, entry.at, event.by, entry.seq)
    return replace(incident, obligations={**incident.obligations, event.key: met})


def _duties_reminded(incident: Incident, entry: Entry, event: e.DutiesReminded) -> Incident:
    told = {"told_at": entry.at, "told": event.responders}
    return _note_turns(incident, event.duties, told, dict.fromkeys(event.responders, entry.seq))


def _duties_escalated(incident: Incident, entry: Entry, event: e.DutiesEscalated) -> Incident:
    known = dict.fromkeys(who for each in event.duties for who in _find_escalated(incident, each.key))
    told = {"escalated_at": entry.at, "escalated": tuple(dict.fromkeys((*known, *event.responders)))}
    return _note_turns(incident, event.duties, told, dict.fromkeys(event.responders, entry.seq))


def _find_escalated(incident: Incident, key: str) -> tuple[str, ...]:
    duty = incident.obligations.get(key)
    return duty.escalated if duty is not None else ()


def _note_turns(
    incident: Incident, duties: tuple[e.Owed, ...], told: dict[str, Any], heard: dict[str, int]
) -> Incident:
    known = incident.obligations
    changed = {
        each.key: replace(known[each.key], turn=each.turn, heard={**known[each.key].heard, **heard}, **told)
        for each in duties
        if each.key in known
    }
    return replace(incident, obligations={**incident.obligations, **changed})


def _prohibition_lifted(incident: Incident, entry: Entry, event: e.ProhibitionLifted) -> Incident:
    return replace(incident, lifted={**incident.lifted, event.line: event.by})


RULES: dict[type[e.Event], Any] = {
    e.ObligationArmed: _obligation_armed,
    e.ObligationLate: _obligation_late,
    e.ObligationDropped: _obligation_dropped,
    e.ObligationMet: _obligation_met,
    e.ObligationWaived: _obligation_waived,
    e.DutiesReminded: _duties_reminded,
    e.DutiesEscalated: _duties_escalated,
    e.ProhibitionLifted: _prohibition_lifted,
}
