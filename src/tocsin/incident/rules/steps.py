"""How its steps change an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.state import Given, Incident, StepRecord, Taken
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.pipe import finds_nothing_in, tell_failed
from tocsin.words import StepState


def _set_step(incident: Incident, step: str, **changes: Any) -> Incident:
    before = incident.steps.get(step) or StepRecord(step=step, state=StepState.PLANNED)
    return replace(incident, steps={**incident.steps, step: replace(before, **changes)})


WITHDRAWN: dict[str, Any] = {
    "state": StepState.WAITING,
    "started": False,
    "approved_by": None,
    "approved_at": None,
    "approvals": (),
}
"""What a step is again whose approval did not lead to a run."""


def _step_proposed(incident: Incident, entry: Entry, event: e.StepProposed) -> Incident:
    return _set_step(
        incident,
        event.step,
        state=StepState.WAITING,
        text=event.text,
        effect=event.effect,
        tags=event.tags,
        proposed_by=event.by,
    )


def _step_approved(incident: Incident, entry: Entry, event: e.StepApproved) -> Incident:
    return _set_step(
        incident,
        event.step,
        state=StepState.WAITING,
        approved_by=event.by,
        approvals=_add_approval(incident, event, Given(by=event.by, at=entry.at, digest=event.digest)),
        approved_at=entry.at,
        digest=event.digest,
        bindings=event.bindings,
        unsaved=event.unsaved,
        must_say_so=False,
        why="",
        line=None,
        runs=0,
        checked="",
        stopped_by="",
    )


def _add_approval(incident: Incident, event: e.StepApproved | e.ApprovalGiven, given: Given) -> tuple[Given, ...]:
    """The approvals of the same bytes by others, and this one."""
    record = incident.steps.get(event.step)
    before = record.approvals if record else ()
    return (*(each for each in before if each.digest == given.digest and each.by != given.by), given)


def _approval_given(incident: Incident, entry: Entry, event: e.ApprovalGiven) -> Incident:
    given = Given(by=event.by, at=entry.at, digest=event.digest, role=event.role)
    approvals = _add_approval(incident, event, given)
    return _set_step(incident, event.step, approvals=approvals, bindings=event.bindings)


def _approval_lapsed(incident: Incident, entry: Entry, event: e.ApprovalLapsed) -> Incident:
    return _set_step(incident, event.step, **WITHDRAWN, why=event.why, must_say_so=event.unsaved)


def _step_forbidden(incident: Incident, entry: Entry, event: e.StepForbidden) -> Incident:
    return _set_step(incident, event.step, state=StepState.FORBIDDEN, text=event.text, line=event.line, why=event.rule)


def _value_held(incident: Incident, entry: Entry, event: e.ValueHeld) -> Incident:
    return replace(incident, held={**incident.held, event.blank: event.value})


def _step_skipped(incident: Incident, entry: Entry, event: e.StepSkipped) -> Incident:
    """Left out, whoever had allowed it until then: two who run it after all are two who want it now."""
    return _set_step(incident, event.step, state=StepState.SKIPPED, ended_at=entry.at, why=event.reason, approvals=())


def _step_done(incident: Incident, entry: Entry, event: e.StepDone) -> Incident:
    state = StepState.OK if event.passed else StepState.FAILED
    done = {"state": state, "ended_at": entry.at, "approved_by": event.by, "why": event.note, "approvals": ()}
    return _set_step(incident, event.step, **done)


def _step_requested(incident: Incident, entry: Entry, event: e.StepRequested) -> Incident:
    before = incident.steps.get(event.step)
    return _set_step(
        incident,
        event.step,
        state=StepState.RUNNING,
        text=event.text,
        effect=event.effect,
        tags=event.tags,
        intent=entry.seq,
        changes=event.changes,
        started=False,
        requested_at=entry.at,
        runs=(before.runs if before else 0) + 1,
        ended_at=None,
        exit_code=None,
        partly="",
        finds_nothing=False,
        left=(),
        more_left=0,
        beside=(),
        on=(),
        digest=event.digest,
        why="",
        line=None,
        stopped_by="",
    )


def _step_started(incident: Incident, entry: Entry, event: e.StepStarted) -> Incident:
    return _set_step(incident, event.step, started=True)


def _step_stop_asked(incident: Incident, entry: Entry, event: e.StepStopAsked) -> Incident:
    return _set_step(incident, event.step, stopped_by=event.by)


def _step_finished(incident: Incident, entry: Entry, event: e.StepFinished) -> Incident:
    """A search that finds nothing has not failed; but where something was changed, somebody must see that."""
    before = incident.steps.get(event.step)
    finds_nothing = finds_nothing_in(event)
    is_ok = event.exit_code == 0 or (finds_nothing and before is not None and not before.changes)
    return _set_step(
        incident,
        event.step,
        state=StepState.OK if is_ok else StepState.FAILED,
        partly=tell_failed(event),
        finds_nothing=finds_nothing,
        left=event.left,
        more_left=event.more_left,
        beside=event.beside,
        on=event.on,
        ended_at=entry.at,
        exit_code=event.exit_code,
        duration_s=event.duration_s,
        stdout=event.stdout,
        stderr=event.stderr,
        stdout_head=event.stdout_head,
        cut=event.cut,
        why=event.why,
    )


def _step_not_run(incident: Incident, entry: Entry, event: e.StepNotRun) -> Incident:
    return _set_step(incident, event.step, **WITHDRAWN, why=event.why)


def _step_in_doubt(incident: Incident, entry: Entry, event: e.StepInDoubt) -> Incident:
    return _set_step(incident, event.step, state=StepState.IN_DOUBT, ended_at=entry.at, why=event.why, on=event.on)


def _doubt_settled(incident: Incident, entry: Entry, event: e.DoubtSettled) -> Incident:
    state = StepState.OK if event.happened else StepState.WAITING
    why = f"{event.by} says that it {'happened' if event.happened else 'did not happen'}."
    return _set_step(incident, event.step, **(WITHDRAWN | {"state": state}), why=why)


def _check_ended(incident: Incident, entry: Entry, event: e.CheckEnded) -> Incident:
    return _set_step(incident, event.step, checked="passed" if event.passed else "failed")


def _way_taken(incident: Incident, entry: Entry, event: e.WayTaken) -> Incident:
    kept = {line: each for line, each in incident.taken.items() if line not in event.instead}
    taken = Taken(by=event.by, at=entry.at, words=event.words, reason=event.reason)
    return replace(incident, taken={**kept, event.line: taken})


def _scenario_pursued(incident: Incident, entry: Entry, event: e.ScenarioPursued) -> Incident:
    return replace(incident, pursued=(*incident.pursued, event.scenario_line))


RULES: dict[type[e.Event], Any] = {
    e.StepProposed: _step_proposed,
    e.StepApproved: _step_approved,
    e.ApprovalGiven: _approval_given,
    e.ApprovalLapsed: _approval_lapsed,
    e.StepForbidden: _step_forbidden,
    e.ValueHeld: _value_held,
    e.StepSkipped: _step_skipped,
    e.StepDone: _step_done,
    e.StepRequested: _step_requested,
    e.StepStarted: _step_started,
    e.StepStopAsked: _step_stop_asked,
    e.StepFinished: _step_finished,
    e.StepNotRun: _step_not_run,
    e.StepInDoubt: _step_in_doubt,
    e.DoubtSettled: _doubt_settled,
    e.CheckEnded: _check_ended,
    e.WayTaken: _way_taken,
    e.ScenarioPursued: _scenario_pursued,
}
