"""Checks: a look is repeated until what the settings wait for holds, and after the fix for as long as they watch.

Only looks are repeated, and only those that somebody, or the playbook, has let run once. Each repetition is a step like
the first, with its output kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.predicate import Check, Predicate
from tocsin.incident.state import Incident, StepRecord
from tocsin.run.answers import name_targets
from tocsin.run.guard import Allowed, judge
from tocsin.run.judged import find_read, tell
from tocsin.run.program import Task, prepare
from tocsin.timeline.events import CheckEnded, Reopened
from tocsin.words import Effect, Status, StepState


def find_watched(incident: Incident, book: Book) -> Iterator[tuple[str, Check, Predicate, StepRecord]]:
    """The checks whose look has run in this incident, each with the record of that step."""
    for name, check in book.policy.checks.items():
        predicate = book.policy.predicates.get(check.until)
        for procedure in book.scenarios(incident) if predicate is not None else ():
            for step in find_read(predicate, procedure) if predicate is not None else ():
                record = incident.steps.get(step)
                if record is not None and predicate is not None and record.exit_code is not None:
                    yield name, check, predicate, record


def end_checks(incident: Incident, book: Book) -> Iterator[CheckEnded]:
    """What checks have found in the end."""
    for name, check, predicate, record in find_watched(incident, book):
        found = None if record.checked else tell(predicate, record, book)
        if found is not None and (found.is_everywhere or record.runs >= check.attempts):
            yield CheckEnded(
                step=record.step,
                check=name,
                passed=found.is_everywhere,
                attempts=record.runs,
                not_on=name_targets(found.missing),
            )


def reopen(incident: Incident, book: Book) -> Iterator[Reopened]:
    """The fix did not hold: a look after it shows so."""
    if incident.status is not Status.MONITORING or incident.mitigated_at is None:
        return
    for name, check, predicate, record in find_watched(incident, book):
        is_after = record.requested_at is not None and record.requested_at >= incident.mitigated_at
        found = tell(predicate, record, book) if check.watch_s and is_after else None
        if found is not None and found.no:
            on = name_targets(found.no)
            reason = f"check {name} does not hold any more: step {record.step}{on and f' on {on}'}"
            yield Reopened(by="tocsin", reason=reason)
            return


def find_due(incident: Incident, book: Book) -> Iterator[tuple[datetime, Task]]:
    """The looks that are to be repeated, each with its moment."""
    target = book.policy.target
    for _, check, predicate, record in find_watched(incident, book):
        due = _find_moment(check, predicate, record, incident, book)
        if due is None or target is None or record.state is StepState.RUNNING:
            continue
        task = prepare(
            book.procedures(incident), record.step, incident, target.name, record.bindings, book.policy, book.classify
        )
        looks = task is not None and task.effect.rank <= Effect.READ_SENSITIVE.rank
        if task is not None and looks and isinstance(judge(task, incident, book), Allowed):
            yield due, task


def _find_moment(
    check: Check, predicate: Predicate, record: StepRecord, incident: Incident, book: Book
) -> datetime | None:
    """When a look is to be repeated; null where it is not."""
    found = tell(predicate, record, book)
    if found is None or record.ended_at is None or record.stopped_by:
        return None
    due = record.ended_at + timedelta(seconds=check.every_s)
    if incident.status is Status.MONITORING and incident.mitigated_at is not None:
        return due if due < incident.mitigated_at + timedelta(seconds=check.watch_s) else None
    if (
        incident.status in (Status.ACTIVE, Status.ACKNOWLEDGED)
        and not found.is_everywhere
        and record.runs < check.attempts
    ):
        return due
    return None
