"""What was found as the text of settings, and a report of what has no equivalent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from tocsin.alert.group import TRIAGE
from tocsin.app.moving import oncall, opsgenie, pagerduty
from tocsin.app.moving.found import Found, Plan, Policy, list_of, slug, table_of, tell_apart
from tocsin.errors import BadInput
from tocsin.oncall.rota import means_everybody
from tocsin.oncall.settings import Layer

MOST_BYTES = 32 * 2**20
KINDS = (
    "username",
    "email",
    "rotations",
    "rules",
    "escalation_rules",
    "escalation_chain_id",
    "on_call_now",
    "duration",
)
"""A field that tells which list a page is of."""
Take = Callable[[Found, Any, datetime], bool]
TAKES: dict[str, Take] = {"pagerduty": pagerduty.take, "opsgenie": opsgenie.take}
SOURCES = (*TAKES, "oncall")


def read_exports(source: str, files: Iterable[Path], now: datetime) -> Found:
    """What the files hold. Raises `BadInput` naming the file that is no such export."""
    found, export = Found(), oncall.Export()
    contents = [(path, _read(path)) for path in files]
    contents.sort(key=lambda pair: not _lists_people(pair[1]))
    for path, content in contents:
        try:
            taken = TAKES[source](found, content, now) if source in TAKES else export.read(content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{path} is no whole export of {source} ({type(error).__name__}: {error}).") from error
        if not taken:
            raise BadInput(
                f"{path} holds no people, schedules or policies as {source} exports them; see docs/moving.md"
            )
    if source not in TAKES:
        try:
            export.settle(found, now)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"The files are no whole export of {source} ({type(error).__name__}: {error}).") from error
    found.leave_out()
    _warn_of_pages(found, contents)
    return found


def _warn_of_pages(found: Found, contents: Iterable[tuple[Path, Any]]) -> None:
    """Say which list ends before its end: the API gives long ones out by the page, and says that there is more."""
    ends: dict[str, tuple[Path, bool]] = {}
    for path, content in contents:
        answer = table_of(content)
        more = bool(answer.get("more") is True or answer.get("next") or table_of(answer.get("paging")).get("next"))
        tables = next((each for each in map(list_of, answer.values()) if each), [])
        kind = next((each for each in KINDS if tables and each in tables[0]), "")
        ends[kind] = path, more and ends.get(kind, (path, True))[1]
    for path, more in ends.values():
        if more:
            found.remark(
                f"{path.name}: the list goes on where this page ends; export the pages behind it and give them too"
            )


def _lists_people(content: Any) -> bool:
    """People come first, so that whoever is named elsewhere is known."""
    tables: Any = content
    if isinstance(content, dict):
        tables = content.get("users") or content.get("data") or content.get("results")
    first = next(iter(list_of(tables)), {})
    return "username" in first or "email" in first


def _read(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}).") from error
    if len(content) > MOST_BYTES:
        raise BadInput(f"{path} is larger than {MOST_BYTES // 2**20} MiB; export less at a time.")
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"{path} is no JSON ({error}).") from error


def write_tables(found: Found, source: str) -> str:
    """The tables of `tocsin.toml`: people, and a team for each policy, with the schedules that it calls."""
    parts = [f"# From {source}. Lay it into tocsin.toml; `FILL IN` marks what an export cannot know.", ""]
    for human in found.people.values():
        parts += [f"[people.{human.id}]", f"name = {_quote(human.name)}"]
        parts += [f"mail = {_quote(human.mail)}"] if human.mail else []
        parts += [f"phone = {_quote(human.phone)}"] if human.phone else []
        parts += ['channels = ["terminal"]  # FILL IN: name the channels that reach them, the weakest first', ""]
    called = {key for policy in found.policies for rung in policy.rungs for key in rung.schedules}
    uncalled = [key for key in found.schedules if key not in called]
    policies = [each for each in found.policies if _calls_somebody(found, each)]
    taken = {TRIAGE}
    for number, policy in enumerate(policies or [Policy(name="team", rungs=[])]):
        team = tell_apart(slug(policy.name) or "team", taken)
        taken.add(team)
        own = dict.fromkeys(key for rung in policy.rungs for key in rung.schedules)
        parts += _write_team(found, team, policy, [*own, *(uncalled if number == 0 else ())])
        for key in uncalled if policies and number == 0 else ():
            for plan in found.schedules[key]:
                found.remark(f"schedule {plan.name}: no policy calls it; it stands with team {team}")
    return "\n".join(parts).rstrip() + "\n"


def _calls_somebody(found: Found, policy: Policy) -> bool:
    """Whether a team can be made of it; else the report says why there is none."""
    for key in dict.fromkeys(key for rung in policy.rungs for key in rung.schedules):
        if not found.schedules.get(key):
            found.remark(f"policy {policy.name}: it calls schedule {key}, which is in none of the files")
    if any(rung.people or any(found.schedules.get(key) for key in rung.schedules) for rung in policy.rungs):
        return True
    found.remark(f"policy {policy.name}: it calls nobody who is in the files, so no team was made of it")
    return False


def _write_team(found: Found, team: str, policy: Policy, keys: Iterable[str]) -> Iterator[str]:
    yield f"[teams.{team}]"
    yield f'playbook = "playbooks/{team}.md"  # FILL IN'
    yield f"name = {_quote(policy.name)}"
    names = _name_schedules(found, keys)
    levels = [
        [
            *(name for key in rung.schedules for name, _ in names.get(key, ())),
            *(found.people[key].id for key in rung.people),
        ]
        for rung in policy.rungs
    ]
    kept = [(list(dict.fromkeys(level)), rung) for level, rung in zip(levels, policy.rungs, strict=True) if level]
    if len(kept) < len(policy.rungs):
        found.remark(
            f"policy {policy.name}: {_count(len(policy.rungs) - len(kept), 'level')} with nobody who is in the files"
        )
    if kept:
        yield f"levels = {_value([level for level, _ in kept])}"
        times = {str(at): rung.after_s - kept[0][1].after_s for at, (_, rung) in enumerate(kept, 1) if at > 1}
        if times:
            yield f"level_after_s = {{ {', '.join(f'{at} = {after}' for at, after in times.items())} }}"
    else:
        yield '# levels = [["primary"]]  # FILL IN: who is called first, and who joins'
    last = kept[-1][0] if kept else []
    people = [each.id for each in found.people.values()]
    resort = [each for each in last if each in people][:1] or people[:1]
    yield f"last_resort = {_value(resort)}  # FILL IN: told whenever nobody else can be"
    yield ""
    for plans in names.values():
        for name, plan in plans:
            yield from _write_schedule(found, f"teams.{team}.schedules.{name}", plan)


def _name_schedules(found: Found, keys: Iterable[str]) -> dict[str, list[tuple[str, Plan]]]:
    """The schedules of a team under names of their own: none that is a person's, means everybody, or stands twice."""
    people = {each.id for each in found.people.values()}
    taken, names = set(people), dict[str, list[tuple[str, Plan]]]()
    for key in keys:
        for plan in found.schedules.get(key, ()):
            wanted = slug(plan.name) or slug(plan.key) or "schedule"
            if wanted in people or means_everybody(wanted):
                wanted = f"{wanted}-schedule"
            name = tell_apart(wanted, taken)
            taken.add(name)
            names.setdefault(key, []).append((name, plan))
    return names


