"""Whom the incident demands, from when on, and because of which line.

Four sources: the team's ladder while nobody has acknowledged; whom the severity itself says to page at once, or to
tell; and the playbook's escalations, whose *not resolved after* clocks run beside the acknowledgement. A fix that is
being watched holds those clocks: nobody is woken over a failure that has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.oncall.hours import WorkingTime
from tocsin.oncall.rota import find_working
from tocsin.oncall.settings import Staffing
from tocsin.page.clocks import Clocks
from tocsin.page.escalation import find_escalations
from tocsin.page.means import read_means
from tocsin.page.ordered import find_orders
from tocsin.page.rung import NONE, Demand, Rung
from tocsin.words import Calendar, Means, Status

__all__ = ["Demand", "Rung", "find_demands", "place_rungs"]


def find_demands(incident: Incident, book: Book, staffing: Staffing, clocks: Clocks) -> list[Demand]:
    """Every demand that is or will be due if nothing changes, those already met included; the earliest first."""
    return [rung.fall_due(due) for due, rung in place_rungs(incident, book, staffing, clocks)]


def place_rungs(incident: Incident, book: Book, staffing: Staffing, clocks: Clocks) -> Iterator[tuple[datetime, Rung]]:
    """The same, each with its time, and no further than somebody asks."""
    since, severity_at = incident.calling_since, incident.severity_at
    rungs = _find_rungs(incident, book, staffing, clocks)
    is_plain = not incident.asked and incident.expired_at is None and not clocks.quiet
    if is_plain and (severity_at is None or severity_at <= since):
        return ((since + rung.after, rung) for rung in rungs.in_order if not rung.waits)
    return iter(_place_each(incident, rungs.all, since, find_working(staffing)))


def _place_each(
    incident: Incident, rungs: Iterable[Rung], since: datetime, working: WorkingTime
) -> list[tuple[datetime, Rung]]:
    """Nothing was demanded of a severity before the incident had it; the ladder begins anew with an expiry."""
    placed = list[tuple[datetime, Rung]]()
    for rung in rungs:
        begun = max(since, incident.expired_at or since) if rung.is_level else since
        due = begun + rung.after if not rung.waits else incident.asked.get(rung.line or 0)
        if due is not None:
            due = max(due, incident.severity_at or due)
            placed.append((working.find_opening(due) if rung.opens else due, rung))
    return sorted(placed, key=lambda each: each[0])


class _Rungs(NamedTuple):
    """Made of `staffing`: the rungs as they stand written, and as they fall due."""

    staffing: Staffing
    all: tuple[Rung, ...]
    in_order: tuple[Rung, ...]


def _find_rungs(incident: Incident, book: Book, staffing: Staffing, clocks: Clocks) -> _Rungs:
    """Remembered with the book for as long as the staffing is the same, by all that it takes from the incident."""
    is_watched, is_taken = incident.status is Status.MONITORING, incident.acknowledged_at is not None
    is_due = not is_taken or _was_raised(incident)
    key = (_Rungs, incident.scenario_line, incident.pursued, incident.severity, is_watched, is_taken, is_due)
    known = book.remembered.get(key)
    if known is None or known.staffing is not staffing:
        found = () if is_watched else (*find_escalations(incident, book, clocks), *_ordered(incident, book))
        if not is_taken:
            found = (*found, *_ladder(staffing, clocks, _find_first_means(incident, book)))
        if is_due:
            found = (*found, *_paged_at_once(incident, book))
        known = book.remembered[key] = _Rungs(staffing, found, tuple(sorted(found, key=lambda rung: rung.after)))
    return known


def _was_raised(incident: Incident) -> bool:
    """Whether the severity was changed after somebody had taken the incident: whom that one calls is called then."""
    taken, changed = incident.acknowledged_at, incident.severity_at
    return taken is not None and changed is not None and changed > taken


def _find_first_means(incident: Incident, book: Book) -> Means | None:
    """How the first word of a severity goes out, where its own lines say so ("Notification: Slack alert")."""
    severity = book.severity(incident)
    return read_means((severity.page_via,)) if severity is not None and severity.page_via else None


def _ladder(staffing: Staffing, clocks: Clocks, by: Means | None) -> Iterator[Rung]:
    """Each rung at the time that the settings state for it, else one interval after the rung before.

    What may wait for the day calls the first rung alone, once: in working hours where it is counted in these; and where
    it has until the next working day, they are told when that begins, and nobody is called.
    """
    after = -clocks.next_level
    for index, who in enumerate(staffing.levels[:1] if clocks.quiet else staffing.levels):
        after = staffing.level_after_s.get(str(index + 1), after + clocks.next_level)
        yield Rung(
            key=f"level:{index + 1}",
            who=who,
            after=timedelta(seconds=after),
            why=f"level {index + 1} of the ladder",
            opens=clocks.calendar is not Calendar.ELAPSED,
            by=by if index == 0 else None,
            informs=clocks.calendar is Calendar.NEXT_BUSINESS_DAY,
        )


def _paged_at_once(incident: Incident, book: Book) -> Iterator[Rung]:
    """Whom the severity has paged at once, and whom it has told."""
    severity = book.paging_severity(incident)
    if severity is not None and severity.page:
        why = f"{severity.id} pages them at once"
        line = severity.page_line or severity.line
        yield Rung(key=f"severity:{severity.id}", who=severity.page, after=NONE, why=why, line=line)
    if severity is not None and severity.tell:
        yield Rung(
            key=f"tell:{severity.id}",
            who=severity.tell,
            after=NONE,
            why=f"{severity.id} has them told",
            line=severity.tell_line or severity.line,
            informs=True,
        )


def _ordered(incident: Incident, book: Book) -> Iterator[Rung]:
    scenario, escalating = book.scenario(incident), {each.line for each in book.playbook.escalation}
    for order in find_orders(scenario) if scenario is not None else ():
        if order.line not in escalating:
            key, why = f"line:{order.line}", "the playbook has them called at once"
            yield Rung(key=key, who=order.who, after=NONE, why=why, line=order.line, mailbox=order.mailbox)
