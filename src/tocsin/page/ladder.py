"""Whom the incident demands, from when on, and because of which line.

Three sources: the team's ladder while nobody has acknowledged; whom the severity itself says to page at once; and the
playbook's escalations, whose *not resolved after* clocks run beside the acknowledgement. A fix that is being watched
holds those clocks: nobody is woken over a failure that has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.oncall.settings import Staffing
from tocsin.page.clocks import Clocks
from tocsin.page.ordered import find_orders
from tocsin.playbook.model import Severity, Trigger
from tocsin.words import Calendar, Status, TriggerClock

HOUR = 3600
NONE = timedelta()


class Demand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Call `who` (names) from `due` on; `key` says it once for all, `line` is the playbook line behind it."""

    key: str
    who: tuple[str, ...]
    due: datetime
    why: str
    line: int | None = None

    @property
    def is_level(self) -> bool:
        """Whether it is a rung of the team's own ladder."""
        return self.key.startswith("level:")

    @property
    def is_escalation(self) -> bool:
        """Whether a line of the playbook escalates to them."""
        return self.key.startswith("line:")


class Rung(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A demand as it stands in playbook and settings: due so long `after` the calling began.

    One that `waits` for an answer is due from that answer on. `mailbox` is an address that is written to as well.
    """

    key: str
    who: tuple[str, ...]
    after: timedelta
    why: str
    line: int | None = None
    waits: bool = False
    mailbox: str = ""

    @property
    def is_level(self) -> bool:
        """Whether it is a rung of the team's own ladder."""
        return self.key.startswith("level:")

    def fall_due(self, due: datetime) -> Demand:
        """The demand of an incident."""
        return Demand(key=self.key, who=self.who, due=due, why=self.why, line=self.line)


def find_demands(incident: Incident, book: Book, staffing: Staffing, clocks: Clocks) -> list[Demand]:
    """Every demand that is or will be due if nothing changes, those already met included; the earliest first."""
    return [rung.fall_due(due) for due, rung in place_rungs(incident, book, staffing, clocks)]


def place_rungs(incident: Incident, book: Book, staffing: Staffing, clocks: Clocks) -> Iterator[tuple[datetime, Rung]]:
    """The same, each with its time, and no further than somebody asks."""
    since, severity_at = incident.calling_since, incident.severity_at
    rungs = _find_rungs(incident, book, staffing, clocks)
    if not incident.asked and (severity_at is None or severity_at <= since):
        return ((since + rung.after, rung) for rung in rungs.in_order if not rung.waits)
    return iter(_place_each(incident, rungs.all, since))


def _place_each(incident: Incident, rungs: Iterable[Rung], since: datetime) -> list[tuple[datetime, Rung]]:
    """Nothing was demanded of a severity before the incident had it."""
    placed = list[tuple[datetime, Rung]]()
    for rung in rungs:
        due = since + rung.after if not rung.waits else incident.asked.get(rung.line or 0)
        if due is not None:
            placed.append((max(due, incident.severity_at or due), rung))
    return sorted(placed, key=lambda each: each[0])


class _Rungs(NamedTuple):
    """Made of `staffing`: the rungs as they stand written, and as they fall due."""

    staffing: Staffing
    all: tuple[Rung, ...]
    in_order: tuple[Rung, ...]


def _find_rungs(incident: Incident, book: Book, staffing: Staffing, clocks: Clocks) -> _Rungs:
    """Remembered with the book for as long as the staffing is the same, by all that it takes from the incident."""
    is_watched, is_taken = incident.status is Status.MONITORING, incident.acknowledged_at is not None
    key = (_Rungs, incident.scenario_line, incident.pursued, incident.severity, is_watched, is_taken)
    known = book.remembered.get(key)
    if known is None or known.staffing is not staffing:
        found = () if is_watched else (*_escalations(incident, book, clocks), *_ordered(incident, book))
        if not is_taken:
            found = (*found, *_ladder(staffing, clocks), *_paged_at_once(incident, book))
        known = book.remembered[key] = _Rungs(staffing, found, tuple(sorted(found, key=lambda rung: rung.after)))
    return known


def _ladder(staffing: Staffing, clocks: Clocks) -> Iterator[Rung]:
    """Each rung at the time that the settings state for it, else one interval after the rung before."""
    after = -clocks.next_level
    for index, who in enumerate(staffing.levels[:1] if clocks.quiet else staffing.levels):
        after = staffing.level_after_s.get(str(index + 1), after + clocks.next_level)
        why = f"level {index + 1} of the ladder"
        yield Rung(key=f"level:{index + 1}", who=who, after=timedelta(seconds=after), why=why)


def _paged_at_once(incident: Incident, book: Book) -> Iterator[Rung]:
    severity = book.paging_severity(incident)
    if severity is not None and severity.page:
        why = f"{severity.id} pages them at once"
        line = severity.page_line or severity.line
        yield Rung(key=f"severity:{severity.id}", who=severity.page, after=NONE, why=why, line=line)


def _escalations(incident: Incident, book: Book, clocks: Clocks) -> Iterator[Rung]:
    if not book.playbook.escalation:
        return
    scopes = {"document", *(procedure.title for procedure in book.procedures(incident))}
    severity = book.paging_severity(incident)
    for escalation in book.playbook.escalation:
        if escalation.scope not in scopes:
            continue
        for trigger in escalation.triggers:
            after = _find_wait(trigger, severity, clocks)
            if after is not None:
                yield Rung(
                    key=f"line:{escalation.line}",
                    who=escalation.who,
                    after=after,
                    why=_why(trigger, after),
                    line=escalation.line,
                    waits=trigger.condition is not None,
                )


def _ordered(incident: Incident, book: Book) -> Iterator[Rung]:
    scenario, escalating = book.scenario(incident), {each.line for each in book.playbook.escalation}
    for order in find_orders(scenario) if scenario is not None else ():
        if order.line not in escalating:
            key, why = f"line:{order.line}", "the playbook has them called at once"
            yield Rung(key=key, who=order.who, after=NONE, why=why, line=order.line, mailbox=order.mailbox)


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


def _why(trigger: Trigger, after: timedelta) -> str:
    if trigger.condition is not None:
        return f"somebody answered: {trigger.condition}"
    if not after:
        return f"the playbook calls them at once{f' for {trigger.severity}' if trigger.severity else ''}"
    return f"not resolved after {_spell(int(after.total_seconds()))}"


def _spell(seconds: int) -> str:
    return f"{seconds // HOUR} h" if seconds % HOUR == 0 else f"{seconds // 60} min"
