"""When schedules change hands, from whom to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from tocsin.oncall.duty import Plan, find_duty
from tocsin.oncall.rota import Rota
from tocsin.oncall.rotation import find_going, make_own_layer
from tocsin.oncall.settings import Layer

JUST = timedelta(seconds=1)
LONG = timedelta(hours=20)
"""A shift of a calendar that is shorter is a part of a day; a day's may last 23 hours."""
MOST_LOOKED = 50
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
    return _make(rota, max(_find_moments(rota, now, ahead=False), default=None))


def find_next(rota: Rota, now: datetime) -> datetime | None:
    """When a schedule changes hands next."""
    return min(_find_moments(rota, now, ahead=True), default=None)


def _find_moments(rota: Rota, now: datetime, *, ahead: bool) -> Iterator[datetime]:
    """Of each layer that takes turns, when the turn that is under way began, or with `ahead` when it ends; of each
    schedule whose shifts stand in somebody's calendar, the nearest moment at which that has it change hands.
    """
    for name in rota.staffing.schedules:
        plan = rota.plan(name)
        if plan.stretches:
            yield from _find_in_calendar(plan, now, ahead=ahead)
            continue
        for layer in _list_layers(plan):
            going = find_going(layer, plan.zone, now)
            yield going.ends_at if ahead else going.starts_at


def _find_in_calendar(plan: Plan, now: datetime, *, ahead: bool) -> Iterator[datetime]:
    starts = {each.starts_at for each in plan.stretches if each.ends_at - each.starts_at >= LONG}
    wanted = sorted(at for at in starts if at > now) if ahead else sorted(at for at in starts if at <= now)[::-1]
    found = (at for at in wanted[:MOST_LOOKED] if _changes_hands(plan, at))
    yield from islice(found, 1)


def _changes_hands(plan: Plan, at: datetime) -> bool:
    return find_duty(plan, at - JUST).people != find_duty(plan, at).people


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
    if plan.stretches:
        return any(each.starts_at == at for each in plan.stretches) and _changes_hands(plan, at)
    return any(find_going(layer, plan.zone, at).starts_at == at for layer in _list_layers(plan))
