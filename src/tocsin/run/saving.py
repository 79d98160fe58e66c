"""Between an approval and its run: whether it still holds, and whether what the step may destroy has been saved."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.incident.book import Book
from tocsin.incident.state import Incident, StepRecord
from tocsin.run.program import Task
from tocsin.words import StepState


class Saved(NamedTuple):
    """How far the saving is: `wanted` reads by their ids, whether all `is_done`, or why one `failed`.

    `not_run`: it did not even begin, so it may be tried again as it is.
    """

    wanted: tuple[tuple[str, str], ...] = ()
    is_done: bool = False
    failed: str = ""
    not_run: bool = False


def name_saves(task: Task) -> tuple[tuple[str, str], ...]:
    """The reads that go before a step, by the ids that they have as steps: ``L12.before1``."""
    return tuple((f"{task.id}.before{at}", text) for at, text in enumerate(task.before, 1))


def find_saved(task: Task, record: StepRecord, incident: Incident) -> Saved:
    """How far the reads before an approved step are; those of an earlier approval do not count.

    What was approved under a version that saved nothing (it did not say when) runs as it was approved.
    """
    if record.unsaved or record.approved_at is None:
        return Saved(is_done=True)
    wanted, is_done = [], True
    for name, text in name_saves(task):
        found = incident.steps.get(name)
        if found is None or found.text != text or found.requested_at is None or _is_older(found, record):
            wanted.append((name, text))
        elif found.state is StepState.RUNNING:
            is_done = False
        elif found.state is StepState.WAITING:
            return Saved(failed=found.why, not_run=True)
        elif found.state is not StepState.OK:
            why = f"it ended with {found.exit_code}" if found.exit_code is not None else found.why.rstrip(".")
            return Saved(failed=f"What it may destroy could not be saved before ({text[:100]}: {why}).")
    return Saved(tuple(wanted), is_done and not wanted)


def _is_older(found: StepRecord, record: StepRecord) -> bool:
    return record.approved_at is not None and found.requested_at is not None and found.requested_at < record.approved_at


def find_lapse(record: StepRecord, book: Book, now: datetime) -> str:
    """Why what was approved may not begin any more: it was approved too long ago. Empty while it may."""
    until = _find_end(record, book)
    if until is None or now < until:
        return ""
    minutes = book.policy.approval_good_for_s / 60
    when = f"{record.approved_at:%H:%M:%S} UTC"
    return f"It was approved at {when}, which is good for {minutes:g} min. Look, and approve it anew."


def find_next_lapse(incident: Incident, book: Book, now: datetime, settled: Set[str]) -> datetime | None:
    """When the first of the approvals that wait for something lapses, those of `settled` steps left out."""
    waiting = [
        each
        for each in incident.steps.values()
        if each.approved_by and each.state is StepState.WAITING and each.step not in settled
    ]
    ends = (_find_end(each, book) for each in waiting)
    return min((end for end in ends if end is not None and end > now), default=None)


def _find_end(record: StepRecord, book: Book) -> datetime | None:
    if record.approved_at is None:
        return None
    return record.approved_at + timedelta(seconds=book.policy.approval_good_for_s)
