"""Exactly what will run for a step: the statement with what its fence set before it, bound, and its digest.

The statements of a scenario share a shell in their author's mind: ``cd 4.5/docker`` holds for the lines below it. Each
statement here runs in a shell of its own, so what came before it and sets directory or variables (`setting.py`,
`session.py`) is put in front of it, and shown. What would never end or ask somebody is changed (`adapt.py`), and that
is said. The digest covers text, values, target and how often the step has run, so that an approval is good for exactly
one run of exactly these bytes.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from tocsin.incident.book import TeamPolicy, find_step
from tocsin.incident.state import Incident
from tocsin.playbook.effect.evaluated import find_fault
from tocsin.playbook.effect.sending import may_send
from tocsin.playbook.model import Procedure, Statement, Step
from tocsin.playbook.placeholder import normalise
from tocsin.playbook.shell import has_bare_url, parse_as_written
from tocsin.run.adapt import Adapted, adapt
from tocsin.run.aim import Aim, aim, reach
from tocsin.run.binding import Bound, bind, find_misread, list_known, spell
from tocsin.run.capture import find_captures
from tocsin.run.kinds import NOWHERE, Sources
from tocsin.run.query import find_statement
from tocsin.run.session import find_session
from tocsin.run.setting import Tangle
from tocsin.run.sql import use_parameters
from tocsin.timeline.events import Fan
from tocsin.words import Effect, Tag, highest

TAGS = tuple(Tag)
Classify = Callable[[str], Statement]
"""What judges a text that no playbook has."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A step that can run: its id, where it comes from (null for one that a person typed), and its program.

    `effect` and `tags` are the highest of everything in the program; `digest` is of exactly this run. `before` are the
    reads that save what it may destroy, `unsaved` the commands of which nothing is saved. With a `fan` it runs on
    several targets, which `target` names as a whole; `said` is what whoever approves should know of that. `notes` say
    what of the program is otherwise than in the playbook.
    """

    id: str
    statement: Statement
    effect: Effect
    tags: tuple[Tag, ...]
    bound: Bound
    target: str
    digest: str
    before: tuple[str, ...] = ()
    unsaved: tuple[str, ...] = ()
    step: Step | None = None
    procedure: Procedure | None = None
    fan: Fan | None = None
    said: str = ""
    notes: tuple[str, ...] = ()


def find_labels(incident: Incident) -> dict[str, str]:
    """The labels on which all alerts of the incident agree: only these say something about the whole."""
    labels = [set(alert.seen.labels.items()) for alert in incident.alerts.values()]
    return dict(sorted(set.intersection(*labels))) if labels else {}


def prepare(
    procedures: tuple[Procedure, ...],
    step_id: str,
    incident: Incident,
    target: str,
    given: Mapping[str, str],
    policy: TeamPolicy | None = None,
    classify: Classify | None = None,
) -> Task | None:
    """The task of a step of the playbook, or of one that a person typed; null where there is no such statement.

    It runs on `target`, unless it names others of the inventory of `policy`. Where something is to run, `classify`
    judges it once more with the values of its blanks.
    """
    found = find_step(procedures, step_id)
    sources = find_sources(policy) if policy is not None and found is not None else NOWHERE
    statement = find_statement(found[1], sources.prometheus) if found is not None else None
    if found is not None and statement is not None:
        procedure, step = found
        before = find_session(procedure, step_id) if step.statement is not None else ()
        asked = _Asked(target, given, find_labels(incident), sources, policy, classify)
        return _sign(_task(asked, statement, before, step, procedure), incident, step_id)
    record = incident.steps.get(step_id)
    if record is None or record.proposed_by is None:
        return None
    typed, known = _read_typed(record.text, record.effect, record.tags, target, _This(policy))
    if known is None:
        sources = find_sources(policy) if policy is not None else NOWHERE
        asked = _Asked(target, given, find_labels(incident), sources, policy, classify)
        known = _task(asked, typed, (), None, None)
    return _sign(known, incident, step_id)


class _Asked(NamedTuple):
    """What a task is prepared with."""

    target: str
    given: Mapping[str, str]
    labels: Mapping[str, str]
    sources: Sources
    policy: TeamPolicy | None = None
    classify: Classify | None = None


class _This:
    """A team's policy, known again by being the very same: it is never altered, and cannot be hashed."""

    __slots__ = ("policy",)

    def __init__(self, policy: TeamPolicy | None) -> None:
        self.policy = policy

    def __hash__(self) -> int:
        return id(self.policy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and other.policy is self.policy


@lru_cache(maxsize=256)
def _read_typed(
    text: str, effect: Effect, tags: tuple[Tag, ...], target: str, this: _This
) -> tuple[Statement, Task | None]:
    """What a person typed, and its task, unsigned: whoever looks, approves, plans and begins it asks for it again. One
    with blanks has none here: what is put there decides.
    """
    typed = Statement(line=0, text=text, effect=effect, tags=tags, placeholders=find_misread(text))
    if typed.placeholders:
        return typed, None
    sources = find_sources(this.policy) if this.policy is not None else NOWHERE
    return typed, _task(_Asked(target, {}, {}, sources, this.policy), typed, (), None, None)


def find_sources(policy: TeamPolicy) -> Sources:
    """Where a team's blanks get their values from, besides alerts and people."""
    inventory = policy.target.inventory if policy.target is not None else {}
    rules = {normalise(name): rule for name, rule in policy.bindings.items()}
    hosts = [name for each in policy.targets for name in (each.name.rpartition("/")[2], *each.called, *each.declared)]
    return Sources(rules=rules, inventory=inventory, hosts=hosts, prometheus=policy.prometheus)


def assemble(
    statement: Statement,
    incident: Incident,
    target: str,
    given: Mapping[str, str],
    policy: TeamPolicy,
    classify: Classify | None = None,
) -> Task:
    """The task of a statement that stands nowhere but here."""
    asked = _Asked(target, given, find_labels(incident), find_sources(policy), policy, classify)
    return _sign(_task(asked, statement, (), None, None), incident, "")


def _task(
    asked: _Asked,
    statement: Statement,
    before: tuple[Statement | Tangle, ...],
    step: Step | None,
    procedure: Procedure | None,
) -> Task:
    """A task that is not signed yet: nothing in it is the incident's own, but for its alerts' labels."""
    labels, policy = asked.labels, asked.policy
    known = list_known(statement, asked.given, labels, asked.sources)
    at = (aim(statement, step, policy, known) if policy is not None else None) or Aim(text=statement.text)
    own = statement if at.text == statement.text else _rewrite(statement, at)
    before = before if own is statement else ()
    parts = (*(each for each in before if isinstance(each, Statement)), own)
    shown = tuple(adapt(part) for part in parts)
    adapted = tuple(map(_set_apart, shown))
    whole = Statement(
        line=statement.line,
        text=_chain([part.text for part in adapted]),
        effect=highest(*(part.effect for part in parts)),
        tags=_join_tags(parts),
        placeholders=tuple(blank for part in parts for blank in part.placeholders),
    )
    statement, whole = _mistrust(statement, whole, before)
    bound = bind(whole, asked.given, labels, asked.sources)
    bound = replace(bound, refused=bound.refused or _find_fault(bound))
    if not bound.refused:  # what carries the values to a query is tocsin's own; the query is judged with them in it
        spelt = spell(_chain([part.text for part in shown]), bound.values) if adapted != shown else None
        statement, whole = _judge_again(asked.classify, spelt or bound, statement, whole)
    if own is not statement:  # the host may be a blank too: what it was filled with goes with the approval
        values = {blank.name: known[blank.name] for blank in statement.placeholders if blank.name in known}
        bound = replace(bound, values={**values, **bound.values})
    tangle = next((each for each in before if isinstance(each, Tangle)), None)
    if tangle is not None:
        bound = replace(bound, refused=bound.refused or _explain(tangle))
    where = at.target or asked.target
    bound = replace(bound, refused=at.refused or bound.refused or _find_no_right(whole, policy, where, at.fan))
    saving = find_captures(bound.text, bound.env, whole.effect, whole.tags)
    return Task(
        id="",
        statement=statement,
        effect=whole.effect,
        tags=whole.tags,
        bound=bound,
        target=where,
        digest="",
        before=saving.reads,
        unsaved=saving.missing,
        step=step,
        procedure=procedure,
        fan=at.fan,
        said=at.said,
        notes=tuple(note for part in adapted for note in part.notes),
    )


def _sign(task: Task, incident: Incident, step_id: str) -> Task:
    """The task as a step of this incident, with the digest of this very run."""
    whole = _name_all(task.target, task.fan)
    return replace(task, id=step_id, digest=_digest(task.bound, whole, incident, step_id, task.before))


def _set_apart(adapted: Adapted) -> Adapted:
    """A part with the blanks of its queries as parameters."""
    bindable = use_parameters(adapted.text)
    return Adapted(bindable.text, (*adapted.notes, *bindable.notes))


def _rewrite(statement: Statement, at: Aim) -> Statement:
    blanks = tuple(blank for blank in statement.placeholders if blank.text in at.text)
    return replace(statement, text=at.text, placeholders=blanks)


def _find_no_right(whole: Statement, policy: TeamPolicy | None, target: str, fan: Fan | None) -> str:
    """Why nobody of the inventory may run it; empty where somebody may."""
    found = reach(policy, target, fan) if policy is not None else None
    if found is None or found.changes or whole.effect.rank <= Effect.READ_SENSITIVE.rank:
        return ""
    name = target.partition("/")[2]
    return (
        f"It may change something, and the settings name nobody who may do that on {name}: give the target an identity "
        "for changes (`change_user` and `change_key` of an ssh target), or copy it and run it by hand."
    )


def _name_all(target: str, fan: Fan | None) -> str:
    """The target with all that a digest must tell apart."""
    if fan is None:
        return target
    return "\n".join((target, fan.order, f"{fan.at_once} {fan.stops} {fan.together}", *fan.members))


def _join_tags(parts: tuple[Statement, ...]) -> tuple[Tag, ...]:
    held = {tag for part in parts for tag in part.tags}
    return tuple(tag for tag in TAGS if tag in held)


def _mistrust(
    statement: Statement, whole: Statement, before: tuple[Statement | Tangle, ...]
) -> tuple[Statement, Statement]:
    """The statement and the whole, unknown where only together they may run more than they show: a value that a line
    above fetched, evaluated in the arithmetic of one below.
    """
    why = find_fault(whole.text) if before and whole.effect.rank < Effect.UNKNOWN.rank else None
    if why is None and _may_leak(statement, whole, before):
        why = "what a line above may have set to a secret is sent along"
    if why is None:
        return statement, whole
    return replace(statement, why=why), replace(whole, effect=Effect.UNKNOWN)


def _may_leak(statement: Statement, whole: Statement, before: tuple[Statement | Tangle, ...]) -> bool:
    """Whether a line above sets a variable to what may be secret, and this one tells other hosts of variables."""
    shown = any(each.effect is Effect.READ_SENSITIVE for each in before if isinstance(each, Statement))
    return shown and whole.effect is Effect.READ_SENSITIVE and "$" in statement.text and may_send(statement.text)


def _judge_again(
    classify: Classify | None, bound: Bound, statement: Statement, whole: Statement
) -> tuple[Statement, Statement]:
    """The statement and the whole as they are with their values: an address may be one that acts, or gives secrets
    out, and the name of a thing may be that of a secret. No value makes anything less than it is without.
    """
    if classify is None or not bound.env or whole.effect.rank > Effect.READ_SENSITIVE.rank:
        return statement, whole
    found = _judge_bound(classify, bound.text, tuple(sorted(bound.env.items())))
    if found.effect.rank <= whole.effect.rank:
        return statement, whole
    more = replace(found, tags=tuple(tag for tag in found.tags if tag is not Tag.SESSION_STATE))  # of setting values
    return replace(statement, why=found.why), replace(whole, effect=found.effect, tags=_join_tags((whole, more)))


@lru_cache(maxsize=1024)
def _judge_bound(classify: Classify, text: str, values: tuple[tuple[str, str], ...]) -> Statement:
    """The verdict on a text with the values of its variables set before it; remembered, since every plan asks."""
    return classify("\n".join((*(f"{name}={shlex.quote(value)}" for name, value in values), text)))


def _find_fault(bound: Bound) -> str:
    if bound.missing or not has_bare_url(bound.text) or not parse_as_written(bound.text).has_error:
        return ""
    return "A shell refuses it: a URL in it has bare parentheses. Put the URL in single quotes, in the playbook too."


def _explain(tangle: Tangle) -> str:
    return (
        f"Line {tangle.line} sets a directory or variables that this may rely on, and does more than that; copy both "
        "and run them by hand."
    )


def _chain(texts: list[str]) -> str:
    """One text: what comes first must succeed, or the statement would run in the wrong place."""
    *before, last = texts
    return " &&\n".join([*before, f"{{\n{last}\n}}"]) if before else last


def _digest(bound: Bound, target: str, incident: Incident, step_id: str, before: tuple[str, ...]) -> str:
    """Over text, values, what goes before it, target, incident and the step's last run: no two runs share one."""
    record = incident.steps.get(step_id)
    last = str(record.intent if record else None)
    parts = [
        bound.text,
        *(f"{k}={v}" for k, v in sorted(bound.env.items())),
        *before,
        target,
        incident.id,
        step_id,
        last,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
