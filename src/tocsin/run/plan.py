"""The run planner: which steps are to run now. Reads run by themselves, the rest once a person has approved them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from tocsin.incident.book import Book
from tocsin.incident.plan import Plan
from tocsin.incident.state import Incident, StepRecord
from tocsin.oncall.rota import Rota
from tocsin.run.auto import find_next_reads
from tocsin.run.program import Task, prepare
from tocsin.timeline.events import StepRequested
from tocsin.words import Effect, Status, StepState

AT_ONCE = 2
"""Steps that run by themselves at the same time, per incident and per target."""

RUNS = frozenset({Status.ACTIVE, Status.ACKNOWLEDGED})


def plan(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """Requests for approved steps, and for as many of the next reads as there is room for."""
    events = [*_approved(incident, book), *_reads(incident, book)]
    return Plan(tuple(events))


def _approved(incident: Incident, book: Book) -> Iterator[StepRequested]:
    for record in incident.steps.values():
        if record.state is StepState.WAITING and record.approved_by is not None:
            task = _task_of(record, incident, book)
            if task is not None and task.digest == record.digest:
                yield _request(task, book, record.approved_by)


def _task_of(record: StepRecord, incident: Incident, book: Book) -> Task | None:
    target = book.policy.target
    if target is None:
        return None
    return prepare(book.procedures(incident), record.step, incident, target.name, record.bindings)


def _reads(incident: Incident, book: Book) -> Iterator[StepRequested]:
    if incident.status not in RUNS or not book.activated or book.frozen or book.no_isolation:
        return
    running = sum(record.state is StepState.RUNNING for record in incident.steps.values())
    for task in islice(find_next_reads(incident, book), max(0, AT_ONCE - running)):
        yield _request(task, book, "tocsin")


def _request(task: Task, book: Book, by: str) -> StepRequested:
    target = book.policy.target
    return StepRequested(
        step=task.id,
        text=task.bound.text,
        target=task.target,
        effect=task.effect,
        digest=task.digest,
        timeout_s=target.timeout_s if target else 60,
        tags=task.tags,
        bindings=task.bound.env,
        changes=task.effect.rank > Effect.READ_SENSITIVE.rank,
        by=by,
    )
