"""Stopping a step that runs: by whoever sees that it should not go on, at any moment, with a reason.

What it has done so far stays done. One that has not begun does not begin; one that runs is ended with all its children,
there where it runs, as at its deadline; and what is repeated is repeated no more until somebody lets it run anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.errors import IllegalMove, NotFound
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.words import Permission, StepState


class StopStep(Command, frozen=True, kw_only=True):
    """End what this step runs now."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    step: str
    reason: str = ""


def find_stop(incident: Incident, step: str, intent: int) -> str:
    """Why a step does not begin that somebody has stopped before; empty where nobody has, and where it has begun to
    change something: nobody knows then that it did not.
    """
    record = incident.steps.get(step)
    if record is None or record.intent != intent or not record.stopped_by or (record.changes and record.started):
        return ""
    return f"{record.stopped_by} had stopped it."


def _stop(incident: Incident, book: Book, command: StopStep, now: datetime) -> tuple[e.Event, ...]:
    """Whether the incident is open does not matter: what runs on after its end is ended too."""
    record = incident.steps.get(command.step)
    if record is None:
        raise NotFound(f"No step {command.step!r} has run here; `tocsin show` lists the steps with their ids.")
    if record.state is not StepState.RUNNING or record.intent is None:
        raise IllegalMove(f"Step {command.step} does not run; it is {record.outcome}.")
    if record.stopped_by:
        return ()
    return (e.StepStopAsked(step=command.step, intent=record.intent, by=command.by, reason=command.reason),)


DECISIONS: dict[type[Command], Decision] = {StopStep: _stop}
