"""How the timed waits of an incident change."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.state import Incident, StepRecord
from tocsin.incident.waits import Wait
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import StepState


def _set(incident: Incident, wait: Wait, **changes: Any) -> Incident:
    before = incident.steps.get(wait.step) or StepRecord(step=wait.step, state=StepState.PLANNED)
    steps = {**incident.steps, wait.step: replace(before, **changes)}
    return replace(incident, waits={**incident.waits, wait.step: wait}, steps=steps)


def _begun(incident: Incident, entry: Entry, event: e.WaitBegun) -> Incident:
    wait = Wait(step=event.step, by=event.by, begun_at=entry.at, until=event.until, watches=event.watches,
                look=event.look, tells=event.tells, wanted=event.wanted, every_s=event.every_s)  # fmt: skip
    return _set(incident, wait, state=StepState.PLANNED, approved_by=None, ended_at=None)


def _ended(incident: Incident, entry: Entry, event: e.WaitEnded) -> Incident:
    before = incident.waits.get(event.step)
    if before is None:
        return incident
    state = StepState.OK if event.passed else StepState.FAILED
    wait = replace(before, ended_at=entry.at)
    return _set(incident, wait, state=state, ended_at=entry.at, approved_by=event.by, why=event.reason)


RULES: dict[type[e.Event], Any] = {e.WaitBegun: _begun, e.WaitEnded: _ended}
