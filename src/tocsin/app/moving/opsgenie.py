"""Opsgenie's REST API: `/v2/users`, `/v2/schedules?expand=rotation`, `/v2/escalations`, each with its `data`.

All rotations of an Opsgenie schedule are on call at once, where layers here lie over one another. So each rotation
becomes a schedule of its own, and a level that called the schedule calls all of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tocsin.app.moving import found as f
from tocsin.app.moving.found import Found, Plan, Policy, Rung
from tocsin.oncall.settings import Layer

Table = dict[str, Any]
LENGTHS = {"hourly": 3600, "daily": f.DAY, "weekly": f.WEEK}
UNITS = {"minutes": 60, "hours": 3600, "days": f.DAY}


def take(found: Found, content: Any, now: datetime) -> bool:
    """Add what a file holds; false if it is none of Opsgenie's."""
    data = content.get("data") if isinstance(content, dict) else content
    tables = f.list_of(data if isinstance(data, list) else [data])
    taken = False
    for each in tables:
        if "rotations" in each:
            _take_schedule(found, each, now)
        elif "rules" in each:
            _take_policy(found, each)
        elif "username" in each:
            _take_user(found, each)
        else:
            continue
        taken = True
    return taken


def _take_user(found: Found, user: Table) -> None:
    mail, name = f.text_of(user.get("username")), f.text_of(user.get("fullName"))
    if user.get("blocked"):
        found.blocked[mail] = name or mail
        return
    found.add_person(mail, name, mail)


def _take_schedule(found: Found, schedule: Table, now: datetime) -> None:
    key, name = f.text_of(schedule.get("id")), f.text_of(schedule.get("name"))
    zone = f.read_zone(found, f.text_of(schedule.get("timezone")) or "UTC", f"schedule {name}")
    if schedule.get("enabled") is False:
        found.remark(f"schedule {name}: it is disabled there, and calls here as soon as a level names it")
    rotations = f.list_of(schedule.get("rotations"))
    plans = []
    for number, rotation in enumerate(rotations, 1):
        layer = _make_layer(found, name, rotation, zone, now)
        if layer is not None:
            own = f.text_of(rotation.get("name")) or str(number)
            spelt = name if len(rotations) == 1 else f"{name} {own}"
            plans.append(Plan(key=f"{key}/{number}", name=spelt, zone=zone, layers=[layer]))
    if not plans:
        found.remark(f"schedule {name}: it has no rotation that still counts; nobody is on duty until you name people")
        plans = [Plan(key=key, name=name, zone=zone)]
    found.schedules[key] = plans
    if len(plans) > 1:
        found.remark(f"schedule {name}: its {len(plans)} rotations became schedules of their own, called together")


def _make_layer(found: Found, schedule: str, rotation: Table, zone: str, now: datetime) -> Layer | None:
    what = f"schedule {schedule}, rotation {f.text_of(rotation.get('name'))}"
    ends = f.read_moment(rotation["endDate"], zone) if isinstance(rotation.get("endDate"), str) else None
    if ends is not None and ends <= now:
        found.remark(f"{what}: it ended on {ends:%Y-%m-%d} and is left out")
        return None
    start = f.read_moment(f.text_of(rotation.get("startDate")), zone)
    people = []
    for each in f.list_of(rotation.get("participants")):
        mail = f.text_of(each.get("username"))
        if each.get("type") == "user" and mail:
            people.append(found.require_person(mail, mail=mail))
        else:
            spelt = "a turn of nobody" if each.get("type") == "none" else (
                f"a participant of type {each.get('type')!r} ({f.text_of(each.get('name'))})"
            )  # fmt: skip
            found.remark(f"{what}: {spelt} is left out, so that the turns behind it come earlier: look who is on")
    kind = f.text_of(rotation.get("type"))
    if kind not in LENGTHS:
        found.remark(f"{what}: turns of type {kind!r} became weekly")
    length = LENGTHS.get(kind, f.WEEK) * max(1, f.number_of(rotation.get("length"), 1))
    return Layer(
        people=tuple(people),
        during=_restrict(rotation.get("timeRestriction")),
        begins=start if start > now else None,
        ends=ends,
        **f.turn(length, start),
    )


def _restrict(restriction: Any) -> tuple[str, ...]:
    if not isinstance(restriction, dict):
        return ()
    one = restriction.get("restriction")
    tables = f.list_of([one] if isinstance(one, dict) else restriction.get("restrictions"))
    return tuple(_spell(each) for each in tables)


def _spell(table: Table) -> str:
    start = f"{f.number_of(table.get('startHour')):02}:{f.number_of(table.get('startMin')):02}"
    end = f"{f.number_of(table.get('endHour')):02}:{f.number_of(table.get('endMin')):02}"
    first, last = f.text_of(table.get("startDay")), f.text_of(table.get("endDay"))
    return f"{first[:3].capitalize()} {start} - {last[:3].capitalize()} {end}" if first and last else f"{start}-{end}"


def _take_policy(found: Found, policy: Table) -> None:
    name, rungs = f.text_of(policy.get("name")), dict[int, Rung]()
    for rule in f.list_of(policy.get("rules")):
        delay = f.table_of(rule.get("delay"))
        after_s = f.number_of(delay.get("timeAmount")) * UNITS.get(f.text_of(delay.get("timeUnit")) or "minutes", 60)
        rung = rungs.setdefault(after_s, Rung(after_s=f.bound_wait(found, name, after_s)))
        recipient = f.table_of(rule.get("recipient"))
        kind, whom = f.text_of(recipient.get("type")), f.text_of(recipient.get("id"))
        if kind == "schedule":
            rung.schedules.append(whom)
        elif kind == "user":
            mail = f.text_of(recipient.get("username"))
            rung.people.append(found.require_person(mail or whom, mail=mail))
        else:
            found.remark(f"policy {name}: a recipient of type {kind!r} ({f.text_of(recipient.get('name'))})")
        if rule.get("condition") == "if-not-closed":
            found.remark(f"policy {name}: a rule that goes on after the acknowledgement; write it into the playbook")
        if rule.get("notifyType") not in ("default", "all", None):
            found.remark(f"policy {name}: notifies {rule['notifyType']!r} of a schedule; here whoever is on duty")
    key = f.text_of(policy.get("id"))
    found.add_policy(Policy(key=key, name=name, rungs=[rungs[after] for after in sorted(rungs)]))
    repeat = policy.get("repeat")
    if isinstance(repeat, dict) and f.number_of(repeat.get("count")):
        found.remark(
            f"policy {name}: it repeats {repeat['count']} times; here each is paged again until somebody answers"
        )
