"""Waits for a state: "wait until the database answers" repeats the look beside it until that says so.

Such a line names no time, and nobody but the playbook says what it means. Where a predicate of the team's settings
names the line, or exactly one of its neighbours is a look that answers by its exit code (`pg_isready`, `systemctl
is-active`, `curl -f`, `grep -q` …), it is that: once somebody begins the wait, the look runs every 15 seconds, 40 times
at most, or as the line says, and the wait is over once it has said so. Anything else a person chooses (`awaiting`), or
checks off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.incident.book import Book, TeamPolicy, find_step, number_steps
from tocsin.incident.predicate import LEAST_EVERY_S, MOST_ATTEMPTS, MOST_EVERY_S, MOST_READ
from tocsin.incident.state import Incident, StepRecord
from tocsin.incident.waits import Wait
from tocsin.pattern import compile_late
from tocsin.playbook.duration import durations
from tocsin.playbook.model import Procedure, Statement, Step
from tocsin.run.answers import Answer, Spoken, ask_each, list_outputs, read_answers
from tocsin.run.guard import Allowed, judge
from tocsin.run.judged import find_read, fold, tell
from tocsin.run.program import Task, prepare
from tocsin.words import Effect, Mode, Status, StepKind, StepState, Tag, Tells

EVERY_S, ATTEMPTS = 15, 40
"""How often a look is repeated, in seconds between two, and how many times at most."""

WAITS = compile_late(
    r"(?i)\A\W*(?:(?:option|step)\s*\w+\s*[:.)-]\s*)?(?:please\s+)?wait(?:ing)?\s+(?:until|till|for)\b"
)
_TELLS = compile_late(
    r"\A(?:sudo\s+(?:-n\s+)?)?(?:systemctl\s+(?:-\S+\s+)*is-active|pg_isready|nc\s+-\w*z|test\s|\[\s|\[\[\s|"
    r"[ef]?grep\s|mysqladmin\s+(?:-\S+\s+)*ping|kubectl\s+(?:-\S+\s+)*(?:wait|rollout\s+status)\s|vault\s+status|"
    r"etcdctl\s.*endpoint\s+health|curl\s(?:.*\s)?(?:--fail|-[a-zA-Z]*f[a-zA-Z]*)\s)"
)
_EVERY = compile_late(r"(?i)\b(?:every|each)\s+\Z")
_AT_MOST = compile_late(
    r"(?i)\b(?:up\s+to|at\s+most|max(?:imum)?(?:\s+of)?|no\s+(?:longer|more)\s+than|for|within|timeout(?:\s+of)?:?|"
    r"give\s+up\s+after)\s+\Z"
)
_TIMES = compile_late(r"(?i)\b(\d{1,4})\s*(?:times|attempts|tries|retries)\b")
_ANSWERS = frozenset({StepState.OK, StepState.FAILED})
_GOES_ON = (Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING)
_BY_HAND = (StepKind.MANUAL, StepKind.CHECKLIST)


class Until(NamedTuple):
    """The look that says when a wait is over: by what it `tells`, for what is `wanted`, and how often it is asked."""

    look: str
    line: int
    text: str
    tells: Tells = Tells.EXIT
    wanted: str = ""
    every_s: float = EVERY_S
    attempts: int = ATTEMPTS

    @property
    def lasts_s(self) -> int:
        """So long is waited at most, in seconds."""
        return round(self.every_s * self.attempts)


def waits_for_a_state(step: Step) -> bool:
    """Whether a line, which a person does, waits until something is so."""
    return step.kind in _BY_HAND and WAITS.match(step.text) is not None


def find_until(procedure: Procedure, step_id: str, policy: TeamPolicy | None = None) -> Until | str:
    """What a line waits for; or why a person must tell, empty for a line that waits for no state."""
    numbered = number_steps(procedure)
    at = next((at for at, (found, _) in enumerate(numbered) if found == step_id), None)
    if at is None or not waits_for_a_state(numbered[at][1]):
        return ""
    step = numbered[at][1]
    every_s, attempts = find_pace(step.text)
    named = list(_find_by_predicate(procedure, step, policy)) if policy is not None else []
    if len(named) == 1:
        return named[0]
    beside = [numbered[place] for place in (at - 1, at + 1) if 0 <= place < len(numbered)]
    found = [
        Until(look, each.line, each.statement.text, every_s=every_s, attempts=attempts)
        for look, each in beside
        if each.statement is not None and _goes_with(each, step) and _tells(each.statement)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        return f"Lines {found[0].line} and {found[1].line} may both tell when it is over, so somebody must say."
    return "No look beside it tells by its exit code when it is over, so somebody must say."


def _find_by_predicate(procedure: Procedure, step: Step, policy: TeamPolicy) -> Iterator[Until]:
    """What the team's predicates say that this line waits for; the pace is that of their check, if there is one."""
    steps = dict(number_steps(procedure))
    for name, predicate in policy.predicates.items():
        if not predicate.ends or not fold(step.text).startswith(fold(predicate.ends)):
            continue
        check = next((each for each in policy.checks.values() if each.until == name), None)
        every_s, attempts = (check.every_s, check.attempts) if check is not None else find_pace(step.text)
        for look in find_read(predicate, procedure):
            statement = steps[look].statement
            if statement is not None and may_be_asked(statement):
                yield Until(look, steps[look].line, statement.text, Tells.PREDICATE, name, every_s, attempts)


