"""A dry run: every statement of a scenario as it would run, and what becomes of it, with nothing run and nobody asked.

The verdicts are the guard's own, on an incident of the scenario that has just begun; so what is shown here is what the
room would show. Whatever no shell runs stands beside it, to be done by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tocsin.incident.book import Book, number_steps
from tocsin.incident.state import Incident
from tocsin.playbook.model import Branch, Procedure, Step
from tocsin.run.alone import explain_alone
from tocsin.run.auto import find_reads
from tocsin.run.choice import find_choices, find_ways
from tocsin.run.commands import find_obstacle
from tocsin.run.guard import Forbidden, NeedsApproval, Refused, Verdict, judge
from tocsin.run.jump import Jump, find_jumps
from tocsin.run.program import Task, find_labels, prepare
from tocsin.words import Effect, Status


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the playbook, quoted."""

    line: int
    text: str


class Binding(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from"}):
    """A blank: as written, its name, and its value with where that comes from; null while it is missing."""

    text: str
    name: str
    value: str | None = None
    source: str | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """Who must allow it: how many `people`, one of them `by` (null: any responder), demanded by `line` if by any."""

    people: int
    by: str | None = None
    line: int | None = None


class WayLine(msgspec.Struct, frozen=True, kw_only=True):
    """One way of a choice: the line that it begins on, and what it is called."""

    line: int
    text: str
    steps: tuple[str, ...]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Several ways. Of `exclusive` ones one is meant; the others are cases that somebody says hold."""

    exclusive: bool
    ways: tuple[WayLine, ...]


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """One statement. `argv` is what runs where it is one simple command, else `program` with `env`.

    `verdict` is allowed, needs_approval, forbidden or refused; where blanks are missing, `once_bound` and `approval`
    say what becomes of it with them. `line_of_verdict` is the line that says so. `by_itself` is whether it runs
    without anybody; `not_by_itself` is why not. `adapted` says what of it is otherwise than in the playbook.
    `conditions` are the branches that it stands under, from the outermost in; `way` is the line of its own way where
    there are several, `other_ways` the lines of the others.
    """

    id: str
    line: int
    text: str
    title: str
    section: str
    verdict: str
    why: str
    effect: Effect
    effect_why: str
    tags: tuple[str, ...]
    target: str
    program: str
    argv: tuple[str, ...] | None = None
    once_bound: str | None = None
    env: dict[str, str] = {}
    bindings: tuple[Binding, ...] = ()
    missing: tuple[str, ...] = ()
    approval: Consent | None = None
    line_of_verdict: int | None = None
    by_itself: bool = False
    not_by_itself: str = ""
    adapted: tuple[str, ...] = ()
    conditions: tuple[Line, ...] = ()
    way: int | None = None
    other_ways: tuple[int, ...] = ()
    obstacle: str = ""
    caution: str = ""


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """What a person does: a manual step, a question, a link, an item of a checklist."""

    id: str
    line: int
    kind: str
    text: str
    conditions: tuple[Line, ...] = ()
    way: int | None = None
    other_ways: tuple[int, ...] = ()


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """A whole scenario, without anything being run."""

    scenario: str
    label: str
    line: int
    severity: str | None
    target: str
    statements: tuple[Rehearsed, ...]
    by_hand: tuple[ByHand, ...]
    choices: tuple[Options, ...]
    jumps: tuple[Jump, ...]
    prohibitions: tuple[Line, ...]


def rehearse(procedure: Procedure, book: Book, given: Mapping[str, str], now: datetime) -> Rehearsal:
    """The dry run of a scenario or general procedure of the book's playbook; `given` fill its blanks."""
    incident = imagine(procedure, book, now)
    alone = frozenset(task.id for task in find_reads(incident, book))
    target = book.policy.target.name if book.policy.target else ""
    statements, by_hand = list[Rehearsed](), list[ByHand]()
    for step_id, step in number_steps(procedure):
        task = prepare((procedure,), step_id, incident, target, given, book.policy, book.classify)
        if task is not None:
            statements.append(_rehearse_task(task, step, procedure, incident, book, given, by_itself=step_id in alone))
        else:
            by_hand.append(_by_hand(step_id, step, procedure))
    return Rehearsal(
        scenario=procedure.title,
        label=procedure.label or "",
        line=procedure.line,
        severity=incident.severity,
        target=target,
        statements=tuple(statements),
        by_hand=tuple(by_hand),
        choices=tuple(_list_options(procedure)),
        jumps=find_jumps(book.playbook.scenarios, procedure),
        prohibitions=tuple(Line(line=each.line, text=each.text) for each in book.prohibitions(incident)),
    )


def imagine(procedure: Procedure, book: Book, now: datetime) -> Incident:
    """An incident of this scenario that has just begun; for a general procedure, one of a severity that it is for."""
    is_scenario = any(each.line == procedure.line for each in book.playbook.scenarios)
    return Incident(
        id="dry-run",
        seq=0,
        team=book.policy.team,
        number="",
        title=procedure.title,
        origin="person",
        opened_at=now,
        status=Status.ACTIVE,
        scenario=procedure.title if is_scenario else None,
        scenario_line=procedure.line if is_scenario else None,
        severity=procedure.severities[0] if procedure.severities else None,
    )


def _list_options(procedure: Procedure) -> Iterator[Options]:
    for choice in find_choices(procedure):
        ways = tuple(WayLine(line=way.line, text=way.words, steps=way.steps) for way in choice.ways)
        yield Options(exclusive=choice.exclusive, ways=ways)


def _rehearse_task(
    task: Task, step: Step, procedure: Procedure, incident: Incident, book: Book, given: Mapping[str, str], *,
    by_itself: bool,
) -> Rehearsed:  # fmt: skip
    verdict = judge(task, incident, book)
    bound = verdict
    if isinstance(verdict, Refused) and verdict.missing:
        bound = judge(replace(task, bound=replace(task.bound, missing=())), incident, book)
    way, others = _find_way(procedure, task.id)
    obstacle = find_obstacle(task, book) or ""
    bindings = tuple(_bindings(task, given, find_labels(incident)))
    return Rehearsed(
        id=task.id,
        line=step.line,
        text=task.statement.text,
        title=step.heading,
        section=next((each.title for each in procedure.sections if each.line == step.section), ""),
        verdict=_name(verdict),
        once_bound=_name(bound) if bound is not verdict else None,
        why=verdict.why,
        effect=task.effect,
        effect_why=task.statement.why,
        tags=tuple(tag.value for tag in task.tags),
        target=task.target,
        program=task.bound.text,
        argv=task.bound.argv or None,
        env=task.bound.env,
        bindings=bindings,
        missing=tuple(each.name for each in bindings if each.value is None),
        approval=_consent(bound),
        line_of_verdict=bound.line if isinstance(bound, Forbidden | NeedsApproval) else None,
        by_itself=by_itself and not obstacle,
        not_by_itself="" if by_itself and not obstacle else explain_alone(task, procedure, verdict, incident, book),
        adapted=task.notes,
        conditions=_find_conditions(step, procedure.branches),
        way=way,
        other_ways=others,
        obstacle=obstacle,
        caution=step.caution or "",
    )


def _name(verdict: Verdict) -> str:
    return str(type(verdict).__struct_config__.tag)


def _consent(verdict: object) -> Consent | None:
    if not isinstance(verdict, NeedsApproval):
        return None
    return Consent(people=verdict.people, by=verdict.by, line=verdict.line)


def _bindings(task: Task, given: Mapping[str, str], labels: Mapping[str, str]) -> Iterator[Binding]:
    for name in dict.fromkeys((*task.bound.values, *task.bound.missing, *_unread(task))):
        written = next((each.text for each in task.statement.placeholders if each.name == name), name)
        value = task.bound.values.get(name)
        source = None if value is None else "given" if name in given else "label" if name in labels else "inventory"
        yield Binding(text=written, name=name, value=value, source=source)


def _unread(task: Task) -> Iterator[str]:
    """Blanks of what was refused before anybody looked for their values."""
    yield from (each.name for each in task.statement.placeholders)


def _find_way(procedure: Procedure, step_id: str) -> tuple[int | None, tuple[int, ...]]:
    """The innermost way of several that a step stands on, and the others of that choice."""
    found = [pair for pair in find_ways(procedure, step_id) if len(pair[0].ways) > 1]
    if not found:
        return None, ()
    choice, way = found[-1]
    return way.line, tuple(each.line for each in choice.others(way))


def _find_conditions(step: Step, branches: tuple[Branch, ...]) -> tuple[Line, ...]:
    if step.branch is None:
        return ()
    around = (each for each in branches if each.line <= step.line <= each.end_line)
    return tuple(Line(line=each.line, text=each.condition) for each in sorted(around, key=lambda each: each.line))


def _by_hand(step_id: str, step: Step, procedure: Procedure) -> ByHand:
    way, others = _find_way(procedure, step_id)
    return ByHand(
        id=step_id,
        line=step.line,
        kind=step.kind,
        text=step.text,
        conditions=_find_conditions(step, procedure.branches),
        way=way,
        other_ways=others,
    )
