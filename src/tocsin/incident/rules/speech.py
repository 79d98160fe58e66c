"""How drafts change an incident, and how words are taken back."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.speech import Sketch
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry


def _drafted(incident: Incident, entry: Entry, event: e.UpdateDrafted) -> Incident:
    sketch = Sketch(
        at=entry.at,
        by=event.by,
        text=event.text,
        audiences=event.audiences,
        subject=event.subject,
        line=event.line,
        missing=event.missing,
    )
    kept = {key: each for key, each in incident.drafts.items() if key != event.replaces}
    return replace(incident, drafts={**kept, entry.seq: sketch})


def _approved(incident: Incident, entry: Entry, event: e.UpdateApproved) -> Incident:
    sketch = incident.drafts.get(event.draft)
    if sketch is None:
        return incident
    approved = replace(sketch, approved_by=event.by, approved_as=event.role)
    return replace(incident, drafts={**incident.drafts, event.draft: approved})


def _dropped(incident: Incident, entry: Entry, event: e.UpdateDropped) -> Incident:
    return replace(incident, drafts={key: each for key, each in incident.drafts.items() if key != event.draft})


def _withdrawn(incident: Incident, entry: Entry, event: e.UpdateWithdrawn) -> Incident:
    updates = tuple(
        replace(each, withdrawn_at=entry.at) if each.seq == event.update else each for each in incident.updates
    )
    return replace(incident, updates=updates)


def _overdue(incident: Incident, entry: Entry, event: e.PromiseOverdue) -> Incident:
    return replace(incident, overdue=(*incident.overdue, event.key))


RULES: dict[type[e.Event], Any] = {
    e.UpdateDrafted: _drafted,
    e.UpdateApproved: _approved,
    e.UpdateDropped: _dropped,
    e.UpdateWithdrawn: _withdrawn,
    e.PromiseOverdue: _overdue,
}
