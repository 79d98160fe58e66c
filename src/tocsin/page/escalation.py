"""The playbook's escalations as rungs: whom a line calls, after how long or upon which answer, and by what means.

A line that names a severity holds for that one. One that names none applies to severities with an elapsed response
time of at most an hour, and never before that time. One with a condition is a question to people, and waits for their
answer. A numbered level without any time follows the level before it, if that has one, after as long again; anybody may
call any level in scope sooner, with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.page.clocks import Clocks
from tocsin.page.means import find_address, read_means
from tocsin.page.rung import HOUR, NONE, Rung
from tocsin.playbook.model import Escalation, Severity, Trigger
from tocsin.words import Calendar, TriggerClock


def find_escalations(incident: Incident, book: Book, clocks: Clocks) -> Iterator[Rung]:
    """The rungs of all escalations that are in scope, those that wait for an answer too."""
    if not book.playbook.escalation:
        return
    scopes = {"document", *(procedure.title for procedure in book.procedures(incident))}
    severity = book.paging_severity(incident)
    for escalation in book.playbook.escalation:
        if escalation.scope not in scopes:
            continue
        for trigger in escalation.triggers or _follow(escalation, book):
            after = _find_wait(trigger, severity, clocks)
            if after is not None:
                why = tell_why(trigger, after)
                yield _make(escalation, after, why, waits=trigger.condition is not None)
        yield _make(escalation, NONE, "somebody asked for them", waits=True)


def _make(escalation: Escalation, after: timedelta, why: str, *, waits: bool) -> Rung:
    return Rung(
        key=f"line:{escalation.line}",
        who=escalation.who,
        after=after,
        why=why,
        line=escalation.line,
        waits=waits,
        mailbox=find_address(escalation.via),
        by=read_means(escalation.via),
    )


def _follow(escalation: Escalation, book: Book) -> tuple[Trigger, ...]:
    """The clock of a numbered level that states none: as long again as the level before it had to wait."""
    before = [
        each
        for each in book.playbook.escalation
        if each.scope == escalation.scope and escalation.level is not None and each.level == escalation.level - 1
    ]
    waits = [
        trigger.after_s
        for each in before
        for trigger in each.triggers
        if trigger.severity is None and trigger.condition is None and trigger.after_s
    ]
    if not waits:
        return ()
    return (Trigger(severity=None, clock=TriggerClock.UNRESOLVED, after_s=2 * max(waits), line=escalation.line),)


def _find_wait(trigger: Trigger, severity: Severity | None, clocks: Clocks) -> timedelta | None:
    """How long after the calling began a trigger fires; null where it does not apply."""
    if trigger.condition is not None:
        return NONE
    if trigger.severity is not None:
        if severity is None or trigger.severity != severity.id:
            return None
        return timedelta(seconds=trigger.after_s)
    if trigger.clock is TriggerClock.IMMEDIATE:
        return NONE
    if not _answers_within_the_hour(severity, clocks):
        return None
    return timedelta(seconds=max(trigger.after_s, clocks.within or 0))


def _answers_within_the_hour(severity: Severity | None, clocks: Clocks) -> bool:
    elapsed = severity is None or severity.response.calendar is Calendar.ELAPSED
    return elapsed and (clocks.within or 0) <= HOUR


def tell_why(trigger: Trigger, after: timedelta) -> str:
    """Why an escalation calls, in words."""
    if trigger.condition is not None:
        return f"somebody answered: {trigger.condition}"
    if not after:
        return f"the playbook calls them at once{f' for {trigger.severity}' if trigger.severity else ''}"
    return f"not resolved after {_spell(int(after.total_seconds()))}"


def _spell(seconds: int) -> str:
    return f"{seconds // HOUR} h" if seconds % HOUR == 0 else f"{seconds // 60} min"
