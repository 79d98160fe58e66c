"""What people ask of steps: run this, type another, leave it out, it is done, it did or did not happen."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from msgspec.structs import replace

from tocsin.errors import Conflict, Denied, IllegalMove, NotAuthorised, NotFound, Prohibited
from tocsin.incident.afterwards import find_done
from tocsin.incident.book import Book, find_step
from tocsin.incident.commands import Command, Decision
from tocsin.incident.office import require_decider
from tocsin.incident.state import Incident, StepRecord
from tocsin.run.aim import needs_isolation
from tocsin.run.barrier import call_for
from tocsin.run.choice import find_closed
from tocsin.run.doubt import CheckDoubt, SettleDoubt, decide_check, decide_doubt
from tocsin.run.guard import Forbidden, NeedsApproval, Refused, judge
from tocsin.run.program import Task, prepare
from tocsin.run.saving import find_lapse
from tocsin.run.stop import find_stop
from tocsin.run.turns import take_exclusive, take_ways
from tocsin.run.twofold import answers_to, find_given, is_second
from tocsin.run.wait import find_unheld, require_no_wait
from tocsin.timeline import events as e
from tocsin.words import Effect, Mode, Permission, Status, StepState

MOST_TYPED = 8192
"""Characters that a typed statement may have."""


class ApproveStep(Command, frozen=True, kw_only=True):
    """Run exactly what has this digest, once. `bindings` fill blanks; `roles` are what the asker answers to.

    `again` says that it shall run once more, though it has run already; `unsaved` that it shall run though what it may
    destroy could not be saved before.
    """

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    step: str
    digest: str
    again: bool = False
    unsaved: bool = False
    bindings: dict[str, str] = {}
    roles: tuple[str, ...] = ()


class ProposeStep(Command, frozen=True, kw_only=True):
    """Put a statement of my own among the steps; it is judged like any other."""

    permission: ClassVar[Permission] = Permission.RESPOND
    text: str


class SkipStep(Command, frozen=True, kw_only=True):
    """Leave this step out."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    step: str
    reason: str = ""


