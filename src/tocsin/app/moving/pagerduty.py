"""PagerDuty's REST API: `/users`, `/schedules` (each with its layers), `/escalation_policies`."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from tocsin.app.check import PHONE
from tocsin.app.moving import found as f
from tocsin.app.moving.found import Found, Plan, Policy, Rung
from tocsin.oncall.settings import Layer

Table = dict[str, Any]


def take(found: Found, content: Any, now: datetime) -> bool:
    """Add what a file holds; false if it is none of PagerDuty's."""
    if not isinstance(content, dict):
        return False
    users = f.list_of(content.get("users"))
    schedules = [*f.list_of(content.get("schedules")), *f.list_of([content.get("schedule")])]
    policies = [*f.list_of(content.get("escalation_policies")), *f.list_of([content.get("escalation_policy")])]
    for each in users:
        _take_user(found, each)
    for each in schedules:
        _take_schedule(found, each, now)
    for each in policies:
        _take_policy(found, each)
    return bool(users or schedules or policies)


def _take_user(found: Found, user: Table) -> None:
    name = f.text_of(user.get("name"))
    phones = [each for each in f.list_of(user.get("contact_methods")) if each.get("type") == "phone_contact_method"]
    phone = _read_phone(found, name, phones[0]) if phones else ""
    found.add_person(f.text_of(user.get("id")), name, f.text_of(user.get("email")), phone)
    if user.get("notification_rules"):
        found.remark(f"person {name}: notification rules; name channels in `channels`, the weakest first")


def _read_phone(found: Found, name: str, method: Table) -> str:
    """A number as the settings want it: the country and digits only; there it may be written with blanks and dashes."""
    written = f.text_of(method.get("address"))
    digits = "".join(each for each in written if each in "0123456789")
    number = f"+{digits}" if written.startswith("+") else f"+{f.number_of(method.get('country_code'), 1)}{digits}"
    if not PHONE.fullmatch(number):
        found.remark(f"person {name}: {written!r} is no phone number here and was left out; add `phone` by hand")
        return ""
    if digits.startswith("0") and not written.startswith("+"):
        found.remark(f"person {name}: {written!r} begins with 0 and became {number}; see that a call reaches them")
    return number


def _take_schedule(found: Found, schedule: Table, now: datetime) -> None:
    key, name = f.text_of(schedule.get("id")), f.text_of(schedule.get("name") or schedule.get("summary"))
    zone = f.read_zone(found, f.text_of(schedule.get("time_zone")) or "UTC", f"schedule {name}")
    layers = f.list_of(schedule.get("schedule_layers"))
    if "schedule_layers" not in schedule:
        if key not in found.schedules:
            found.partial[key] = name
        return
    found.partial.pop(key, None)
    if not layers:
        found.remark(f"schedule {name}: it has no layers there; nobody is on duty in it until you name people")
    made = [_make_layer(found, name, layer, zone, now) for layer in reversed(layers)]  # the first lies uppermost
    found.schedules[key] = [Plan(key=key, name=name, zone=zone, layers=[each for each in made if each is not None])]
    overrides = schedule.get("overrides_subschedule")
    entries = f.list_of(overrides.get("rendered_schedule_entries")) if isinstance(overrides, dict) else []
    for entry in entries:
        if f.read_moment(f.text_of(entry.get("end")), zone) <= now:
            continue
        who = f.table_of(entry.get("user"))
        known = found.people.get(f.text_of(who.get("id")))
        name_there = f.text_of(who.get("summary")) or (known.name if known else "") or f.text_of(who.get("id"))
        spelt = f"{name_there} from {entry.get('start')} to {entry.get('end')}"
        found.remark(f"schedule {name}: override of {spelt}; set it again with `tocsin override`")


def _make_layer(found: Found, schedule: str, layer: Table, zone: str, now: datetime) -> Layer | None:
    what = f"schedule {schedule}, layer {f.text_of(layer.get('name'))}"
    ends = f.read_moment(layer["end"], zone) if isinstance(layer.get("end"), str) else None
    if ends is not None and ends <= now:
        found.remark(f"{what}: it ended on {ends:%Y-%m-%d} and is left out")
        return None
    begins = f.read_moment(f.text_of(layer.get("start")), zone)
    virtual = f.read_moment(f.text_of(layer.get("rotation_virtual_start") or layer.get("start")), zone)
    listed = f.list_of(layer.get("users"))
    users = [each["user"] for each in listed if isinstance(each.get("user"), dict)]
    if len(users) < len(listed):
        gone = len(listed) - len(users)
        found.remark(f"{what}: {gone} of its turns belong to nobody (a deleted user) and are left out; look who is on")
    people = [found.require_person(f.text_of(each.get("id")), f.text_of(each.get("summary"))) for each in users]
    length = f.number_of(layer.get("rotation_turn_length_seconds"), f.WEEK)
    if length < 300:
        found.remark(f"{what}: turns of {length} s are shorter than 5 min, and became 5 min")
        length = 300
    return Layer(
        people=tuple(people),
        during=tuple(_restrict(found, what, each) for each in f.list_of(layer.get("restrictions"))),
        begins=begins.replace(microsecond=0) if begins > now else None,
        ends=ends,
        **f.turn(length, virtual),
    )


def _restrict(found: Found, what: str, restriction: Table) -> str:
    clock = time.fromisoformat(f.text_of(restriction.get("start_time_of_day")).rstrip("Z") or "00:00")
    start_s, length_s = clock.hour * 3600 + clock.minute * 60, f.number_of(restriction.get("duration_seconds"))
    if clock.second or length_s % 60:
        found.remark(f"{what}: a restriction with seconds; it was taken to the minute")
    if restriction.get("type") == "weekly_restriction":
        return f.span(f.number_of(restriction.get("start_day_of_week"), 1) - 1, start_s, length_s)
    return f.daily(start_s, length_s)


def _take_policy(found: Found, policy: Table) -> None:
    name, after_s, rungs = f.text_of(policy.get("name") or policy.get("summary")), 0, list[Rung]()
    for rule in f.list_of(policy.get("escalation_rules")):
        rung = Rung(after_s=f.bound_wait(found, name, after_s))
        for target in f.list_of(rule.get("targets")):
            key, kind = f.text_of(target.get("id")), f.text_of(target.get("type"))
            if kind.startswith("schedule"):
                rung.schedules.append(key)
            elif kind.startswith("user"):
                rung.people.append(found.require_person(key, f.text_of(target.get("summary"))))
            else:
                found.remark(f"policy {name}: a target of type {kind!r} ({f.text_of(target.get('summary'))})")
        strategy = rule.get("escalation_rule_assignment_strategy")
        if isinstance(strategy, dict) and strategy.get("type") == "round_robin":
            found.remark(f"policy {name}: round robin on a level; here all of a level are called")
        rungs.append(rung)
        after_s += 60 * f.number_of(rule.get("escalation_delay_in_minutes"), 30)
    found.add_policy(Policy(key=f.text_of(policy.get("id")), name=name, rungs=rungs))
    loops = f.number_of(policy.get("num_loops"))
    if loops:
        found.remark(f"policy {name}: it repeats {loops} times; here each person is paged again until somebody answers")
    for each in f.list_of(policy.get("services")):
        found.remark(
            f"policy {name}: service {f.text_of(each.get('summary'))}; a team's playbook and routes stand for it"
        )