def find_pace(text: str) -> tuple[float, int]:
    """How often a line wants it asked, in seconds between two, and how many times at most."""
    times = [(each.start, float(each.high)) for each in durations(text)]
    every = next((seconds for at, seconds in times if _EVERY.search(text[:at])), float(EVERY_S))
    every = min(max(every, LEAST_EVERY_S), MOST_EVERY_S)
    lasts = next((seconds for at, seconds in times if _AT_MOST.search(text[:at])), None)
    counted = _TIMES.search(text)
    attempts = int(counted[1]) if counted is not None else round(lasts / every) if lasts is not None else ATTEMPTS
    return every, min(max(attempts, 1), MOST_ATTEMPTS)


def may_be_asked(statement: Statement) -> bool:
    """Whether a statement only looks, and ends by itself."""
    return statement.effect.rank <= Effect.READ.rank and not {Tag.ENDLESS, Tag.INTERACTIVE} & {*statement.tags}


def _goes_with(look: Step, step: Step) -> bool:
    return look.section == step.section and look.branch in (None, step.branch)


def _tells(statement: Statement) -> bool:
    """Whether a statement only looks, ends, and answers yes or no by its exit code."""
    if not may_be_asked(statement):
        return False
    last = statement.text.rpartition("|")[2].strip()
    return "\n" not in statement.text.strip() and _TELLS.match(f"{last} ") is not None


def say_what(until: Until) -> str:
    """By what a look tells that it is over, as it stands behind "says so"; empty for its exit code."""
    match until.tells:
        case Tells.HAS:
            return f" (its output has “{until.wanted}”)"
        case Tells.LACKS:
            return f" (its output no longer has “{until.wanted}”)"
        case Tells.EACH:
            return f" (each line of its output has “{until.wanted}”)"
        case Tells.PREDICATE:
            return f" (predicate {until.wanted})"
    return ""


def find_open(incident: Incident, book: Book) -> Iterator[tuple[Wait, Until]]:
    """The waits for a state that last still."""
    for wait in incident.waits.values():
        until = find_until_of(wait, incident, book) if wait.is_open else ""
        if isinstance(until, Until):
            yield wait, until


def find_until_of(wait: Wait, incident: Incident, book: Book) -> Until | str:
    """What a wait of the incident goes by, as it was begun, or why a person must tell."""
    found = find_step(book.procedures(incident), wait.look or wait.step)
    if found is None or not wait.look:
        return find_until(found[0], wait.step) if found is not None else ""
    text = found[1].statement.text if found[1].statement is not None else found[1].text
    return Until(wait.look, found[1].line, text, wait.tells, wait.wanted, wait.every_s or EVERY_S)


def hear(wait: Wait, until: Until, incident: Incident, book: Book) -> Spoken | None:
    """Which targets have said so since the wait began; null where none has answered, or it is not known what."""
    record = find_answer(wait, until, incident)
    if record is None or record.partly:
        return None
    if until.tells is Tells.PREDICATE:
        predicate = book.policy.predicates.get(until.wanted)
        return tell(predicate, record, book) if predicate is not None else None
    if until.tells is Tells.EXIT:
        ended = tuple(Answer(each.target, "", each.exit_code) for each in record.on)
        return ask_each(ended or (Answer("", "", record.exit_code),), lambda each: each.exit_code == 0)
    answers = read_answers(record, book)
    return ask_each(answers, lambda each: _shows(until, each)) if answers is not None else None


def _shows(until: Until, answer: Answer) -> bool:
    """Whether one target says so. Nothing is said by a look that failed, by an output that is empty, or by one that is
    not known as a whole where that counts.
    """
    lines = [line for line in answer.output.splitlines() if line.strip()]
    if answer.exit_code != 0 or not lines:
        return False
    if until.tells is Tells.HAS:
        return until.wanted in answer.output
    if answer.is_cut or len(answer.output) >= MOST_READ:
        return False
    if until.tells is Tells.LACKS:
        return until.wanted not in answer.output
    return all(until.wanted in line for line in lines)


def is_unheard(wait: Wait, until: Until, incident: Incident, book: Book) -> bool:
    """Whether the look has answered, and what it printed is not at hand yet."""
    record = find_answer(wait, until, incident) if until.tells is not Tells.EXIT else None
    return record is not None and any(digest not in book.outputs for digest in list_outputs(record))


def find_answer(wait: Wait, until: Until, incident: Incident) -> StepRecord | None:
    record = incident.steps.get(until.look)
    if record is None or record.state not in _ANSWERS or record.exit_code is None:
        return None
    return record if record.requested_at is not None and record.requested_at >= wait.begun_at else None


def find_due(incident: Incident, book: Book) -> Iterator[tuple[datetime, Task]]:
    """The looks that waits go by, each once, with the earliest moment when one of its waits wants it to run."""
    target, is_going_on = book.policy.target, incident.status in _GOES_ON
    stops = book.frozen or not book.activated or book.policy.mode in (Mode.SHADOW, Mode.INSTRUCT)
    if target is None or stops or not is_going_on:
        return
    found: dict[str, tuple[datetime, Task]] = {}
    for wait, until in find_open(incident, book):
        record, answer = incident.steps.get(until.look), find_answer(wait, until, incident)
        if record is not None and record.state in (StepState.RUNNING, StepState.WAITING):
            continue
        if answer is not None and answer.stopped_by:
            continue
        ended = answer.ended_at if answer is not None else None
        due = wait.begun_at if ended is None else ended + timedelta(seconds=until.every_s)
        if due >= wait.until or (until.look in found and found[until.look][0] <= due):
            continue
        bindings = record.bindings if record is not None else {}
        task = prepare(
            book.procedures(incident), until.look, incident, target.name, bindings, book.policy, book.classify
        )
        looks = task is not None and task.effect.rank <= Effect.READ.rank
        if task is not None and looks and isinstance(judge(task, incident, book), Allowed):
            found[until.look] = due, task
    yield from found.values()
