"""The run planner: which steps are to run now. Reads run by themselves, the rest once a person has approved them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from tocsin.incident.book import Book
from tocsin.incident.ledger import settle
from tocsin.incident.obligation import PHASE
from tocsin.incident.plan import NOTHING, Happening, Plan
from tocsin.incident.state import Incident, StepRecord
from tocsin.oncall.rota import Rota
from tocsin.playbook.model import Procedure, Statement
from tocsin.run import until
from tocsin.run.aim import reach
from tocsin.run.auto import find_next_reads
from tocsin.run.barrier import is_held_back, plan_barriers
from tocsin.run.binding import bind
from tocsin.run.choice import find_closed
from tocsin.run.commands import find_isolation_fault, find_revoked
from tocsin.run.judged import is_unread, take_judged
from tocsin.run.phase import find_phase_duties
from tocsin.run.polling import end_checks, find_due, reopen
from tocsin.run.program import Task, find_labels, find_sources, prepare
from tocsin.run.saving import find_lapse, find_next_lapse, find_saved
from tocsin.run.wait import pace, plan_waits
from tocsin.timeline.events import ApprovalLapsed, Event, StepRequested, ValueHeld
from tocsin.timeline.redact import plain, redact
from tocsin.words import Effect, Mode, Status, StepState

AT_ONCE = 2
"""Steps that run by themselves at the same time, per incident and per target."""

RUNS = frozenset({Status.ACTIVE, Status.ACKNOWLEDGED})
GOES_ON = RUNS | {Status.MONITORING}


MOST_VALUE = 300
"""Characters that are kept of a value that was not used."""


def plan(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """Requests for approved steps, and for as many of the next reads as there is room for."""
    barriers = plan_barriers(incident, book, now) if incident.barriers else NOTHING
    steps = [*_approved(incident, book, now), *_reads(incident, book)]
    waits = plan_waits(incident, book, now)
    settled = {each.step for each in steps}
    paced = [*pace(steps, incident, now)]
    judged, again = _judge(incident, book, now) if book.policy.predicates else ((), None)
    phases = find_phase_duties(incident, book) if incident.status in GOES_ON else ()
    ledger = settle(incident, phases, frozenset({PHASE}), now)
    looks, look_at = _look(incident, book, now)
    wakes = (barriers.wake, waits.wake, look_at, find_next_lapse(incident, book, now, settled), again, ledger.wake)
    events = (*barriers.events, *waits.events, *find_held(incident, book), *paced, *looks, *judged, *ledger.events)
    return Plan(tuple(_once(events)), min((wake for wake in wakes if wake is not None), default=None))


def _once(events: Iterable[Happening]) -> Iterator[Happening]:
    """The events with one request for each step: a wait, a check and a predicate may all want the same look."""
    asked = set[str]()
    for event in events:
        if isinstance(event, StepRequested):
            if event.step in asked:
                continue
            asked.add(event.step)
        yield event


def _judge(incident: Incident, book: Book, now: datetime) -> tuple[tuple[Event, ...], datetime | None]:
    """What the team's predicates and checks demand, and when they are to be asked again."""
    if incident.status not in GOES_ON:
        return (), None
    runs = book.activated and not (book.frozen or book.no_isolation) and book.policy.mode is not Mode.INSTRUCT
    due = list(find_due(incident, book)) if runs else []
    looks = (_request(task, book, "tocsin") for at, task in due if at <= now)
    wakes = [at for at, _ in due if at > now] + ([now] if is_unread(incident, book) else [])
    events = (*take_judged(incident, book), *end_checks(incident, book), *reopen(incident, book), *looks)
    return events, min(wakes, default=None)


def _look(incident: Incident, book: Book, now: datetime) -> tuple[tuple[Event, ...], datetime | None]:
    """The looks that waits for a state go by, and when the next one is due."""
    due = list(until.find_due(incident, book)) if incident.waits else []
    looks = tuple(_request(task, book, "tocsin") for at, task in due if at <= now)
    wakes = [at for at, _ in due if at > now] + ([now] if incident.waits and is_unread(incident, book) else [])
    return looks, min(wakes, default=None)


