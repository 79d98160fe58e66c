"""Whether an intent has its outcome already, or is under way: of two nodes that carried it in turn, one is told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from tocsin.incident.state import Incident, StepRecord
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import (
    ChatDone,
    ChatFailed,
    ChatWithheld,
    Intent,
    Outcome,
    StepFinished,
    StepRequested,
    TicketDone,
    TicketFailed,
    TicketWithheld,
)
from tocsin.words import PageState, StepState

LOG = logging.getLogger("tocsin.dispatch")

CHAT, TICKET = ChatDone | ChatFailed | ChatWithheld, TicketDone | TicketFailed | TicketWithheld


def answer(incident: Incident | None, outcome: Outcome) -> tuple[Outcome, ...]:
    """The outcome, unless what it answers was answered before."""
    return () if has_answer(incident, outcome) else (outcome,)


def has_answer(incident: Incident | None, outcome: Outcome) -> bool:
    """Whether what `outcome` answers was answered before, by a node that had taken it over."""
    if incident is None or not outcome.closes:
        return False
    if outcome.answers in incident.pages:
        return incident.pages[outcome.answers] is not PageState.REQUESTED
    if isinstance(outcome, CHAT | TICKET):
        asked = (incident.chat if isinstance(outcome, CHAT) else incident.tickets).get(outcome.key)
        return asked is None or asked.intent != outcome.answers or asked.state != "asked"
    record = incident.steps.get(getattr(outcome, "step", ""))
    if record is None:
        return False
    return record.intent != outcome.answers or _has_ended(record, outcome)


def _has_ended(record: StepRecord, outcome: Outcome) -> bool:
    """A step that a person called done while it ran has no exit code yet. How one ended that was put in doubt is worth
    knowing, unless somebody has settled that.
    """
    if record.state is StepState.RUNNING:
        return False
    if record.state is StepState.IN_DOUBT:
        return not isinstance(outcome, StepFinished)
    return record.state is not StepState.OK or record.exit_code is not None


def is_under_way(incident: Incident, intent: Intent, seq: int) -> bool:
    """Whether an intent is of a changing step that somebody has started: it waits for no node, but for a person."""
    record = incident.steps.get(intent.step) if isinstance(intent, StepRequested) else None
    return record is not None and record.intent == seq and record.changes and record.started


async def is_recorded(read: Callable[[str, int], Awaitable[list[Entry]]], stream: str, outcome: Outcome) -> bool:
    """Whether a commit that seemed to fail had reached the disk; no, as far as we know, if it cannot be read."""
    try:
        events = [entry.event for entry in await read(stream, outcome.answers)]
    except Exception:
        LOG.exception("%s cannot be read", stream)
        return False
    return any(isinstance(event, type(outcome)) and event.answers == outcome.answers for event in events)
