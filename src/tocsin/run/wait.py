"""Timed waits: "wait 5 minutes", "monitor for 10 minutes" and ``sleep 60`` are a due time, never a process that sleeps.

A wait is begun by whoever does the step, by taking the way that it stands on, or, where it is what the playbook wants
watched after the fix, by the fix. While it lasts, nothing that changes something runs of what stands below it. A person
may end it before its time, and says why. A watch that something fires in again has failed; it begins anew with the next
fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from tocsin.errors import Conflict, Denied, IllegalMove, NotFound
from tocsin.incident.afterwards import DAY_S, list_lines, must_hold
from tocsin.incident.book import Book, find_step, number_steps
from tocsin.incident.commands import Command, Decision
from tocsin.incident.plan import Plan
from tocsin.incident.state import Incident
from tocsin.incident.waits import Wait
from tocsin.pattern import compile_late
from tocsin.playbook.duration import durations, say
from tocsin.playbook.model import Procedure, Step
from tocsin.run.answers import name_targets
from tocsin.run.awaiting import BeginWait, choose
from tocsin.run.program import Task
from tocsin.run.until import Until, find_open, find_until, hear, is_unheard, say_what
from tocsin.timeline import events as e
from tocsin.words import Effect, Mode, Permission, SectionKind, Status, StepKind, StepState

WATCH_S = 1800
"""How long is watched after the fix where the playbook says no time."""
MOST_S = 7 * 86400
"""The longest wait: what is meant to last longer is a promise, and no step."""

_WAITS = compile_late(r"\A\W*(?:please\s+)?(?:wait|pause|sleep|hold(?:\s+off)?|allow|give)\b", re.IGNORECASE)
_REPEATS = compile_late(r"\buntil\b.*\bevery\s+\d", re.IGNORECASE)
_WATCHES = compile_late(
    r"\A\W*(?:(?:continue|keep)\s+(?:to\s+)?)?(?:monitor|watch|observe)(?:ing)?\b(?!\s+(?:the\s+)?logs?\b)",
    re.IGNORECASE,
)
_SETTLES = compile_late(r"\A\W*(?:verify|ensure|confirm|check)\b.*\b(?:stabili[sz]|remains?|stays?|recurs?|recurrence)",
                        re.IGNORECASE)  # fmt: skip
_LASTS = compile_late(r"\b(?:for|during|over|next|first)\b[\w\s~]{0,20}\Z", re.IGNORECASE)
_RECURS = compile_late(r"\A\W*(?:monitor|watch|check)(?:ing)?\b.*\brecurrence\b", re.IGNORECASE)
_SLEEP = compile_late(r"\s*(?:/bin/)?sleep\s+(\d{1,7}(?:\.\d+)?)([smhd]?)\s*;?\s*")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_AFTER = (SectionKind.FOLLOW_UP, SectionKind.VERIFICATION, SectionKind.RECOVERY)


class Span(NamedTuple):
    """How long a step waits, and whether it watches meanwhile. `stated`: the playbook says the time."""

    seconds: int
    watches: bool
    stated: bool = True


class EndWait(Command, frozen=True, kw_only=True):
    """It need not be waited any longer."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True

    step: str
    reason: str = ""


def find_wait(step: Step) -> Span | None:
    """How long a step waits by its own words; null for one that does anything else."""
    if step.kind is StepKind.STATEMENT and step.statement is not None:
        seconds = read_sleep(step.statement.text)
        return Span(seconds, watches=False) if seconds else None
    watches = _WATCHES.match(step.text) is not None
    if step.kind not in (StepKind.MANUAL, StepKind.CHECKLIST) or not (watches or _WAITS.match(step.text)):
        return None
    if not watches and _REPEATS.search(step.text):
        return None  # it says how often a look is to be asked
    found = [each.high for each in durations(step.text) if 0 < each.high <= MOST_S]
    return Span(found[0], watches=watches) if found else None


def _read_length(text: str) -> int | None:
    """For how many seconds a line wants something watched ("for 1 hour"); how often it is to be looked at, and how old
    something may be, are other times.
    """
    said = (each.high for each in durations(text) if _LASTS.search(text[: each.start]))
    return next((each for each in said if 0 < each <= MOST_S), None)