def find_held(incident: Incident, book: Book) -> Iterator[ValueHeld]:
    """What alerts offer for blanks of the scenario and must not be put there, once for each value."""
    scenario = book.scenario(incident)
    labels = find_labels(incident)
    if scenario is None or not incident.is_open or not labels:
        return
    sources, told = find_sources(book.policy), dict(incident.held)
    for statement in _with_blanks(scenario, book):
        for each in bind(statement, {}, labels, sources).misfits:
            value = redact(plain(each.value[:MOST_VALUE]))
            if told.get(each.name) != value:
                told[each.name] = value
                yield ValueHeld(blank=each.name, source=each.source, value=value, takes=each.takes)


def _with_blanks(scenario: Procedure, book: Book) -> tuple[Statement, ...]:
    """The scenario's statements that have blanks, remembered since every plan asks."""
    key = ("statements with blanks", scenario.line)
    if key not in book.remembered:
        stated = (step.statement for step in scenario.steps if step.statement is not None)
        book.remembered[key] = tuple(each for each in stated if each.placeholders)
    found: tuple[Statement, ...] = book.remembered[key]
    return found


def _approved(incident: Incident, book: Book, now: datetime) -> Iterator[StepRequested | ApprovalLapsed]:
    for record in incident.steps.values():
        if record.state is StepState.WAITING and record.approved_by is not None:
            task = _task_of(record, incident, book)
            if task is not None and task.digest == record.digest and find_closed(task, incident) is None:
                yield from _advance(task, record, incident, book, now)


def _advance(
    task: Task, record: StepRecord, incident: Incident, book: Book, now: datetime
) -> Iterator[StepRequested | ApprovalLapsed]:
    """What an approved step needs next: that what it may destroy is saved, then that it runs."""
    held_back = is_held_back(task, incident, now)
    late = "" if task.id in incident.barriers else find_lapse(record, book, now)  # its operators say so anew
    late = find_revoked(task, incident, book) or late
    if late:
        yield ApprovalLapsed(step=task.id, why=late)
        return
    saved = find_saved(task, record, incident)
    if saved.failed:
        yield ApprovalLapsed(step=task.id, why=saved.failed, unsaved=not saved.not_run)
    elif saved.wanted:
        yield from (_save(text, name, task, book, record) for name, text in saved.wanted)
    elif saved.is_done and not held_back:
        yield _request(task, book, record.approved_by or "")


def _save(text: str, name: str, task: Task, book: Book, record: StepRecord) -> StepRequested:
    """The request for a read that goes before a step, in the name of whoever approved that."""
    target = reach(book.policy, task.target, task.fan)
    return StepRequested(
        step=name,
        text=text,
        target=task.target,
        effect=Effect.READ,
        digest=hashlib.sha256(f"{task.digest}\0{text}".encode()).hexdigest(),
        timeout_s=target.timeout_s if target else 60,
        by=record.approved_by or "tocsin",
        fan=task.fan,
    )


def _task_of(record: StepRecord, incident: Incident, book: Book) -> Task | None:
    target = book.policy.target
    if target is None:
        return None
    return prepare(
        book.procedures(incident), record.step, incident, target.name, record.bindings, book.policy, book.classify
    )


def _reads(incident: Incident, book: Book) -> Iterator[StepRequested]:
    if incident.status not in RUNS or book.policy.mode is Mode.INSTRUCT or not book.activated or book.frozen:
        return
    if book.no_isolation and all(each.kind == "local" for each in book.policy.targets):
        return
    running = sum(record.state is StepState.RUNNING for record in incident.steps.values())
    reads = (task for task in find_next_reads(incident, book) if not find_isolation_fault(task, book))
    for task in islice(reads, max(0, AT_ONCE - running)):
        yield _request(task, book, "tocsin")


def _request(task: Task, book: Book, by: str) -> StepRequested:
    target = reach(book.policy, task.target, task.fan)
    return StepRequested(
        step=task.id,
        text=task.bound.text,
        target=task.target,
        effect=task.effect,
        digest=task.digest,
        timeout_s=target.timeout_s if target else 60,
        tags=task.tags,
        bindings=task.bound.env,
        argv=task.bound.argv,
        changes=task.effect.rank > Effect.READ_SENSITIVE.rank,
        by=by,
        fan=task.fan,
    )
