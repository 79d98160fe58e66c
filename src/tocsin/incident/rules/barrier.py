"""How the barriers of an incident change."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.state import Barrier, Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry


def _set(incident: Incident, barrier: Barrier) -> Incident:
    return replace(incident, barriers={**incident.barriers, barrier.step: barrier})


def _called(incident: Incident, entry: Entry, event: e.BarrierCalled) -> Incident:
    barrier = Barrier(
        step=event.step, operators=event.operators, countdown_s=event.countdown_s, by=event.by, called_at=entry.at
    )
    return _set(incident, barrier)


def _ready(incident: Incident, entry: Entry, event: e.OperatorReady) -> Incident:
    before = incident.barriers.get(event.step)
    if before is None:
        return incident
    return _set(incident, replace(before, ready={**before.ready, event.by: event.where}, held=""))


def _held(incident: Incident, entry: Entry, event: e.BarrierHeld) -> Incident:
    before = incident.barriers.get(event.step)
    if before is None:
        return incident
    return _set(incident, replace(before, ready={}, go_at=None, held=event.reason or f"{event.by} held it"))


def _counting(incident: Incident, entry: Entry, event: e.CountdownBegun) -> Incident:
    before = incident.barriers.get(event.step)
    return incident if before is None else _set(incident, replace(before, go_at=event.go_at))


def _passed(incident: Incident, entry: Entry, event: e.BarrierPassed) -> Incident:
    before = incident.barriers.get(event.step)
    return incident if before is None else _set(incident, replace(before, passed_at=entry.at))


RULES: dict[type[e.Event], Any] = {
    e.BarrierCalled: _called,
    e.OperatorReady: _ready,
    e.BarrierHeld: _held,
    e.CountdownBegun: _counting,
    e.BarrierPassed: _passed,
}
