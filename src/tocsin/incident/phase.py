"""The phases of the processes that an incident goes through, and when each is to be over.

Playbooks write them in two ways. "0-5 minutes" is a span, over at its end. "T+10" is a moment: by then it is to be
done; what begins at once is to be done when the next one is. Of two spans, one within the other, the inner one counts.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tocsin.incident.book import Book, number_steps, within_s
from tocsin.incident.state import Incident
from tocsin.playbook.model import Phase, Playbook, Procedure, Severity, Step
from tocsin.words import SectionKind

HOUR_S = 3600


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A phase with what there is to do in it: its steps by their ids, and the lines of the questions that it asks.

    `due_s` is counted from the start; `is_first` is whether the process begins with it, `kind` its section's, if any.
    """

    title: str
    line: int
    due_s: int
    steps: tuple[tuple[str, Step], ...]
    questions: tuple[int, ...] = ()
    kind: SectionKind | None = None
    is_first: bool = False


def find_parts(incident: Incident, book: Book) -> tuple[Part, ...]:
    """The phases of an incident that have a deadline, in document order; remembered, since every plan asks."""
    severity = book.paging_severity(incident)
    key = ("phases", incident.severity)
    if key not in book.remembered:
        book.remembered[key] = tuple(_find(incident, book, severity))
    found: tuple[Part, ...] = book.remembered[key]
    return found


def _find(incident: Incident, book: Book, severity: Severity | None) -> Iterator[Part]:
    """A process that names no severity is run as fast as the severity asks: nobody owes its first five minutes where an
    hour is allowed for taking the incident.
    """
    within = within_s(severity, book.playbook.severities)
    reviews = {each.line for each in book.playbook.reviews}
    for process in book.processes(incident):
        soonest = 0 if process.severities else (HOUR_S * 24 if within is None else within)
        for phase, due_s in _time(process):
            if due_s >= soonest and phase.line not in reviews:
                yield _lay_out(book.playbook, process, phase, due_s)


def _time(process: Procedure) -> Iterator[tuple[Phase, int]]:
    """Each phase with its deadline."""
    phases = process.phases
    points = all(each.ends_s is None for each in phases)
    for at, phase in enumerate(phases):
        if points and phase.starts_s is not None:
            later = next((each.starts_s for each in phases[at + 1 :] if each.starts_s), None)
            due = phase.starts_s or later
            if due:
                yield phase, due
        elif phase.ends_s is not None and not any(_lies_within(each, phase) for each in phases):
            yield phase, phase.ends_s


def _lies_within(inner: Phase, outer: Phase) -> bool:
    if inner is outer or inner.ends_s is None or outer.ends_s is None or inner.line < outer.line:
        return False
    begins, began = inner.starts_s or 0, outer.starts_s or 0
    return began <= begins and inner.ends_s <= outer.ends_s and (begins, inner.ends_s) != (began, outer.ends_s)


def _lay_out(playbook: Playbook, process: Procedure, phase: Phase, due_s: int) -> Part:
    after = min((each.line for each in process.phases if each.line > phase.line), default=process.end_line + 1)
    lines = range(phase.line, after)
    asked = (
        each.line or rung.line for rung in playbook.escalation for each in rung.triggers if each.condition is not None
    )
    return Part(
        title=phase.title,
        line=phase.line,
        due_s=due_s,
        steps=tuple((key, step) for key, step in number_steps(process) if step.line in lines),
        questions=tuple(dict.fromkeys(line for line in asked if line in lines)),
        kind=next((each.kind for each in process.sections if each.line in lines), None),
        is_first=not phase.starts_s,
    )
