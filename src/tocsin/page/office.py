"""The roles that the playbook wants filled, the change of command and the second look: owed, like any other duty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.ledger import Wanted
from tocsin.incident.obligation import LEAD, ROLE, VERIFY
from tocsin.incident.office import find_leader, find_second_look, find_wanted_roles
from tocsin.incident.plan import NOTHING, Plan
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.page.clocks import Clocks
from tocsin.timeline.events import ObligationMet
from tocsin.words import Status

DUTIES = frozenset({ROLE, LEAD, VERIFY})
SOON_S = 900
IN_CHARGE = "whoever has the incident"


def find_office_duties(incident: Incident, book: Book, clocks: Clocks) -> Iterator[Wanted]:
    """The duties of this kind that the incident owes now, met ones included."""
    since = incident.severity_at or incident.started_at
    soon = timedelta(seconds=clocks.within or SOON_S)
    if incident.is_open and not clocks.quiet:
        for role in find_wanted_roles(incident, book):
            due = since + (timedelta(seconds=role.within_s) if role.within_s is not None else soon)
            what = f"Give somebody the role {role.title}"
            yield Wanted(key=f"{ROLE}:{role.title}", duty=ROLE, what=what, due_at=due, owner=IN_CHARGE, line=role.line)
        leader = find_leader(incident, book)
        if leader is not None:
            who, line = leader
            what = f"Hand the command over: {who} leads"
            yield Wanted(key=f"{LEAD}:{line}", duty=LEAD, what=what, due_at=since + soon, owner=IN_CHARGE, line=line)
    yield from _second_look(incident, book, soon)


def _second_look(incident: Incident, book: Book, soon: timedelta) -> Iterator[Wanted]:
    if incident.mitigated_at is None or incident.status not in (Status.MONITORING, Status.RESOLVED):
        return
    step = find_second_look(incident, book)
    if step is not None:
        due, what = incident.mitigated_at + soon, "Two people see for themselves that the fix holds"
        key = VERIFY if not incident.reopened else f"{VERIFY}:{incident.reopened + 1}"
        yield Wanted(key=key, duty=VERIFY, what=what, due_at=due, owner="technical lead", line=step.line)


def find_handover(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The command is where the playbook wants it: the duty to hand it over is kept by whoever commands."""
    leader = find_leader(incident, book)
    if leader is None or incident.commander is None:
        return NOTHING
    duty = incident.obligations.get(f"{LEAD}:{leader[1]}")
    if duty is None or not duty.is_open or incident.commander not in rota.answer(leader[0], now):
        return NOTHING
    return Plan((ObligationMet(key=duty.key, by=incident.commander, words=duty.what, line=duty.line),))
