"""A change that nobody saw end: what a person says became of it, and the read that tells.

Of the playbook's own reads the one is taken that names the same things, first below the step, then above it; where none
does, whatever shows the state of what the step was about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from tocsin.errors import Denied, IllegalMove, NotFound
from tocsin.incident.book import Book, number_steps
from tocsin.incident.commands import Command
from tocsin.incident.state import Incident, StepRecord
from tocsin.playbook import act
from tocsin.run.binding import PREFIX
from tocsin.run.capture import find_state
from tocsin.run.guard import Allowed, judge
from tocsin.run.program import Task, prepare
from tocsin.timeline import events as e
from tocsin.words import Effect, Permission, StepState, Tag

NEVER = frozenset({Tag.INTERACTIVE, Tag.ENDLESS})
_SAYS_NOTHING = frozenset(
    "docker compose docker-compose podman kubectl systemctl sudo restart start stop up down exec logs ps get set run "
    "rm delete apply server service app true sh bash all".split()
)


class SettleDoubt(Command, frozen=True, kw_only=True):
    """The step that nobody saw end did happen, or did not."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    step: str
    happened: bool


class CheckDoubt(Command, frozen=True, kw_only=True):
    """Let the read run that tells whether the step in doubt took effect."""

    permission: ClassVar[Permission] = Permission.RESPOND
    step: str


def decide_doubt(incident: Incident, book: Book, command: SettleDoubt, now: datetime) -> tuple[e.Event, ...]:
    """What a person says became of it."""
    _require_doubt(incident, command.step)
    return (e.DoubtSettled(step=command.step, happened=command.happened, by=command.by),)


def decide_check(incident: Incident, book: Book, command: CheckDoubt, now: datetime) -> tuple[e.Event, ...]:
    """The read that tells, asked for at once; the step stays in doubt until a person says what they saw."""
    record, target = _require_doubt(incident, command.step), book.policy.target
    found = find_check(incident, book, record)
    if found is None or target is None:
        raise NotFound(f"No read here tells what became of {command.step}: look yourself, then say what you saw.")
    name, text, bindings = found
    known = incident.steps.get(name)
    if known is not None and known.state is StepState.RUNNING:
        return ()
    if book.no_isolation:
        raise Denied(book.no_isolation)
    digest = hashlib.sha256(f"{incident.id}\0{incident.seq}\0{text}".encode()).hexdigest()
    requested = e.StepRequested(
        step=name,
        text=text,
        target=target.name,
        effect=Effect.READ,
        digest=digest,
        timeout_s=target.timeout_s,
        bindings=bindings,
        by=command.by,
    )
    return (requested,)


def _require_doubt(incident: Incident, step: str) -> StepRecord:
    record = incident.steps.get(step)
    if record is None or record.state is not StepState.IN_DOUBT:
        raise IllegalMove(f"Step {step} is not in doubt.")
    return record


def find_check(incident: Incident, book: Book, record: StepRecord) -> tuple[str, str, dict[str, str]] | None:
    """The read that tells what became of a step: its id, its program and environment."""
    things = _name_things(record.text)
    reads = [task for task in _reads(incident, book) if things & _name_things(task.bound.text)]
    below = [task for task in reads if task.step is not None and task.step.line > _line(record.step)]
    for task in (*below, *reversed(reads)):
        return task.id, task.bound.text, task.bound.env
    env = {f"{PREFIX}{name.upper()}": value for name, value in record.bindings.items()}
    derived = find_state(record.text, env)
    return (f"{record.step}.check", derived, {}) if derived else None


def _reads(incident: Incident, book: Book) -> Iterator[Task]:
    """The playbook's reads of this incident that may run as things stand."""
    target = book.policy.target
    for procedure in book.procedures(incident):
        for step_id, step in number_steps(procedure):
            if step.statement is None or step.statement.effect.rank > Effect.READ.rank or step.branch is not None:
                continue
            task = prepare(
                (procedure,), step_id, incident, target.name if target else "", {}, book.policy, book.classify
            )
            if task is None or not NEVER.isdisjoint(task.tags) or task.effect is not Effect.READ:
                continue
            if isinstance(judge(task, incident, book), Allowed):
                yield task


def _name_things(text: str) -> frozenset[str]:
    """What a program is about: the names among its words, without what says nothing."""
    words = (word for call in act.read_calls(text) for word in call.words[1:])
    plain = (part for word in words if not word.startswith("-") for part in word.split("/"))
    return frozenset(part for part in plain if len(part) > 2 and "$" not in part) - _SAYS_NOTHING


def _line(step: str) -> int:
    digits = step.lstrip("L").partition(".")[0]
    return int(digits) if digits.isdecimal() else 0
