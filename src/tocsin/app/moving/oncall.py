"""Grafana OnCall's API: `users`, `schedules`, `on_call_shifts`, `escalation_chains`, `escalation_policies`, each with
its `results`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.app.moving import found as f
from tocsin.app.moving.found import Found, Plan, Policy, Rung
from tocsin.oncall.settings import Layer

Table = dict[str, Any]
MONTH = 28 * f.DAY
LENGTHS = {"hourly": 3600, "daily": f.DAY, "weekly": f.WEEK}
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SHIFTS = frozenset({"single_event", "recurrent_event", "rolling_users", "override"})


class Export:
    """What the files hold: shifts and steps are put where they belong once all are read."""

    def __init__(self) -> None:
        self.users: list[Table] = []
        self.schedules: list[Table] = []
        self.shifts: dict[str, Table] = {}
        self.chains: dict[str, str] = {}
        self.steps: list[Table] = []

    def read(self, content: Any) -> bool:
        """Take a file in; false if it is none of OnCall's."""
        tables = f.list_of(content.get("results") if isinstance(content, dict) else content)
        return bool(tables) and all(self._sort_in(each) for each in tables)

    def _sort_in(self, each: Table) -> bool:
        if each.get("type") in SHIFTS and "duration" in each and "escalation_chain_id" not in each:
            self.shifts[f.text_of(each.get("id"))] = each
        elif "escalation_chain_id" in each and "position" in each:
            self.steps.append(each)
        elif "on_call_now" in each or each.get("type") in ("calendar", "ical", "web"):
            self.schedules.append(each)
        elif "username" in each:
            self.users.append(each)
        elif set(each) <= {"id", "name", "team_id"}:
            self.chains[f.text_of(each.get("id"))] = f.text_of(each.get("name"))
        else:
            return False
        return True

    def settle(self, found: Found, now: datetime) -> None:
        """Add it all to what was found."""
        for user in self.users:
            mail, name = f.text_of(user.get("email")), f.text_of(user.get("username"))
            found.add_person(f.text_of(user.get("id")), name, mail)
        for schedule in self.schedules:
            self._take_schedule(found, schedule, now)
        for chain in dict.fromkeys(
            [*self.chains, *(f.text_of(each.get("escalation_chain_id")) for each in self.steps)]
        ):
            steps = [each for each in self.steps if f.text_of(each.get("escalation_chain_id")) == chain]
            _take_chain(found, self.chains.get(chain, chain), sorted(steps, key=_place))

    def _take_schedule(self, found: Found, schedule: Table, now: datetime) -> None:
        key, name = f.text_of(schedule.get("id")), f.text_of(schedule.get("name"))
        zone = f.read_zone(found, f.text_of(schedule.get("time_zone")) or "UTC", f"schedule {name}")
        ics = f.text_of(schedule.get("ical_url_primary"))
        if f.text_of(schedule.get("ical_url_overrides")):
            found.remark(f"schedule {name}: a calendar of overrides; set them with `tocsin override`")
        wanted = schedule.get("shifts") if isinstance(schedule.get("shifts"), list) else []
        shifts = [(each, self.shifts.get(f.text_of(each))) for each in wanted or []]
        for each, shift in shifts:
            if shift is None:
                found.remark(f"schedule {name}: shift {each} is in none of the files; export on_call_shifts too")
        known = sorted(
            (shift for _, shift in shifts if shift is not None), key=lambda one: f.number_of(one.get("level"))
        )
        layers = [_make_layer(found, name, shift, zone, now) for shift in known]
        _warn_of_levels(found, name, [each for each, layer in zip(known, layers, strict=True) if layer is not None])
        made = [each for each in layers if each is not None]
        found.schedules[key] = [Plan(key=key, name=name, zone=zone, layers=made, ics=ics)]


def _place(step: Table) -> int:
    return f.number_of(step.get("position"))


def _warn_of_levels(found: Found, schedule: str, shifts: Iterable[Table]) -> None:
    levels = [f.number_of(each.get("level")) for each in shifts]
    for level in dict.fromkeys(each for each in levels if levels.count(each) > 1):
        found.remark(
            f"schedule {schedule}: several shifts of level {level}; where they overlap, here the later one wins"
        )


def _make_layer(found: Found, schedule: str, shift: Table, zone: str, now: datetime) -> Layer | None:
    what, kind = f"schedule {schedule}, shift {f.text_of(shift.get('name'))}", f.text_of(shift.get("type"))
    read = _read_times(found, what, shift, zone)
    start, first = read(shift.get("rotation_start") or shift.get("start")), read(shift.get("start"))
    duration = f.number_of(shift.get("duration"))
    if kind in ("single_event", "override"):
        if first + timedelta(seconds=duration) > now:
            found.remark(f"{what}: it happens once, at {first:%Y-%m-%d %H:%M}; set it with `tocsin override`")
        return None
    ends = read(shift["until"]) if f.text_of(shift.get("until")) else None
    if ends is not None and ends <= now:
        found.remark(f"{what}: it ended on {ends:%Y-%m-%d} and is left out")
        return None
    frequency, interval = f.text_of(shift.get("frequency")), max(1, f.number_of(shift.get("interval"), 1))
    during = _restrict(frequency, shift, first, duration)
    _warn_of_hours(found, what, shift, bool(during))
    return Layer(
        people=tuple(_list_people(found, what, shift, kind)),
        during=during,
        begins=start if start > now else None,
        ends=ends,
        **({"rotation": "none"} if kind == "recurrent_event" else _turn(frequency, interval, first)),
    )


