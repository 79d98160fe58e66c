"""Waits for a state: "wait until the database answers" repeats the look beside it until that says so.

Such a line names no time, and nobody but the playbook says what it means. Where exactly one of its neighbours is a look
that answers by its exit code (`pg_isready`, `systemctl is-active`, `curl -f`, `grep -q` …), it is that: once somebody
begins the wait, the look runs every 15 seconds, 40 times at most, and the wait is over once it has ended with 0. Where
neither neighbour is one, or both are, the line stays with a person, and the room says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.incident.book import Book, find_step, number_steps
from tocsin.incident.state import Incident, StepRecord
from tocsin.incident.waits import Wait
from tocsin.pattern import compile_late
from tocsin.playbook.model import Procedure, Statement, Step
from tocsin.run.guard import Allowed, judge
from tocsin.run.program import Task, prepare
from tocsin.words import Effect, Mode, Status, StepKind, StepState, Tag

EVERY_S, ATTEMPTS = 15, 40
"""How often a look is repeated, in seconds between two, and how many times at most."""
LASTS_S = EVERY_S * ATTEMPTS
"""So long is waited at most, in seconds."""

_WAITS = compile_late(
    r"(?i)\A\W*(?:(?:option|step)\s*\w+\s*[:.)-]\s*)?(?:please\s+)?wait(?:ing)?\s+(?:until|till|for)\b"
)
_TELLS = compile_late(
    r"\A(?:sudo\s+(?:-n\s+)?)?(?:systemctl\s+(?:-\S+\s+)*is-active|pg_isready|nc\s+-\w*z|test\s|\[\s|\[\[\s|"
    r"[ef]?grep\s|mysqladmin\s+(?:-\S+\s+)*ping|kubectl\s+(?:-\S+\s+)*(?:wait|rollout\s+status)\s|vault\s+status|"
    r"etcdctl\s.*endpoint\s+health|curl\s(?:.*\s)?(?:--fail|-[a-zA-Z]*f[a-zA-Z]*)\s)"
)
_ANSWERS = frozenset({StepState.OK, StepState.FAILED})
_GOES_ON = (Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING)
_BY_HAND = (StepKind.MANUAL, StepKind.CHECKLIST)


class Until(NamedTuple):
    """The look that says when a wait is over."""

    look: str
    line: int
    text: str


def find_until(procedure: Procedure, step_id: str) -> Until | str:
    """What a line waits for; or why a person must tell, empty for a line that waits for no state."""
    numbered = number_steps(procedure)
    at = next((at for at, (found, _) in enumerate(numbered) if found == step_id), None)
    if at is None or numbered[at][1].kind not in _BY_HAND or not _WAITS.match(numbered[at][1].text):
        return ""
    step = numbered[at][1]
    beside = [numbered[place] for place in (at - 1, at + 1) if 0 <= place < len(numbered)]
    found = [
        Until(look, each.line, each.statement.text)
        for look, each in beside
        if each.statement is not None and _goes_with(each, step) and _tells(each.statement)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        return f"Lines {found[0].line} and {found[1].line} may both tell when it is over, so somebody must say."
    return "No look beside it tells by its exit code when it is over, so somebody must say."


def _goes_with(look: Step, step: Step) -> bool:
    return look.section == step.section and look.branch in (None, step.branch)


def _tells(statement: Statement) -> bool:
    """Whether a statement only looks, ends, and answers yes or no by its exit code."""
    if statement.effect.rank > Effect.READ.rank or {Tag.ENDLESS, Tag.INTERACTIVE} & {*statement.tags}:
        return False
    last = statement.text.rpartition("|")[2].strip()
    return "\n" not in statement.text.strip() and _TELLS.match(f"{last} ") is not None


def find_open(incident: Incident, book: Book) -> Iterator[tuple[Wait, Until]]:
    """The waits for a state that last still."""
    for wait in incident.waits.values():
        until = find_until_of(wait.step, incident, book) if wait.is_open else ""
        if isinstance(until, Until):
            yield wait, until


def find_until_of(step: str, incident: Incident, book: Book) -> Until | str:
    """What a step of the incident waits for, or why a person must tell."""
    found = find_step(book.procedures(incident), step)
    return find_until(found[0], step) if found is not None else ""


def has_come(wait: Wait, until: Until, incident: Incident) -> bool:
    """Whether the look has said so since the wait began."""
    record = _find_answer(wait, until, incident)
    return record is not None and record.state is StepState.OK and record.exit_code == 0 and not record.partly


def _find_answer(wait: Wait, until: Until, incident: Incident) -> StepRecord | None:
    record = incident.steps.get(until.look)
    if record is None or record.state not in _ANSWERS or record.exit_code is None:
        return None
    return record if record.requested_at is not None and record.requested_at >= wait.begun_at else None


def find_due(incident: Incident, book: Book) -> Iterator[tuple[datetime, Task]]:
    """The looks that waits go by, each with the moment when it is to run."""
    target, is_going_on = book.policy.target, incident.status in _GOES_ON
    stops = book.frozen or not book.activated or book.policy.mode in (Mode.SHADOW, Mode.INSTRUCT)
    if target is None or stops or not is_going_on:
        return
    for wait, until in find_open(incident, book):
        record, answer = incident.steps.get(until.look), _find_answer(wait, until, incident)
        if record is not None and record.state in (StepState.RUNNING, StepState.WAITING):
            continue
        ended = answer.ended_at if answer is not None else None
        due = wait.begun_at if ended is None else ended + timedelta(seconds=EVERY_S)
        bindings = record.bindings if record is not None else {}
        task = prepare(book.procedures(incident), until.look, incident, target.name, bindings, book.policy)
        looks = task is not None and task.effect.rank <= Effect.READ.rank
        if task is not None and looks and due < wait.until and isinstance(judge(task, incident, book), Allowed):
            yield due, task