def read_sleep(text: str) -> int:
    """The seconds of a statement that only sleeps; 0 for any other."""
    found = _SLEEP.fullmatch(text)
    seconds = round(float(found[1]) * _UNITS[found[2]]) if found is not None else 0
    return seconds if 0 < seconds <= MOST_S else 0


def find_watches(book: Book, incident: Incident) -> Iterator[tuple[str, Span]]:
    """What the scenarios want watched once the fix is in, by step; as long as the section says, if it does."""
    for procedure in book.scenarios(incident):
        after = {each.line for each in procedure.sections if each.kind in _AFTER}
        steps = [(step_id, step) for step_id, step in number_steps(procedure) if step.section in after]
        stated = {step.section: found.seconds for _, step in steps if (found := find_wait(step)) and found.watches}
        for step_id, step in steps:
            if step.kind is not StepKind.STATEMENT and (_WATCHES.match(step.text) or _SETTLES.match(step.text)):
                own = find_wait(step)
                seconds = stated.get(step.section, WATCH_S)
                yield step_id, own or Span(seconds, watches=True, stated=step.section in stated)


def plan_waits(incident: Incident, book: Book, now: datetime) -> Plan:
    """Waits that begin by what was done, waits that are over, and when the next one is."""
    if incident.status is Status.CLOSED:
        return Plan((), None)
    begun = (*_begin_on_ways(incident, book, now), *_begin_after_fix(incident, book, now))
    events = (*begun, *_begin_after_end(incident, book, now), *_end(incident, book, now))
    wakes = [wait.until for wait in incident.waits.values() if wait.is_open and wait.until > now]
    wakes += [event.until for event in events if isinstance(event, e.WaitBegun)]
    return Plan(events, min(wakes, default=None))


def _begin_on_ways(incident: Incident, book: Book, now: datetime) -> Iterator[e.WaitBegun]:
    """Whoever takes a way that begins with a wait has begun it."""
    if not incident.taken or not incident.is_open:
        return
    for procedure in book.procedures(incident):
        for step_id, step in number_steps(procedure):
            taken = incident.taken.get(step.branch) if step.branch is not None else None
            found = find_wait(step) if taken is not None and step.kind is StepKind.MANUAL else None
            if taken is None or found is None or not _is_untouched(step_id, incident):
                continue
            until = taken.at + timedelta(seconds=found.seconds)
            if until > now:
                yield e.WaitBegun(step=step_id, until=until, by=taken.by, watches=found.watches)


def _is_untouched(step_id: str, incident: Incident) -> bool:
    record = incident.steps.get(step_id)
    return step_id not in incident.waits and (record is None or record.state is StepState.PLANNED)


def _begin_after_fix(incident: Incident, book: Book, now: datetime) -> Iterator[e.WaitBegun]:
    """The fix is in: what the playbook wants watched is watched from then on."""
    fixed = incident.mitigated_at
    if (
        fixed is None
        or incident.status not in (Status.MONITORING, Status.RESOLVED)
        or not _may_watch(fixed, incident, now)
    ):
        return
    for step_id, span in find_watches(book, incident):
        before, record = incident.waits.get(step_id), incident.steps.get(step_id)
        is_new = before.begun_at < fixed if before is not None else True
        is_done = record is not None and record.ended_at is not None and record.ended_at >= fixed
        is_left = record is not None and record.state is StepState.SKIPPED
        until = fixed + timedelta(seconds=span.seconds)
        if is_new and not is_done and not is_left and until > now:
            yield e.WaitBegun(step=step_id, until=until, by="tocsin", watches=True)


def _begin_after_end(incident: Incident, book: Book, now: datetime) -> Iterator[e.WaitBegun]:
    """It is resolved: what the playbook wants watched within a time of the end is watched until that time is over, or
    for as long as the line says.
    """
    since = incident.resolved_at
    if since is None or incident.status is not Status.RESOLVED or not _may_watch(since, incident, now):
        return
    for step_id, seconds in _find_later_watches(book, incident):
        before, until = incident.waits.get(step_id), since + timedelta(seconds=seconds)
        if until > now and (before is None or before.begun_at < since):
            yield e.WaitBegun(step=step_id, until=until, by="tocsin", watches=True)


