"""What several people do at the same moment: a ready check by each of them by name, a countdown, and then all at once.

Nothing goes before everybody who is named has said that they are ready, nor while they stand at different heights
(`where`). Anybody who may act can hold it until the last second, and then everybody is asked anew. A statement is run
on all its targets at that moment or on none; what is done by hand is only told to go.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar

from tocsin.errors import Conflict, Denied, IllegalMove, NotAuthorised, NotFound, list_known
from tocsin.incident.book import Book, find_step
from tocsin.incident.commands import Command, Decision
from tocsin.incident.plan import Plan
from tocsin.incident.state import Barrier, Incident
from tocsin.run.aim import reach
from tocsin.run.choice import find_shut
from tocsin.run.program import Task, prepare
from tocsin.timeline import events as e
from tocsin.words import Permission, StepState

LEAST_S, MOST_S = 3, 600
"""Bounds of a countdown."""
TOO_LATE = timedelta(seconds=5)
"""A moment that passed so long ago, while nobody counted, is no moment for everybody any more."""


class CallBarrier(Command, frozen=True, kw_only=True):
    """Have this step wait for all of these people, and then be done at the same moment."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    step: str
    operators: tuple[str, ...]
    countdown_s: int = 10


class TellReady(Command, frozen=True, kw_only=True):
    """I am ready; `where` is the height (or what else must be the same for all) that I stand at."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    step: str
    where: str = ""


class HoldBarrier(Command, frozen=True, kw_only=True):
    """Do not go."""

    permission: ClassVar[Permission] = Permission.RESPOND
    step: str
    reason: str = ""


def call_for(task: Task, incident: Incident, book: Book, by: str) -> tuple[e.Event, ...]:
    """The barrier that an approval calls, for what runs everywhere at the same moment. Raises `Denied` if the settings
    name nobody to be ready.
    """
    known = incident.barriers.get(task.id)
    if task.fan is None or not task.fan.together or (known is not None and known.passed_at is None):
        return ()
    group = reach(book.policy, task.target, task.fan)
    if group is None or not group.operators:
        raise Denied(
            "The playbook wants this on all of them at the same moment, and nobody is named who has to be ready: call "
            f"them first (tocsin barrier {incident.id} {task.id} --operator NAME …), or name the group's `operators`."
        )
    called = e.BarrierCalled(step=task.id, operators=group.operators, countdown_s=group.countdown_s, by=by)
    return (called,)


def is_held_back(task: Task, incident: Incident, now: datetime) -> bool:
    """Whether an approved step waits for a barrier still."""
    barrier = incident.barriers.get(task.id)
    if barrier is None or barrier.passed_at is not None:
        return task.fan is not None and task.fan.together
    return barrier.go_at is None or not barrier.go_at <= now <= barrier.go_at + TOO_LATE


def plan_barriers(incident: Incident, book: Book, now: datetime) -> Plan:
    """Countdowns that begin, moments that have come, and when the next one does."""
    events: list[e.Event] = []
    wakes: list[datetime] = []
    for barrier in incident.barriers.values():
        if barrier.passed_at is not None or not incident.is_open:
            continue
        events += _move(barrier, incident, book, now)
        if barrier.go_at is not None and now < barrier.go_at:
            wakes.append(barrier.go_at)
    return Plan(tuple(events), min(wakes, default=None))


def _move(barrier: Barrier, incident: Incident, book: Book, now: datetime) -> Iterator[e.Event]:
    by_hand = _is_by_hand(barrier.step, incident, book)
    shut = _find_shut(barrier.step, incident, book)
    if shut:
        if barrier.ready or barrier.go_at is not None:
            yield e.BarrierHeld(step=barrier.step, by="tocsin", reason=shut)
    elif barrier.go_at is None:
        if barrier.is_ready and (by_hand or _is_approved(barrier.step, incident, book)):
            go_at = now + timedelta(seconds=barrier.countdown_s)
            yield e.CountdownBegun(step=barrier.step, go_at=go_at, where=next(iter(barrier.ready.values())))
    elif now - barrier.go_at > TOO_LATE:
        late = (now - barrier.go_at).total_seconds()
        yield e.BarrierHeld(
            step=barrier.step, by="tocsin", reason=f"nobody counted, and the moment passed {late:.0f} s ago"
        )
    elif now >= barrier.go_at:
        if by_hand:
            yield e.BarrierPassed(step=barrier.step, by_hand=True)
        elif not _is_approved(barrier.step, incident, book):
            yield e.BarrierHeld(step=barrier.step, by="tocsin", reason="its approval does not hold any more")
        else:
            yield e.BarrierPassed(step=barrier.step)


def _find_shut(step: str, incident: Incident, book: Book) -> str:
    """Why it does not go, since another way was taken meanwhile; empty where it may."""
    found = find_step(book.procedures(incident), step)
    return (find_shut(found[0], step, incident) or "") if found is not None else ""


def _is_by_hand(step: str, incident: Incident, book: Book) -> bool:
    return prepare(book.procedures(incident), step, incident, "", {}) is None


def _is_approved(step: str, incident: Incident, book: Book) -> bool:
    """Whether somebody allowed exactly what would run now."""
    record, target = incident.steps.get(step), book.policy.target
    if record is None or record.state is not StepState.WAITING or record.approved_by is None or target is None:
        return False
    task = prepare(book.procedures(incident), step, incident, target.name, record.bindings, book.policy, book.classify)
    return task is not None and task.digest == record.digest


def _call(incident: Incident, book: Book, command: CallBarrier, now: datetime) -> tuple[e.Event, ...]:
    _require_open(incident)
    operators = tuple(dict.fromkeys(command.operators))
    if command.step not in incident.steps and find_step(book.procedures(incident), command.step) is None:
        raise NotFound(f"There is no step {command.step!r} here; `tocsin show` lists the steps with their ids.")
    shut = _find_shut(command.step, incident, book)
    if shut:
        raise Denied(shut)
    if not operators:
        raise Denied("Say who has to be ready: at least one operator.")
    known = book.policy.responders
    strangers = [each for each in operators if known is not None and each not in known]
    if strangers:
        named = list_known(known or (), strangers[0])
        raise NotFound(f"{', '.join(strangers)}: nobody who may act for this team; there are {named}.")
    if not LEAST_S <= command.countdown_s <= MOST_S:
        raise Denied(f"A countdown has between {LEAST_S} and {MOST_S} seconds.")
    before = incident.barriers.get(command.step)
    if before is not None and before.go_at is not None and before.passed_at is None:
        raise Conflict(f"The countdown of step {command.step} runs already; hold it first.")
    called = e.BarrierCalled(step=command.step, operators=operators, countdown_s=command.countdown_s, by=command.by)
    return (called,)


def _find(incident: Incident, step: str) -> Barrier:
    barrier = incident.barriers.get(step)
    if barrier is None:
        raise NotFound(
            f"Nobody was asked to be ready for step {step}: tocsin barrier {incident.id} {step} --operator NAME …"
        )
    if barrier.passed_at is not None:
        raise IllegalMove(f"Step {step} has gone at {barrier.passed_at:%H:%M:%S} UTC.")
    return barrier


def _tell_ready(incident: Incident, book: Book, command: TellReady, now: datetime) -> tuple[e.Event, ...]:
    _require_open(incident)
    barrier = _find(incident, command.step)
    if command.by not in barrier.operators:
        raise NotAuthorised(f"{', '.join(barrier.operators)} are asked to be ready for this, each for themselves.")
    if barrier.go_at is not None:
        return ()
    where = command.where.strip()
    if barrier.ready.get(command.by) == where:
        return ()
    return (e.OperatorReady(step=command.step, by=command.by, where=where),)


def _hold(incident: Incident, book: Book, command: HoldBarrier, now: datetime) -> tuple[e.Event, ...]:
    barrier = _find(incident, command.step)
    if not barrier.ready and barrier.go_at is None:
        return ()
    return (e.BarrierHeld(step=command.step, by=command.by, reason=command.reason),)


def _require_open(incident: Incident) -> None:
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status}; reopen it first, with a reason.")


DECISIONS: dict[type[Command], Decision] = {CallBarrier: _call, TellReady: _tell_ready, HoldBarrier: _hold}
