"""What is wrong with who is on duty, found before it matters: gaps, double bookings, people who cannot be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from tocsin.oncall.duty import Shift, list_shifts
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Schedule

Kind = Literal["gap", "double", "unreachable", "calendar", "quiet", "contact"]
GRAVEST: tuple[Kind, ...] = ("gap", "unreachable", "calendar", "double", "quiet", "contact")
NAMED = 5
"""So many people are named where many have the same fault."""
Reach = Callable[[str], str]
"""Why a person cannot be reached, by id; empty for somebody who can."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: from when until when, where it has a time, and a sentence for people. A gap that a
    schedule's own hours leave has these in `hours`; `people` are all of whom a finding of several speaks.
    """

    kind: Kind
    text: str
    team: str
    schedule: str = ""
    person: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: str = ""
    people: tuple[str, ...] = ()


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


def group_findings(found: Iterable[Finding], rotas: Mapping[str, Rota]) -> list[Finding]:
    """The findings with the gaps that a schedule's own hours leave told as one each; every other gap by itself. A
    double booking that comes back, with the same person in the same places, is one too, and so are people of a team
    whom nobody reaches for the same reason. The gravest stand first: a gap is not to be looked for below them.

    A gap is of that kind where somebody would be on duty in all of it if no layer were restricted to its `during`.
    """
    kept, of_hours, doubles = list[Finding](), dict[Place, list[Finding]](), dict[tuple[str, str], list[Finding]]()
    unreached = dict[tuple[str, str], list[Finding]]()
    for each in found:
        if each.kind == "gap" and _is_of_hours(each, rotas.get(each.team)):
            of_hours.setdefault((each.team, each.schedule), []).append(each)
        elif each.kind == "double":
            doubles.setdefault((each.person, each.text), []).append(each)
        elif each.kind == "unreachable":
            unreached.setdefault((each.team, each.text.removeprefix(each.person)), []).append(each)
        else:
            kept.append(each)
    kept += [_group_doubles(each) for each in doubles.values()]
    kept += [_group_unreached(each, why) for (_, why), each in unreached.items()]
    kept += [
        _group(gaps, _spell_hours(rotas[team].staffing.schedules[name])) for (team, name), gaps in of_hours.items()
    ]
    return sorted(kept, key=_place)


def _place(each: Finding) -> tuple[int, bool, datetime, str, str]:
    """Gaps first, those that a schedule's own hours leave behind them; within a kind what comes first."""
    last = datetime.max.replace(tzinfo=UTC)
    return GRAVEST.index(each.kind), bool(each.hours), each.starts_at or last, each.team, each.schedule


def _group_unreached(found: Sequence[Finding], why: str) -> Finding:
    """One for all of a team; few are named each, of many the first."""
    first, *more = found
    if not more:
        return first
    names = tuple(each.person for each in found)
    named = ", ".join(names[:NAMED]) + f" and {len(names) - NAMED} more" if len(names) > NAMED + 1 else ", ".join(names)
    return msgspec.structs.replace(first, person="", text=f"{len(names)} people, each{why}: {named}", people=names)


def _is_of_hours(gap: Finding, rota: Rota | None) -> bool:
    if rota is None or gap.starts_at is None or gap.ends_at is None:
        return False
    plan = rota.plan(gap.schedule)
    if not (plan.schedule.during or any(layer.during for layer in plan.schedule.layers)):
        return False
    layers = tuple(msgspec.structs.replace(layer, during=()) for layer in plan.schedule.layers)
    whole = msgspec.structs.replace(plan.schedule, during=(), layers=layers)
    shifts = list_shifts(msgspec.structs.replace(plan, schedule=whole), gap.starts_at, gap.ends_at)
    return all(each.people for each in shifts)


def _spell_hours(schedule: Schedule) -> str:
    return "; ".join(
        hours for during in (schedule.during, *(layer.during for layer in schedule.layers)) for hours in during
    )


def _group(gaps: Sequence[Finding], hours: str) -> Finding:
    """One for all; its times are those of the first."""
    first, *more = gaps
    if not more:
        return msgspec.structs.replace(first, hours=hours)
    text = f"{first.text} outside of its hours, {len(gaps)} times in this time; the first"
    return msgspec.structs.replace(first, text=text, hours=hours)


def _group_doubles(doubles: Sequence[Finding]) -> Finding:
    """One for all; its times are those of the first."""
    first, *more = doubles
    text = f"{first.text}, {len(doubles)} times in this time; the first"
    return msgspec.structs.replace(first, text=text) if more else first


Place = tuple[str, str]
"""A team and one of its schedules."""


def _find_doubles(rotas: Mapping[str, Rota], shifts: Mapping[Place, list[Shift]]) -> Iterator[Finding]:
    """One person in two schedules of the team's ladder at once, or in those of several teams: one finding for all."""
    calling = {place: own for place, own in shifts.items() if _is_called(rotas[place[0]], place[1])}
    for person in dict.fromkeys(person for own in calling.values() for shift in own for person in shift.people):
        theirs = {place: [shift for shift in own if person in shift.people] for place, own in calling.items()}
        for places, starts_at, ends_at in _overlap(theirs):
            yield Finding(
                kind="double",
                text=_tell_double(places, person),
                team=places[0][0],
                schedule=places[0][1],
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


def _tell_double(places: Sequence[Place], person: str) -> str:
    teams = [team for team, _ in places]
    if len(set(teams)) == 1:
        return f"{person} is on duty {_join([name for _, name in places])}, so nobody stands behind them"
    told = f"{person} is on duty " + _join([f"{team}'s {name}" for team, name in places])
    alone = [team for team in dict.fromkeys(teams) if teams.count(team) > 1]
    return told + (f", so nobody stands behind them {_join(alone)}" if alone else "")


def _join(names: Sequence[str]) -> str:
    *first, last = [f"in {name}" for name in names]
    return " and ".join([*filter(None, [", ".join(first)]), last])


def _overlap(shifts: Mapping[Place, list[Shift]]) -> Iterator[tuple[tuple[Place, ...], datetime, datetime]]:
    """The stretches that lie in the shifts of two places or more, with these places; neighbours alike are one."""
    turns: dict[datetime, list[tuple[int, Place]]] = {}
    for place, own in shifts.items():
        for each in own:
            turns.setdefault(each.starts_at, []).append((1, place))
            turns.setdefault(each.ends_at, []).append((-1, place))
    depth = dict.fromkeys(shifts, 0)
    places: tuple[Place, ...] = ()
    since = datetime.max.replace(tzinfo=UTC)
    for at in sorted(turns):
        for step, place in turns[at]:
            depth[place] += step
        now = tuple(place for place, count in depth.items() if count > 0)
        if now != places:
            if len(places) > 1:
                yield places, since, at
            places, since = now, at


def find_unreachable(team: str, rota: Rota, reach: Reach) -> Iterator[Finding]:
    """Those whom the team calls and who cannot be reached."""
    called = dict.fromkeys([*rota.everybody(), *rota.staffing.last_resort])
    for person in called:
        why = reach(person) if person in rota.people else ""
        if why:
            yield Finding(kind="unreachable", text=f"{person} {why}", team=team, person=person)