def _find_later_watches(book: Book, incident: Incident) -> Iterator[tuple[str, int]]:
    """What stands among the duties after the end ("0-24 hours: watch for recurrence"), by line, with its seconds."""
    for review in book.playbook.reviews:
        is_ours = not review.severities or incident.severity in review.severities
        if is_ours and review.from_ == "resolution" and 0 < review.after_s <= DAY_S:
            watched = (each for each in list_lines(review) if _RECURS.match(each.text) or _WATCHES.match(each.text))
            yield from ((f"L{item.line}", _read_length(item.text) or review.after_s) for item in watched)


def _may_watch(fixed: datetime, incident: Incident, now: datetime) -> bool:
    """A cheap look before the playbook is read through, since what is over is planned too. After a false alarm nothing
    is watched: what fires then is another incident.
    """
    return not incident.false_positive and now < fixed + timedelta(seconds=MOST_S)


def _end(incident: Incident, book: Book, now: datetime) -> Iterator[e.WaitEnded]:
    is_watched = incident.status in (Status.MONITORING, Status.RESOLVED)
    untils = {wait.step: until for wait, until in find_open(incident, book)}
    for wait in incident.waits.values():
        if not wait.is_open:
            continue
        record = incident.steps.get(wait.step)
        if record is not None and record.state in (StepState.OK, StepState.FAILED, StepState.SKIPPED):
            yield e.WaitEnded(step=wait.step, by=record.approved_by or "tocsin", reason=record.why,
                              passed=record.state is not StepState.FAILED)  # fmt: skip
        elif _is_after_fix(wait, incident) and not is_watched:
            yield e.WaitEnded(step=wait.step, by="tocsin", reason="it is not over: the fix did not hold", passed=False)
        elif _is_after_fix(wait, incident) and incident.false_positive:
            yield e.WaitEnded(step=wait.step, by="tocsin", reason="it was a false alarm")
        elif (until := untils.get(wait.step)) is not None:
            yield from _end_by_look(wait, until, incident, book, now)
        elif wait.until <= now:
            lasted = say(round((wait.until - wait.begun_at).total_seconds()))
            fires = ", ".join(_list_firing(incident)) if wait.watches else ""
            reason = f"{lasted} are over, and {fires} fires" if fires else f"{lasted} are over"
            yield e.WaitEnded(step=wait.step, by="tocsin", reason=reason, passed=not fires)


def _end_by_look(wait: Wait, until: Until, incident: Incident, book: Book, now: datetime) -> Iterator[e.WaitEnded]:
    """It is over once each target of its look says so, and has failed if its time is over before that."""
    heard = hear(wait, until, incident, book)
    if heard is not None and heard.is_everywhere:
        on = name_targets(heard.yes)
        reason = f"line {until.line} says so{say_what(until)}{on and f' on {on}'}: {until.text}"
        yield e.WaitEnded(step=wait.step, by="tocsin", reason=reason)
    elif wait.until <= now and not is_unheard(wait, until, incident, book):
        lasted = say(round((wait.until - wait.begun_at).total_seconds()))
        on = name_targets(heard.missing) if heard is not None else ""
        reason = f"line {until.line} did not say so{say_what(until)}{on and f' on {on}'} in {lasted}: {until.text}"
        yield e.WaitEnded(step=wait.step, by="tocsin", reason=reason, passed=False)


def _is_after_fix(wait: Wait, incident: Incident) -> bool:
    """Whether it began with a fix: watches that people begin before one are not ended by what fires anyway."""
    return wait.by == "tocsin" and wait.watches


def _list_firing(incident: Incident) -> Iterator[str]:
    for alert in incident.alerts.values():
        if alert.cleared_at is None:
            yield alert.seen.name