class FinishStep(Command, frozen=True, kw_only=True):
    """I have done this manual step, or looked whether it holds; `passed` is false for a check that does not."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    step: str
    note: str = ""
    passed: bool = True


class StartStep(Command, frozen=True, kw_only=True):
    """The engine is about to spawn the changing step that intent `intent` asks for."""

    permission: ClassVar[Permission] = Permission.SERVER
    step: str
    intent: int


def find_task(incident: Incident, book: Book, step: str, bindings: dict[str, str]) -> Task:
    """The task of a step, or why there is none."""
    target = book.policy.target
    if target is None:
        raise NotFound(f"Team {book.policy.team} has no target to run on; add one to tocsin.toml.")
    task = prepare(book.procedures(incident), step, incident, target.name, bindings, book.policy, book.classify)
    if task is None:
        raise NotFound(f"There is no statement {step!r} here; `tocsin show` lists the steps with their ids.")
    return task


def _approve(incident: Incident, book: Book, command: ApproveStep, now: datetime) -> tuple[e.Event, ...]:
    _require_going_on(incident)
    task = find_task(incident, book, command.step, command.bindings)
    _require_free(incident, task)
    verdict = judge(task, incident, book)
    if isinstance(verdict, Forbidden):
        raise Prohibited(verdict.why, line=verdict.line, record=(_forbidden(task, verdict, command.by),))
    if isinstance(verdict, Refused):
        raise Denied(verdict.why)
    _require_mode(task, book)
    if isinstance(verdict, NeedsApproval) and verdict.people == 1:
        _require_role(verdict, command.roles)
    _require_decider(task, incident, book, command.by, verdict, now)
    require_no_wait(task, incident)
    if command.digest != task.digest:
        raise Conflict("This is not what you looked at: it has run since, or changed. Look again and decide anew.")
    if isinstance(verdict, NeedsApproval):
        _require_again(incident, command)
        _require_saved(incident, command)
    if isinstance(verdict, NeedsApproval) and verdict.people > 1:
        return _approve_with_another(incident, book, command, task, verdict, now)
    return _approved(task, incident, book, command)


def _require_decider(task: Task, incident: Incident, book: Book, by: str, verdict: object, now: datetime) -> None:
    """What goes a way that the commander alone decides on, or says so itself, the commander approves. Of two who
    approve, the commander is one.
    """
    if task.effect.rank <= Effect.READ_SENSITIVE.rank:
        return
    if isinstance(verdict, NeedsApproval) and verdict.people > 1:
        record = incident.steps.get(task.id)
        others = {each.by for each in find_given(task, incident, book, now)} | {record.proposed_by if record else None}
        others -= {by, None}
        if not others or incident.commander in others:
            return
    ways = [event.words for event in take_ways(task, incident, by)]
    title = (task.step.title or "") if task.step is not None else ""
    require_decider(incident, book, by, *ways, title, task.bound.text)


def _approved(task: Task, incident: Incident, book: Book, command: ApproveStep) -> tuple[e.Event, ...]:
    approved = e.StepApproved(
        step=task.id, digest=task.digest, by=command.by, bindings=task.bound.values, unsaved=command.unsaved
    )
    return (*take_ways(task, incident, command.by), approved, *call_for(task, incident, book, command.by))


def _approve_with_another(
    incident: Incident, book: Book, command: ApproveStep, task: Task, verdict: NeedsApproval, now: datetime
) -> tuple[e.Event, ...]:
    """The first of two approvals, or the second one, with which it runs."""
    if is_second(task, incident, book, command.by, command.roles, verdict.by, now):
        return _approved(task, incident, book, command)
    role = verdict.by if verdict.by and answers_to(command.roles, verdict.by) else ""
    values = task.bound.values
    return (e.ApprovalGiven(step=task.id, digest=task.digest, by=command.by, bindings=values, role=role),)


def _require_saved(incident: Incident, command: ApproveStep) -> None:
    """What could not be saved is lost only if somebody says that it may be."""
    record = incident.steps.get(command.step)
    if record is not None and record.must_say_so and not command.unsaved:
        raise Conflict(
            f"{record.why} If it shall run all the same: tocsin approve {incident.id} {command.step} --unsaved, or "
            "`unsaved` in the request."
        )


def _require_again(incident: Incident, command: ApproveStep) -> None:
    """A look may be repeated without a word; what takes effect does so twice only if somebody says that it shall."""
    record = incident.steps.get(command.step)
    if record is None or not record.has_run or command.again:
        return
    when = f" at {record.ended_at:%H:%M} UTC" if record.ended_at else ""
    raise Conflict(
        f"Step {command.step} has run already{when} ({record.outcome}). If it shall run once more, say so: "
        f"tocsin approve {incident.id} {command.step} --again, or `again` in the request."
    )


def _forbidden(task: Task, verdict: Forbidden, by: str) -> e.StepForbidden:
    return e.StepForbidden(
        step=task.id, text=task.bound.text, by=by, line=verdict.line, rule=verdict.why, incident=verdict.incident
    )


def _require_going_on(incident: Incident) -> None:
    """What is over changes nothing any more: whoever would run something says first that it is not over."""
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; nothing runs for it any more.")
    if not incident.is_open:
        raise IllegalMove(
            f"This incident is {incident.status} since {incident.resolved_at:%H:%M} UTC; nothing runs for it. "
            "If it is not over, reopen it first, with a reason."
        )


def _require_free(incident: Incident, task: Task) -> None:
    record = incident.steps.get(task.id)
    if record is None:
        return
    waits = record.state is StepState.WAITING and record.approved_by and record.digest == task.digest
    if record.state is StepState.RUNNING or waits:
        raise IllegalMove(f"Step {task.id} is already running, approved by {record.approved_by or 'nobody'}.")
    _require_no_doubt(record)


def _require_no_doubt(record: StepRecord | None) -> None:
    """What may have happened is neither run, nor ticked off, nor left out, before somebody says whether it did."""
    if record is not None and record.state is StepState.IN_DOUBT:
        raise IllegalMove(f"Step {record.step} is in doubt: say first whether it happened.")


def find_obstacle(task: Task, book: Book) -> str | None:
    """Why nothing of the task's kind runs for this team, whoever approves; null where it may."""
    if book.policy.mode is Mode.SHADOW:
        return f"Team {book.policy.team} is in shadow mode: nothing runs. Copy the step, or change its mode."
    if book.policy.mode is Mode.INSTRUCT:
        return f"Team {book.policy.team} is in instruct mode: nothing runs here. Copy the step, run it, check it off."
    if book.policy.mode is Mode.ASSIST and task.effect.rank > Effect.READ_SENSITIVE.rank:
        return f"Team {book.policy.team} is in assist mode: it only reads. Copy the step and run it yourself."
    return find_isolation_fault(task, book) or None


def find_revoked(task: Task, incident: Incident, book: Book) -> str:
    """Why what was approved does not begin any more: all is over, or the team lets nothing of the kind run now."""
    if not incident.is_open:
        return f"The incident was {incident.status} before it began."
    return find_obstacle(task, book) or ""


def find_isolation_fault(task: Task, book: Book) -> str:
    """Why a task cannot be isolated where it runs; empty for what runs on other machines alone."""
    return book.no_isolation if needs_isolation(book.policy, task.target, task.fan) else ""


def _require_mode(task: Task, book: Book) -> None:
    obstacle = find_obstacle(task, book)
    if obstacle is not None:
        raise Denied(obstacle)


def _require_role(verdict: NeedsApproval, roles: tuple[str, ...]) -> None:
    if not answers_to(roles, verdict.by):
        raise NotAuthorised(f"Only {verdict.by} may allow this. {verdict.why}", line=verdict.line)


