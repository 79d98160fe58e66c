"""Tickets: for severities that the playbook keeps in a tracker, and for what is left to do after an incident.

A ticket is known by its key within the incident (``work``, ``follow_up``), and made once, whatever becomes of a try. It
is told when the incident is over, and the first one is closed then; a follow-up is closed by whoever does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.comms.asking import find_again
from tocsin.comms.gate import find_lock
from tocsin.incident.book import Book
from tocsin.incident.errand import Ticket
from tocsin.incident.plan import Plan, join
from tocsin.incident.state import Incident
from tocsin.playbook.model import Severity, TicketDuty
from tocsin.timeline.events import TicketRequested
from tocsin.timeline.line import fold
from tocsin.words import Status, TicketAct

WORK, FOLLOW_UP = "work", "follow_up"
LABEL = "incident"
OVER = frozenset({Status.RESOLVED, Status.CLOSED})


def plan_tickets(incident: Incident, book: Book, now: datetime) -> Plan:
    """What to ask of the tracker next, for each ticket."""
    tracker = book.policy.tickets
    if not tracker or incident.status is Status.TRIAGE:
        return Plan()
    return join(_ask(incident, request, now) for request in _list_requests(incident, book, tracker))


def find_ticket_duty(incident: Incident, book: Book, *, follow_up: bool = False) -> TicketDuty | None:
    """The line that wants a ticket at the incident's severity: the one about the fewest severities, then the first."""
    severity = incident.severity or book.top_id
    fitting = [
        each
        for each in book.playbook.tickets
        if each.follow_up is follow_up and (not each.severities or severity in each.severities)
    ]
    return min(fitting, key=lambda each: (len(each.severities) or 99, each.line), default=None)


def find_default(incident: Incident, book: Book) -> Severity | None:
    """The incident's severity, if the playbook says how others are responded to and of it only how fast.

    What has a time but no procedure is work like any other, so it goes where work is kept.
    """
    severity = book.severity(incident)
    stated = {each for process in book.playbook.processes for each in process.severities}
    if severity is None or not stated or severity.id in stated:
        return None
    return severity if severity.id != book.top_id else None


def _list_requests(incident: Incident, book: Book, tracker: str) -> Iterator[TicketRequested]:
    yield from _list_work(incident, book, tracker)
    duty = find_ticket_duty(incident, book, follow_up=True)
    if duty is not None and (incident.status in OVER or FOLLOW_UP in incident.tickets):
        title = f"Follow-up to {_name(incident, book)}"
        yield _create(FOLLOW_UP, tracker, title, _describe(incident, book, duty), duty, "follow-up")


def _list_work(incident: Incident, book: Book, tracker: str) -> Iterator[TicketRequested]:
    known = incident.tickets.get(WORK)
    duty, default = find_ticket_duty(incident, book), find_default(incident, book)
    if known is None and ((duty is None and default is None) or not incident.is_open):
        return
    title = f"[{fold(incident.severity or 'unclassified')}] {_name(incident, book)}"
    if known is None or not known.id:
        yield _create(
            WORK,
            known.tracker if known else tracker,
            title,
            _describe(incident, book, duty, default),
            duty or default,
            "",
        )
        return
    if incident.status in OVER and not known.closed:
        text = f"{incident.number} is {incident.status}."
        if incident.cause and not incident.is_private and find_lock(incident, book) is None:
            text += f" Cause: {fold(incident.cause)}"
        yield TicketRequested(act=TicketAct.CLOSE, tracker=known.tracker, key=WORK, ticket=known.id, text=text)
    if incident.is_open and known.closed:
        text = f"{incident.number} has come back."
        yield TicketRequested(act=TicketAct.COMMENT, tracker=known.tracker, key=WORK, ticket=known.id, text=text)


def _create(
    key: str, tracker: str, title: str, text: str, stated: TicketDuty | Severity | None, label: str
) -> TicketRequested:
    return TicketRequested(
        act=TicketAct.CREATE,
        tracker=tracker,
        key=key,
        title=title,
        text=text,
        labels=(LABEL, label) if label else (LABEL,),
        line=stated.line if stated else None,
    )


def _name(incident: Incident, book: Book) -> str:
    """By number alone while it is private or words about it are locked: trackers are read by many."""
    bare = incident.is_private or find_lock(incident, book) is not None
    return incident.number if bare else f"{incident.number}: {fold(incident.title)}"


def _describe(incident: Incident, book: Book, duty: TicketDuty | None, default: Severity | None = None) -> str:
    lines = [
        f"Severity: {fold(incident.severity or 'unclassified')}",
        f"Opened: {incident.opened_at:%Y-%m-%d %H:%M} UTC",
    ]
    if incident.is_private:
        return "\n".join([*lines, "It is private: whoever may see it finds it in tocsin."])
    if incident.scenario:
        lines.append(f"Scenario: {fold(incident.scenario)}")
    if duty is not None:
        lines.append(f"The playbook asks for this ticket (line {duty.line}): {fold(duty.text)}")
    elif default is not None:
        what = f"The playbook has a time for {fold(default.id)} (line {default.line})"
        lines.append(f"{what} and no procedure, so it is kept here.")
    return "\n".join(lines)


def _ask(incident: Incident, request: TicketRequested, now: datetime) -> Plan:
    """The request, unless it has been made; one that failed for a while is made again later."""
    known = incident.tickets.get(request.key)
    if known is None or _is_next(known, request):
        return Plan((request,))
    if known.act is not request.act or known.state == "done":
        return Plan()
    is_now, at = find_again(known, now)
    return Plan((request,)) if is_now else Plan((), at)


def _is_next(known: Ticket, request: TicketRequested) -> bool:
    """Whether the ticket has come to the end of what was asked before, and this is something else."""
    return known.state == "done" and known.act is not request.act and bool(known.id)
