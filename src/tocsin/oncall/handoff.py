"""When schedules change hands, from whom to whom."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tocsin.oncall.duty import Plan, find_duty
from tocsin.oncall.rota import Rota
from tocsin.oncall.rotation import find_going, make_own_layer
from tocsin.oncall.settings import Layer

JUST = timedelta(seconds=1)
TOO_OFTEN = frozenset({"none", "hourly"})
"""Turns at whose end nobody needs a week summed up."""


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """At one moment these schedules go from some people to others."""

    at: datetime
    schedules: tuple[str, ...]
    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]


def find_last(rota: Rota, now: datetime) -> Handoff | None:
    """The last hand-off at or before `now`, of all schedules that changed hands then."""
    return _make(rota, max((at for at, _ in _find_moments(rota, now)), default=None))


def find_next(rota: Rota, now: datetime) -> datetime | None:
    """When a schedule changes hands next."""
    return min((at for _, at in _find_moments(rota, now)), default=None)


def _find_moments(rota: Rota, now: datetime) -> list[tuple[datetime, datetime]]:
    """Of each layer that takes turns, when the turn that is under way began, and when it ends."""
    plans = [rota.plan(name) for name in rota.staffing.schedules]
    going = [find_going(layer, plan.zone, now) for plan in plans for layer in _list_layers(plan)]
    return [(each.starts_at, each.ends_at) for each in going]


def _list_layers(plan: Plan) -> list[Layer]:
    layers = (make_own_layer(plan.schedule), *plan.schedule.layers)
    return [each for each in layers if each.rotation not in TOO_OFTEN and len(each.people) > 1]


def _make(rota: Rota, at: datetime | None) -> Handoff | None:
    if at is None:
        return None
    names = [name for name in rota.staffing.schedules if _hands_over(rota.plan(name), at)]
    plans = [rota.plan(name) for name in names]
    outgoing = [person for plan in plans for person in find_duty(plan, at - JUST).people]
    incoming = [person for plan in plans for person in find_duty(plan, at).people]
    return Handoff(
        at=at,
        schedules=tuple(names),
        outgoing=tuple(dict.fromkeys(outgoing)),
        incoming=tuple(dict.fromkeys(incoming)),
    )


def _hands_over(plan: Plan, at: datetime) -> bool:
    return any(find_going(layer, plan.zone, at).starts_at == at for layer in _list_layers(plan))
