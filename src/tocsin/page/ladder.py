"""Whom the incident demands, from when on, and because of which line.

Three sources: the team's ladder while nobody has acknowledged; whom the severity itself says to page at once; and the
playbook's escalations, whose *not resolved after* clocks run beside the acknowledgement. A fix that is being watched
holds those clocks: nobody is woken over a failure that has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.oncall.settings import Staffing
from tocsin.page.clocks import Clocks
from tocsin.playbook.model import Escalation, Severity, Trigger
from tocsin.words import Calendar, Status, TriggerClock

HOUR = 3600


class Demand(msgspec.Struct, frozen=True, kw_only=True):
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


def find_demands(incident: Incident, book: Book, staffing: Staffing, clocks: Clocks) -> list[Demand]:
    """Every demand that is or will be due if nothing changes, those already met included; the earliest first."""
    demands = list(_escalations(incident, book, clocks)) if incident.status is not Status.MONITORING else []
    if incident.acknowledged_at is None:
        demands += [*_ladder(incident, staffing, clocks), *_paged_at_once(incident, book)]
    since = incident.severity_at
    if since is not None:
        demands = [each if each.due >= since else msgspec.structs.replace(each, due=since) for each in demands]
    demands.sort(key=lambda demand: demand.due)
    return demands


def _ladder(incident: Incident, staffing: Staffing, clocks: Clocks) -> Iterator[Demand]:
    """Each rung at the time that the settings state for it, else one interval after the rung before."""
    after = -clocks.next_level
    for index, who in enumerate(staffing.levels[:1] if clocks.quiet else staffing.levels):
        after = staffing.level_after_s.get(str(index + 1), after + clocks.next_level)
        due = incident.calling_since + timedelta(seconds=after)
        yield Demand(key=f"level:{index + 1}", who=who, due=due, why=f"level {index + 1} of the ladder")


def _paged_at_once(incident: Incident, book: Book) -> Iterator[Demand]:
    severity = book.paging_severity(incident)
    if severity is not None and severity.page:
        why = f"{severity.id} pages them at once"
        line = severity.page_line or severity.line
        yield Demand(key=f"severity:{severity.id}", who=severity.page, due=incident.calling_since, why=why, line=line)


def _escalations(incident: Incident, book: Book, clocks: Clocks) -> Iterator[Demand]:
    if not book.playbook.escalation:
        return
    scopes = {"document", *(procedure.title for procedure in book.procedures(incident))}
    severity = book.paging_severity(incident)
    for escalation in book.playbook.escalation:
        if escalation.scope not in scopes:
            continue
        for trigger in escalation.triggers:
            due = _due(incident, escalation, trigger, severity, clocks)
            if due is not None:
                yield Demand(
                    key=f"line:{escalation.line}",
                    who=escalation.who,
                    due=due,
                    why=_why(trigger, due - incident.calling_since),
                    line=escalation.line,
                )


def _due(
    incident: Incident, escalation: Escalation, trigger: Trigger, severity: Severity | None, clocks: Clocks
) -> datetime | None:
    """When a trigger fires; null where it does not apply or waits for an answer."""
    if trigger.condition is not None:
        return incident.asked.get(escalation.line)
    if trigger.severity is not None:
        if severity is None or trigger.severity != severity.id:
            return None
        return incident.calling_since + timedelta(seconds=trigger.after_s)
    if trigger.clock is TriggerClock.IMMEDIATE:
        return incident.calling_since
    if not _answers_within_the_hour(severity, clocks):
        return None
    return incident.calling_since + timedelta(seconds=max(trigger.after_s, clocks.within or 0))


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
