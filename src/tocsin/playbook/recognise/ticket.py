"""Work that the document wants kept in a ticket: "Tracking: JIRA ticket", "Log as bug", "Document in backlog".

A line below a level's own heading is about that level; one in a general procedure takes the procedure's severities; a
chart's column takes those at its head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.block import Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import TicketDuty
from tocsin.playbook.recognise.chart import read_columns
from tocsin.playbook.recognise.room import narrow
from tocsin.words import StepKind

_TICKET = compile_late(
    r"\btickets?\b|\b(?:document|log|track|put|add)\b[^.]*\b(?:backlog|issue tracker|bug tracker)\b"
    r"|\blog(?:ged)?\s+(?:it\s+)?as\s+(?:a\s+)?(?:bug|issue)\b"
    r"|\b(?:create|open|file)\b[^.]*\b(?:jira|github)\b[^.]*\bissues?\b",
    re.IGNORECASE,
)
_FOLLOW_UP = compile_late(r"\bfollow[- ]?up\b|\bpost-?incident\b", re.IGNORECASE)
_TRACKER = compile_late(r"\b(jira|github|gitlab|linear|servicenow|zendesk)\b", re.IGNORECASE)
_NOT_OURS = compile_late(
    r"\b(?:support|vendor|provider|customer|cloud|aws|gcp|azure)\b[^.]*\btickets?\b", re.IGNORECASE
)
_DOING = frozenset({StepKind.MANUAL, StepKind.CHECKLIST})


def recognise(draft: Draft) -> None:
    """Find them, a level's own first: what a line says of one severity stands before what a chart says of several."""
    found = {duty.line: duty for duty in (*_of_levels(draft), *_of_processes(draft), *_of_charts(draft))}
    draft.tickets = list(found.values())


def _of_levels(draft: Draft) -> Iterator[TicketDuty]:
    for severity, entry in draft.level_entries:
        last = entry.end_line if entry.block.kind is Kind.TABLE else entry.block.last_line
        for block in (entry.block, *entry.block.walk()):
            for line, text in block.lines:
                if entry.line <= line <= last and _wants_ticket(text):
                    yield _make(line, text, (severity,))


def _of_processes(draft: Draft) -> Iterator[TicketDuty]:
    for process in draft.processes:
        for step in process.steps:
            if step.kind in _DOING and _wants_ticket(step.text):
                yield _make(step.line, step.text, narrow(draft, process, step))


def _of_charts(draft: Draft) -> Iterator[TicketDuty]:
    for column in read_columns(draft):
        if _wants_ticket(column.text):
            yield _make(column.line, column.text, column.severities)


def _wants_ticket(text: str) -> bool:
    return _TICKET.search(text) is not None and _NOT_OURS.search(text) is None


def _make(line: int, text: str, severities: tuple[str, ...]) -> TicketDuty:
    tracker = _TRACKER.search(text)
    return TicketDuty(
        line=line,
        text=text.strip(),
        severities=severities,
        tracker=tracker[1].lower() if tracker else None,
        follow_up=_FOLLOW_UP.search(text) is not None,
    )
