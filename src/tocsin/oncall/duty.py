"""Who has the duty of a schedule: its layers, holidays, calendar and overrides, laid over one another.

From below: the schedule's own layer, its further layers, the shifts of its calendar, public holidays, overrides. The
uppermost that has somebody wins; a holiday without people has nobody on purpose, and only an override lies above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from tocsin.oncall.holiday import find_change, name_holiday
from tocsin.oncall.override import Override, apply_overrides
from tocsin.oncall.restriction import find_open
from tocsin.oncall.rotation import find_going, make_own_layer
from tocsin.oncall.settings import Layer, Schedule, Stretch
from tocsin.oncall.wall import find_instant, find_wall

MOST_SHIFTS = 20_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule with its zone, and what lies over it."""

    name: str
    schedule: Schedule
    zone: ZoneInfo
    stretches: tuple[Stretch, ...] = ()
    overrides: tuple[Override, ...] = ()


class Duty(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who has it, until when that may change (null: never), and which layer says so (``""`` if there is nobody)."""

    people: tuple[str, ...]
    until: datetime | None
    source: str = ""


class Shift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stretch in which the same people have the duty; nobody, in a gap."""

    people: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    source: str = ""


def find_duty(plan: Plan, at: datetime) -> Duty:
    """Who has the duty at `at`."""
    people, source, moments = _find_base(plan, at)
    found = apply_overrides(people, plan.overrides, at)
    for each in plan.overrides:
        moments += [moment for moment in (each.starts_at, each.ends_at) if moment > at]
    source = source if found == people else "override"
    return Duty(people=found, until=min(moments, default=None), source=source if found else "")


def _find_base(plan: Plan, at: datetime) -> tuple[tuple[str, ...], str, list[datetime]]:
    """Who it would be without overrides, by what, and when each part may change."""
    schedule, moments = plan.schedule, list[datetime]()
    found: tuple[str, ...] = ()
    source = ""
    if schedule.holidays is not None:
        moments.append(find_change(schedule.holidays, plan.zone, at))
        name = name_holiday(schedule.holidays, find_wall(at, plan.zone).date())
        if name:
            return schedule.holidays.who, f"holiday: {name}", moments
    if schedule.ics or schedule.pagerduty:
        moments += [moment for each in plan.stretches for moment in (each.starts_at, each.ends_at) if moment > at]
        own = tuple(dict.fromkeys(each.person for each in plan.stretches if each.starts_at <= at < each.ends_at))
        if own:
            return own, "PagerDuty" if schedule.pagerduty else "calendar", moments
    for number, layer in reversed(tuple(enumerate((make_own_layer(schedule), *schedule.layers), 1))):
        duty = find_layer_duty(layer, plan.zone, at)
        if duty.until is not None:
            moments.append(duty.until)
        if duty.people:
            found, source = duty.people, f"layer {number}"
            break
    return found, source, moments


def find_layer_duty(layer: Layer, zone: ZoneInfo, at: datetime) -> Duty:
    """Who has it in one layer."""
    if not layer.people:
        return Duty(people=(), until=None)
    begins, ends = _bound(layer.begins, zone), _bound(layer.ends, zone)
    if begins is not None and at < begins:
        return Duty(people=(), until=begins)
    if ends is not None and at >= ends:
        return Duty(people=(), until=None)
    opened = find_open(layer.during, zone, at)
    moments = [moment for moment in (ends, opened.until) if moment is not None]
    if not opened.is_open:
        return Duty(people=(), until=min(moments, default=None))
    if layer.rotation == "none":
        return Duty(people=layer.people, until=min(moments, default=None))
    going = find_going(layer, zone, at)
    person = layer.people[going.number % len(layer.people)]
    return Duty(people=(person,), until=min([going.ends_at, *moments]))


def _bound(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A bound of the settings: with an offset that moment, without one wall-clock time."""
    if moment is None:
        return None
    return find_instant(moment, zone) if moment.tzinfo is None else moment.astimezone(UTC)


def list_shifts(plan: Plan, since: datetime, until: datetime) -> list[Shift]:
    """The shifts from `since` to `until`, gaps included, without a hole between them; equal neighbours are one."""
    found: list[Shift] = []
    for shift in _walk(plan, since, until):
        last = found[-1] if found else None
        if last is None or not _goes_on(plan, last, shift):
            found.append(shift)
        else:
            found[-1] = msgspec.structs.replace(last, ends_at=shift.ends_at)
    return found


def _walk(plan: Plan, since: datetime, until: datetime) -> Iterator[Shift]:
    at = since
    for _ in range(MOST_SHIFTS):
        if at >= until:
            return
        duty = find_duty(plan, at)
        ends_at = min(duty.until, until) if duty.until is not None else until
        yield Shift(people=duty.people, starts_at=at, ends_at=ends_at, source=duty.source)
        at = ends_at


def _goes_on(plan: Plan, last: Shift, shift: Shift) -> bool:
    """Whether a shift is the same one as the last: a hand-off from a person to the same one begins another."""
    if (last.people, last.source) != (shift.people, shift.source):
        return False
    return len(shift.people) != 1 or not hands_over(plan, shift.starts_at)


def hands_over(plan: Plan, at: datetime) -> bool:
    """Whether a layer of the schedule hands over at `at`."""
    return any(_is_handoff(each, plan.zone, at) for each in list_layers(plan.schedule))


def _is_handoff(layer: Layer, zone: ZoneInfo, at: datetime) -> bool:
    return bool(layer.people) and layer.rotation != "none" and find_going(layer, zone, at).starts_at == at


def list_layers(schedule: Schedule) -> Sequence[Layer]:
    """The schedule's own layer, and those above it."""
    return (make_own_layer(schedule), *schedule.layers)