def _read_times(found: Found, what: str, shift: Table, zone: str) -> Callable[[Any], datetime]:
    """How the moments of a shift are read: written as the wall of its own zone, wanted as that of the schedule's."""
    own = f.text_of(shift.get("time_zone"))
    written = f.read_zone(found, own, what) if own else zone
    if written != zone:
        found.remark(
            f"{what}: a time zone of its own ({own}); here the schedule has one, {zone}, and the shift's hours were "
            "put into that as they are in the weeks of its start: look at them when only one of the two changes clocks"
        )
    return lambda value: f.read_moment(f.text_of(value), written).astimezone(ZoneInfo(zone))


def _warn_of_hours(found: Found, what: str, shift: Table, is_restricted: bool) -> None:
    """Say where a shift counts for longer here than it does there."""
    frequency, interval = f.text_of(shift.get("frequency")), max(1, f.number_of(shift.get("interval"), 1))
    for field in ("by_month", "by_monthday"):
        if shift.get(field):
            found.remark(f"{what}: `{field}`; there are no such restrictions here")
    unit, duration = LENGTHS.get(frequency, MONTH), f.number_of(shift.get("duration"))
    if interval > 1 and duration < unit * interval:
        found.remark(f"{what}: only every {interval} {frequency} turns; here it counts in each of them")
    elif not is_restricted and duration < unit * interval:
        spelt = f"{duration / 3600:g} h of each {frequency} turn"
        found.remark(f"{what}: it lasts {spelt}; here it counts until the next one: give it `during`")


def _list_people(found: Found, what: str, shift: Table, kind: str) -> list[str]:
    groups = shift.get("rolling_users") if kind == "rolling_users" else [shift.get("users") or []]
    people: list[str] = []
    for group in groups if isinstance(groups, list) else []:
        keys = [f.text_of(each) for each in group] if isinstance(group, list) else []
        if kind == "rolling_users" and len(keys) > 1:
            found.remark(f"{what}: {len(keys)} people take a turn together; here only the first of them does")
            keys = keys[:1]
        people += [found.require_person(each) for each in keys]
    first = f.number_of(shift.get("start_rotation_from_user_index"))
    return [*people[first:], *people[:first]] if kind == "rolling_users" and 0 < first < len(people) else people


def _turn(frequency: str, interval: int, start: datetime) -> dict[str, Any]:
    if frequency == "monthly":
        handoff = f"{start.day} {start:%H:%M}"
        return {"rotation": "monthly", "handoff": handoff, "start": start.date(), "every": interval}
    return f.turn(LENGTHS.get(frequency, f.WEEK) * interval, start)


def _restrict(frequency: str, shift: Table, start: datetime, duration: int) -> tuple[str, ...]:
    """The hours of a shift that does not last until the next one."""
    start_s = start.hour * 3600 + start.minute * 60
    written = datetime.fromisoformat(f.text_of(shift.get("start"))).weekday()
    moved = start.weekday() - written  # a zone of its own may begin a shift on another day of this one
    by_day = sorted((DAYS.index(each) + moved) % 7 for each in shift.get("by_day") or () if each in DAYS)
    if by_day:
        return (f.daily(start_s, duration, by_day),) if duration < f.DAY else tuple(
            f.span(day, start_s, duration) for day in by_day
        )  # fmt: skip
    if frequency == "daily" and duration < f.DAY:
        return (f.daily(start_s, duration),)
    if frequency == "weekly" and duration < f.WEEK:
        return (f.span(start.weekday(), start_s, duration),)
    return ()


def _take_chain(found: Found, name: str, steps: list[Table]) -> None:
    after_s, rungs = 0, dict[int, Rung]()
    for step in steps:
        kind = f.text_of(step.get("type"))
        rung = rungs.setdefault(after_s, Rung(after_s=f.bound_wait(found, name, after_s)))
        if kind == "wait":
            after_s += f.number_of(step.get("duration"), 60)
        elif kind == "notify_on_call_from_schedule":
            rung.schedules.append(f.text_of(step.get("notify_on_call_from_schedule")))
        elif kind in ("notify_persons", "notify_person_next_each_time"):
            keys = step.get("persons_to_notify") or step.get("persons_to_notify_next_each_time") or []
            rung.people += [found.require_person(f.text_of(each)) for each in keys]
            if kind == "notify_person_next_each_time":
                found.remark(f"policy {name}: calls another person each time; here all of the level")
        else:
            found.remark(f"policy {name}: step {f.text_of(step.get('position'))}, {kind!r}")
    found.add_policy(Policy(name=name, rungs=[each for each in rungs.values() if each.schedules or each.people]))