def _propose(incident: Incident, book: Book, command: ProposeStep, now: datetime) -> tuple[e.Event, ...]:
    """Type a statement. One that the playbook forbids is refused at once, before anybody could approve it."""
    _require_going_on(incident)
    text = command.text.replace("\r\n", "\n").strip()
    if not text:
        raise Denied("There is nothing to run: type a statement.")
    if len(text) > MOST_TYPED:
        raise Denied(f"The statement has {len(text)} characters; the limit is {MOST_TYPED}. Put it into a script.")
    judged = book.classify(text)
    step = f"A{1 + sum(record.proposed_by is not None for record in incident.steps.values())}"
    proposed = e.StepProposed(step=step, text=text, by=command.by, effect=judged.effect, tags=judged.tags)
    record = StepRecord(
        step=step, state=StepState.WAITING, text=text, effect=judged.effect, tags=judged.tags, proposed_by=command.by
    )
    target = book.policy.target
    trial = replace(incident, steps={**incident.steps, step: record})
    task = prepare((), step, trial, target.name if target else "", {}, book.policy, book.classify)
    assert task is not None
    verdict = judge(task, trial, book)
    if isinstance(verdict, Forbidden):
        raise Prohibited(verdict.why, line=verdict.line, record=(proposed, _forbidden(task, verdict, command.by)))
    return (proposed,)


def _skip(incident: Incident, book: Book, command: SkipStep, now: datetime) -> tuple[e.Event, ...]:
    _require_step(incident, book, command.step)
    record, found = incident.steps.get(command.step), find_step(book.everything(incident), command.step)
    if record is not None and record.state is StepState.RUNNING:
        raise IllegalMove(f"Step {command.step} is running; it cannot be left out now.")
    _require_no_doubt(record)
    if found is not None and found[0] in book.afterwards(incident):
        record = find_done(command.step, incident)
    if record is not None and record.state is StepState.SKIPPED:
        return ()
    return (e.StepSkipped(step=command.step, by=command.by, reason=command.reason),)


def _finish(incident: Incident, book: Book, command: FinishStep, now: datetime) -> tuple[e.Event, ...]:
    _require_step(incident, book, command.step)
    record, found = incident.steps.get(command.step), find_step(book.everything(incident), command.step)
    if record is not None and record.state is StepState.RUNNING and record.changes:
        raise IllegalMove(f"Step {command.step} is running; wait until it has ended, or stop it.")
    _require_no_doubt(record)
    if found is not None and found[0] in book.afterwards(incident):
        record = find_done(command.step, incident)
    if record is not None and record.state is (StepState.OK if command.passed else StepState.FAILED):
        return ()
    ways = take_exclusive(found[0], command.step, incident, command.by) if found is not None else ()
    done = e.StepDone(step=command.step, by=command.by, note=command.note, passed=command.passed)
    failed = find_unheld(found[0], found[1], incident, book) if found is not None and not command.passed else ""
    return (*ways, done, *((e.Reopened(by=command.by, reason=failed),) if failed else ()))


def _require_step(incident: Incident, book: Book, step: str) -> None:
    if step not in incident.steps and find_step(book.everything(incident), step) is None:
        raise NotFound(f"There is no step {step!r} here; `tocsin show` lists the steps with their ids.")


def _start(incident: Incident, book: Book, command: StartStep, now: datetime) -> tuple[e.Event, ...]:
    """The last look before anything is spawned: what has become forbidden since the approval does not start."""
    record = incident.steps.get(command.step)
    if record is None or record.intent != command.intent or record.state is not StepState.RUNNING:
        return ()
    if record.started:
        why = "It had started when the server stopped, and nobody saw it end. Look, then say what became of it."
        return (e.StepInDoubt(answers=command.intent, step=command.step, why=why),)
    stopped = find_stop(incident, command.step, command.intent)
    if stopped:
        return (e.StepNotRun(answers=command.intent, step=command.step, why=stopped),)
    task = prepare(book.procedures(incident), command.step, incident, "", record.bindings, book.policy, book.classify)
    verdict = judge(task, incident, book) if task is not None else None
    if isinstance(verdict, Refused) and task is not None and (closed := find_closed(task, incident)) is not None:
        return (e.StepNotRun(answers=command.intent, step=command.step, why=closed),)
    if isinstance(verdict, Forbidden) and task is not None:
        not_run = e.StepNotRun(answers=command.intent, step=command.step, why=verdict.why)
        return (not_run, _forbidden(task, verdict, command.by))
    late = find_lapse(record, book, now) or (find_revoked(task, incident, book) if task is not None else "")
    if late:
        return (e.StepNotRun(answers=command.intent, step=command.step, why=late),)
    return (e.StepStarted(answers=command.intent, step=command.step),)


DECISIONS: dict[type[Command], Decision] = {
    ApproveStep: _approve,
    ProposeStep: _propose,
    SkipStep: _skip,
    FinishStep: _finish,
    SettleDoubt: decide_doubt,
    CheckDoubt: decide_check,
    StartStep: _start,
}
