"""What a swap takes, and what of the same turn it leaves where it is; what an override meets of others.

A swap takes the stretch that a person has at a moment: until somebody else has the duty, or another layer says who has
it. A turn whose days belong to another layer is many such stretches, and a swap takes one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.errors import BadInput
from tocsin.oncall.duty import Plan, Shift, find_duty, hands_over, list_layers, list_shifts
from tocsin.oncall.override import Override
from tocsin.oncall.rotation import find_going

LOOK_BACK, LOOK_AHEAD = timedelta(days=40), timedelta(days=400)
"""How far from a moment the shift that it lies in may begin and end."""
MOST_LEFT = 100
ASKED_TWICE = timedelta(minutes=10)
"""So long after it was set an override that starts now, asked for again, is taken for the same one."""

Stretch = tuple[datetime, datetime]


class Half(msgspec.Struct, frozen=True, kw_only=True):
    """Half of a swap: `person` takes the `shift` that is `instead`'s; what of that turn stays theirs is `left`, and so
    many stretches `more`.
    """

    person: str
    instead: str
    shift: Shift
    left: tuple[Stretch, ...] = ()
    more: int = 0


def take_half(plan: Plan, person: str, instead: str, at: datetime, now: datetime) -> Half:
    """What `person` takes of `instead`, who has the duty at `at`. Raises `BadInput` where they have none."""
    shifts = list_shifts(plan, at - LOOK_BACK, at + LOOK_AHEAD)
    place = next((place for place, each in enumerate(shifts) if each.starts_at <= at < each.ends_at), None)
    if place is None:
        raise BadInput(f"{plan.name} has no shift at that moment.")
    shift = shifts[place]
    if instead not in shift.people:
        who = ", ".join(shift.people) or "nobody"
        raise BadInput(f"{instead} has no shift of {plan.name} at {at:%Y-%m-%d %H:%M} UTC; {who} has.")
    if shift.starts_at == at - LOOK_BACK or shift.ends_at == at + LOOK_AHEAD:
        raise BadInput(f"{instead}'s shift of {plan.name} has no end near that moment; set an override instead.")
    if shift.ends_at <= now:
        raise BadInput(
            f"{instead}'s shift of {plan.name} at {at:%Y-%m-%d %H:%M} UTC is over; nobody takes it any more."
        )
    kept = _find_left(plan, shifts, place, instead)
    left = _join((max(each.starts_at, now), each.ends_at) for each in kept if each.ends_at > now)
    shift = msgspec.structs.replace(shift, starts_at=max(shift.starts_at, now))  # what is past stays as it was
    return Half(person=person, instead=instead, shift=shift, left=tuple(left[:MOST_LEFT]), more=len(left[MOST_LEFT:]))


def _join(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours as one, whichever layers say so."""
    found: list[Stretch] = []
    for since, until in stretches:
        if found and found[-1][1] == since:
            since = found.pop()[0]
        found.append((since, until))
    return found


def _find_left(plan: Plan, shifts: Sequence[Shift], place: int, person: str) -> Iterator[Shift]:
    """The other shifts of a person that belong to the same turn: of its layer, or next to it without a hand-off."""
    turn = _find_turn(plan, shifts[place])
    first = last = place
    while first > 0 and person in shifts[first - 1].people and not hands_over(plan, shifts[first].starts_at):
        first -= 1
    while last + 1 < len(shifts) and person in shifts[last + 1].people and not hands_over(plan, shifts[last].ends_at):
        last += 1
    for number, each in enumerate(shifts):
        in_turn = turn is not None and turn[0] <= each.starts_at and each.ends_at <= turn[1]
        if number != place and person in each.people and (in_turn or first <= number <= last):
            yield each


def _find_turn(plan: Plan, shift: Shift) -> Stretch | None:
    """The turn that a shift is part of, if a layer that rotates says who has it."""
    kind, _, number = shift.source.partition(" ")
    if kind != "layer":
        return None
    layer = list_layers(plan.schedule)[int(number) - 1]
    if layer.rotation == "none":
        return None
    going = find_going(layer, plan.zone, shift.starts_at)
    return going.starts_at, going.ends_at


def find_same(overrides: Sequence[Override], wanted: Override, *, starts_now: bool) -> Override | None:
    """The override that is `wanted` already, and over which no later one lies.

    One that `starts_now`, by a request that is sent twice, starts a little later: it is the same if it ends at the same
    moment or lasts as long, for the same reason.
    """
    for place, each in enumerate(overrides):
        same = (each.schedule, each.person, each.instead) == (wanted.schedule, wanted.person, wanted.instead)
        if not same or each.swapped or not _is_same_time(each, wanted, starts_now):
            continue
        if not any(_overlap(each, later) for later in overrides[place + 1 :]):
            return each
    return None


def _is_same_time(known: Override, wanted: Override, starts_now: bool) -> bool:
    if (known.starts_at, known.ends_at) == (wanted.starts_at, wanted.ends_at):
        return True
    late = wanted.starts_at - known.starts_at
    if not starts_now or not timedelta() <= late <= ASKED_TWICE:
        return False
    as_long = wanted.ends_at - wanted.starts_at == known.ends_at - known.starts_at
    return (known.by, known.reason) == (wanted.by, wanted.reason) and (as_long or known.ends_at == wanted.ends_at)


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when an override meets an earlier one, and whether it takes the duty from it there."""

    known: Override
    starts_at: datetime
    ends_at: datetime
    takes: bool


def find_meetings(plan: Plan, wanted: Override) -> list[Meeting]:
    """The overrides of the plan that `wanted`, set after them, would meet where they hold now."""
    return [
        Meeting(known=each, starts_at=since, ends_at=until, takes=_takes(plan, wanted, since))
        for each in plan.overrides
        if each.id != wanted.id and (since := max(each.starts_at, wanted.starts_at)) < (
            until := min(each.ends_at, wanted.ends_at)
        ) and _holds(plan, each, since)
    ]  # fmt: skip


def _holds(plan: Plan, over: Override, at: datetime) -> bool:
    """Whether anybody else would have the duty without an override: no other lies over it."""
    others = msgspec.structs.replace(plan, overrides=tuple(each for each in plan.overrides if each is not over))
    return find_duty(plan, at).people != find_duty(others, at).people


def _takes(plan: Plan, wanted: Override, at: datetime) -> bool:
    return find_duty(plan, at).people != find_duty(_lay(plan, [wanted]), at).people


def changes_nothing(plan: Plan, wanted: Override) -> bool:
    """Whether everybody would have the same shifts with `wanted` as without."""
    since, until = wanted.starts_at, wanted.ends_at
    before, after = list_shifts(plan, since, until), list_shifts(_lay(plan, [wanted]), since, until)
    return _who(before) == _who(after)


def _who(shifts: Iterable[Shift]) -> list[tuple[datetime, tuple[str, ...]]]:
    found: list[tuple[datetime, tuple[str, ...]]] = []
    for each in shifts:
        if not found or found[-1][1] != each.people:
            found.append((each.starts_at, each.people))
    return found


def _lay(plan: Plan, overrides: Sequence[Override]) -> Plan:
    return msgspec.structs.replace(plan, overrides=(*plan.overrides, *overrides))


def _overlap(one: Override, other: Override) -> bool:
    return one.schedule == other.schedule and one.starts_at < other.ends_at and other.starts_at < one.ends_at