def pace(events: Iterable[e.Event], incident: Incident, now: datetime) -> Iterator[e.Event]:
    """What is to run, with a wait in the place of each statement that only sleeps."""
    for event in events:
        seconds = read_sleep(event.text) if isinstance(event, e.StepRequested) else 0
        if not isinstance(event, e.StepRequested) or not seconds:
            yield event
        elif not (wait := incident.waits.get(event.step)) or not wait.is_open:
            yield e.WaitBegun(step=event.step, until=now + timedelta(seconds=seconds), by=event.by)


def require_no_wait(task: Task, incident: Incident) -> None:
    """Raises `Conflict` where a task that changes something stands below a wait of its procedure that lasts still."""
    if task.procedure is None or task.step is None or task.effect.rank <= Effect.READ_SENSITIVE.rank:
        return
    lines = dict(number_steps(task.procedure))
    for wait in incident.waits.values():
        step = lines.get(wait.step) if wait.is_open else None
        if step is not None and step.line < task.step.line:
            raise Conflict(
                f"Line {step.line} says “{step.text}”: until {wait.until:%H:%M:%S} UTC. Wait for it, or end it first, "
                f"with a reason: tocsin wait {incident.id} {wait.step} --end --reason …"
            )


def find_unheld(procedure: Procedure, step: Step, incident: Incident, book: Book) -> str:
    """Why an incident is not over whose follow-up check somebody has found not to hold; empty for any other step."""
    after = {each.line for each in procedure.sections if each.kind in _AFTER}
    is_later = procedure in book.afterwards(incident)
    is_check = must_hold(step) if is_later else step.section in after
    if incident.status not in (Status.MONITORING, Status.RESOLVED) or not is_check:
        return ""
    return f"line {step.line} does not hold: {step.text}"


def _begin(incident: Incident, book: Book, command: BeginWait, now: datetime) -> tuple[e.Event, ...]:
    after = find_step(book.afterwards(incident), command.step)
    if after is not None:
        raise Denied(f"Line {after[1].line} is to be done once it is over: wait by the clock, then check it off.")
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status}; reopen it first, with a reason.")
    found = find_step(book.procedures(incident), command.step)
    if found is None:
        raise NotFound(f"There is no step {command.step!r} here; `tocsin show` lists the steps with their ids.")
    span = find_wait(found[1]) or dict(find_watches(book, incident)).get(command.step)
    state = find_until(found[0], command.step, book.policy) if span is None else ""
    if command.look:
        state = choose(*found, command, incident, book)
    if isinstance(state, Until) and book.policy.mode not in (Mode.SHADOW, Mode.INSTRUCT):
        return _begin_until(state, incident, command, now)
    if span is None:
        why = f" {state}" if isinstance(state, str) and state else ""
        raise Denied(f"Line {found[1].line} says no time to wait.{why} Do it by hand, and check it off.")
    wait = incident.waits.get(command.step)
    if wait is not None and wait.is_open:
        return ()
    until = now + timedelta(seconds=span.seconds)
    return (e.WaitBegun(step=command.step, until=until, by=command.by, watches=span.watches),)


def _begin_until(until: Until, incident: Incident, command: BeginWait, now: datetime) -> tuple[e.Event, ...]:
    wait = incident.waits.get(command.step)
    if wait is not None and wait.is_open:
        return ()
    begun = e.WaitBegun(
        step=command.step,
        until=now + timedelta(seconds=until.lasts_s),
        by=command.by,
        look=until.look,
        tells=until.tells,
        wanted=until.wanted,
        every_s=float(until.every_s),
    )
    return (begun,)


def _end_early(incident: Incident, book: Book, command: EndWait, now: datetime) -> tuple[e.Event, ...]:
    wait = incident.waits.get(command.step)
    if wait is None or not wait.is_open:
        raise NotFound(f"Nothing is waited for at step {command.step!r}.")
    if not command.reason.strip():
        raise Denied(f"It lasts until {wait.until:%H:%M:%S} UTC: say with --reason why it need not.")
    return (e.WaitEnded(step=command.step, by=command.by, reason=command.reason.strip()),)


DECISIONS: dict[type[Command], Decision] = {BeginWait: _begin, EndWait: _end_early}
