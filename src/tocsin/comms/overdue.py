"""A promised word that did not come: whoever speaks for the incident is told, once for each promise.

What a playbook asks for is late on every screen. A promise was given to people who wait for it and do not see the room;
so it also reaches the communications lead, or whoever leads or has the incident where there is none.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.book import Book
from tocsin.incident.obligation import UPDATE
from tocsin.incident.plan import NOTHING, Plan
from tocsin.incident.role import answers_for
from tocsin.incident.state import Incident, Obligation
from tocsin.incident.urgency import Ways
from tocsin.oncall.rota import Rota
from tocsin.timeline.events import PromiseOverdue

SPEAKER, LEADER = "communications lead", "incident commander"


def plan_overdue(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """Tell of each promise that has run out unkept."""
    if incident.is_hushed:
        return NOTHING
    late = [each for each in incident.obligations.values() if _is_broken(each, incident, now)]
    if not late:
        return NOTHING
    duty = late[0]
    who = find_speakers(incident, rota, now)
    why = f"overdue since {duty.due_at:%H:%M} UTC: {duty.what}"
    told = PromiseOverdue(key=duty.key, responders=who, words=duty.what, due_at=duty.due_at)
    ways = Ways(incident, book, rota)
    return Plan((told, *(ways.tell(each, why, None, now) for each in who)))


def find_speakers(incident: Incident, rota: Rota, now: datetime) -> tuple[str, ...]:
    """Who speaks for the incident: the role as it was taken, as the settings have it, the commander, who has it."""
    for role in (SPEAKER, LEADER):
        taken = next((who for name, who in incident.roles.items() if answers_for(name, role)), None)
        found = (taken,) if taken is not None and taken in rota.people else rota.answer_all((role,), now)
        if found:
            return found
    return (incident.acknowledged_by,) if incident.acknowledged_by in rota.people else ()


def _is_broken(duty: Obligation, incident: Incident, now: datetime) -> bool:
    is_promise = duty.duty == UPDATE and duty.line is None
    return is_promise and duty.is_open and duty.due_at <= now and duty.key not in incident.overdue