def _write_schedule(found: Found, table: str, plan: Plan) -> Iterator[str]:
    yield f"[{table}]  # {_quote(plan.name)}"
    yield f"timezone = {_quote(plan.zone)}"
    if plan.ics:
        yield f"ics = {_quote(plan.ics)}"
    yield ""
    for layer in plan.layers:
        yield f"[[{table}.layers]]"
        yield from _write_layer(found, layer)
        yield ""


def _write_layer(found: Found, layer: Layer) -> Iterator[str]:
    plain = Layer()
    for field in msgspec.structs.fields(Layer):
        value = getattr(layer, field.name)
        if field.name == "people":
            yield f"people = {_value([found.people[key].id for key in value])}"
        elif value != getattr(plain, field.name) and not (
            layer.rotation == "none" and field.name in ("start", "handoff")
        ):
            yield f"{field.name} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _quote(text: str) -> str:
    """A text as TOML: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def tell(found: Found) -> str:
    """The report: what was taken over, then each thing that has no equivalent."""
    plans = sum(map(len, found.schedules.values()))
    people = "1 person" if len(found.people) == 1 else f"{len(found.people)} people"
    policies = "1 policy" if len(found.policies) == 1 else f"{len(found.policies)} policies"
    head = f"{people}, {_count(plans, 'schedule')}, {policies}."
    if not found.remarks:
        return f"{head} Everything has an equivalent."
    return "\n".join([f"{head} Without an equivalent, or to be looked at:", *(f"- {each}" for each in found.remarks)])
