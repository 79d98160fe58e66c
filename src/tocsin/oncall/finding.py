"""What is wrong with who is on duty, found before it matters: gaps, double bookings, people who cannot be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import combinations
from typing import Literal

import msgspec

from tocsin.oncall.duty import Shift, list_shifts
from tocsin.oncall.rota import Rota

Kind = Literal["gap", "double", "unreachable", "calendar"]
Reach = Callable[[str], str]
"""Why a person cannot be reached, by id; empty for somebody who can."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: from when until when, where it has a time, and a sentence for people."""

    kind: Kind
    text: str
    team: str
    schedule: str = ""
    person: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def find_all(rotas: Mapping[str, Rota], reach: Reach, since: datetime, until: datetime) -> list[Finding]:
    """Everything that is wrong between two moments, of all teams; what comes first stands first."""
    shifts = {
        (team, name): list_shifts(rota.plan(name), since, until)
        for team, rota in rotas.items()
        for name in rota.staffing.schedules
    }
    found = [
        *(each for (team, name), own in shifts.items() for each in find_gaps(team, name, own)),
        *_find_doubles(rotas, shifts),
        *(each for team, rota in rotas.items() for each in find_unreachable(team, rota, reach)),
    ]
    return sorted(found, key=lambda each: (each.starts_at or since, each.team, each.schedule, each.kind))


def find_gaps(team: str, schedule: str, shifts: Iterable[Shift]) -> Iterator[Finding]:
    """The shifts that nobody has; neighbours are one gap."""
    gaps: list[Shift] = []
    for each in shifts:
        if each.people:
            continue
        if gaps and gaps[-1].ends_at == each.starts_at:
            gaps[-1] = msgspec.structs.replace(gaps[-1], ends_at=each.ends_at)
        else:
            gaps.append(each)
    for gap in gaps:
        yield Finding(
            kind="gap",
            text=f"nobody is on duty in {schedule}",
            team=team,
            schedule=schedule,
            starts_at=gap.starts_at,
            ends_at=gap.ends_at,
        )


def _find_doubles(rotas: Mapping[str, Rota], shifts: Mapping[tuple[str, str], list[Shift]]) -> Iterator[Finding]:
    """One person in two schedules of the team's ladder at once, or in those of two teams."""
    calling = [(team, name) for team, name in shifts if _is_called(rotas[team], name)]
    for one, other in combinations(calling, 2):
        for person, starts_at, ends_at in _overlap(shifts[one], shifts[other]):
            yield Finding(
                kind="double",
                text=_tell_double(one, other, person),
                team=one[0],
                schedule=one[1],
                person=person,
                starts_at=starts_at,
                ends_at=ends_at,
            )


def _is_called(rota: Rota, schedule: str) -> bool:
    """Whether the ladder calls a schedule, by its name or by a role."""
    roles = {role.casefold(): names for role, names in rota.staffing.roles.items()}
    named = {name.casefold() for level in rota.staffing.levels for name in level}
    named |= {each.casefold() for name in tuple(named) for each in roles.get(name, ())}
    return schedule.casefold() in named


def _tell_double(one: tuple[str, str], other: tuple[str, str], person: str) -> str:
    if one[0] == other[0]:
        return f"{person} is on duty in {one[1]} and in {other[1]}, so nobody stands behind them"
    return f"{person} is on duty in {one[0]}'s {one[1]} and in {other[0]}'s {other[1]}"


def _overlap(one: list[Shift], other: list[Shift]) -> list[tuple[str, datetime, datetime]]:
    """The stretches that two lists of shifts have a person in common; neighbours are one."""
    found: list[tuple[str, datetime, datetime]] = []
    first = second = 0
    while first < len(one) and second < len(other):
        left, right = one[first], other[second]
        starts_at, ends_at = max(left.starts_at, right.starts_at), min(left.ends_at, right.ends_at)
        for person in left.people if starts_at < ends_at else ():
            if person in right.people:
                _add(found, person, starts_at, ends_at)
        if left.ends_at <= right.ends_at:
            first += 1
        if right.ends_at <= left.ends_at:
            second += 1
    return found


def _add(found: list[tuple[str, datetime, datetime]], person: str, starts_at: datetime, ends_at: datetime) -> None:
    for at, (who, since, until) in enumerate(found):
        if who == person and until == starts_at:
            found[at] = (who, since, ends_at)
            return
    found.append((person, starts_at, ends_at))


def find_unreachable(team: str, rota: Rota, reach: Reach) -> Iterator[Finding]:
    """Those whom the team calls and who cannot be reached."""
    called = dict.fromkeys([*rota.everybody(), *rota.staffing.last_resort])
    for person in called:
        why = reach(person) if person in rota.people else ""
        if why:
            yield Finding(kind="unreachable", text=f"{person} {why}", team=team, person=person)
