"""Recovery objectives as duties: say how much data is lost before stakeholders are told, and be back in time.

To which moment the data can be brought back nobody can see from here: it is asked for, by the next update where a line
of the scenario speaks of it, and whoever knows it says so. What lies between that moment and the beginning of the
incident is lost; the event carries both, with what the playbook allows, so that everybody reckons with the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from tocsin.comms.tell import find_soon
from tocsin.errors import Denied, IllegalMove
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.ledger import Kept, Wanted
from tocsin.incident.obligation import RECOVERY_POINT, RECOVERY_TIME
from tocsin.incident.recovery import FIRST_YEAR, find_asking, find_beginning, find_point, find_time
from tocsin.incident.state import Incident
from tocsin.playbook.duration import say
from tocsin.timeline import events as e
from tocsin.words import Permission, Status, StepState

OWNER = "incident commander"
MOST_NOTE = 2000


class TellRecoveryPoint(Command, frozen=True, kw_only=True):
    """The data can be brought back as it was at `point`; what was written from then `until` is lost (null: until the
    incident began). A time without a zone is in UTC.
    """

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    point: datetime
    until: datetime | None = None
    note: str = ""


def find_recovery_duties(incident: Incident, book: Book) -> Iterator[Wanted]:
    """That the recovery point is told, and that it is over within the recovery time."""
    if incident.status is Status.TRIAGE or incident.false_positive:
        return
    asked = [step for _, step in find_asking(incident, book) if step.branch is None or step.branch in incident.taken]
    told, objective = incident.recovery, find_point(incident, book)
    if asked:
        most = say(objective.seconds) if objective is not None and objective.seconds else "nothing"
        allowed = f" ({most} may be lost)" if objective is not None else ""
        yield Wanted(
            key=RECOVERY_POINT,
            duty=RECOVERY_POINT,
            what=f"Say to which moment the data can be brought back{allowed}",
            due_at=incident.opened_at + timedelta(seconds=find_soon(incident, book)),
            owner=OWNER,
            line=objective.line if objective is not None else asked[0].line,
            kept=Kept(by=told.by) if told is not None else None,
        )
    time = find_time(incident, book)
    if time is not None and (time.branch is None or time.branch in incident.taken):
        turn = f":{incident.reopened + 1}" if incident.reopened else ""
        yield Wanted(
            key=f"{RECOVERY_TIME}{turn}",
            duty=RECOVERY_TIME,
            what=f"Be back within the recovery time: {time.text}",
            due_at=incident.started_at + timedelta(seconds=time.seconds),
            owner=OWNER,
            line=time.line,
            kept=Kept(by="tocsin", note="the fix is in") if incident.mitigated_at is not None else None,
        )


def decide_recovery(
    incident: Incident, book: Book, command: TellRecoveryPoint, now: datetime
) -> tuple[e.RecoveryPointTold | e.StepDone, ...]:
    """What is lost, as it goes onto the timeline; the steps that ask for it are done."""
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; what it lost stands as it is.")
    point, began = _in_utc(command.point), find_beginning(incident)
    until = _in_utc(command.until) if command.until is not None else max(began, point)
    for each in (point, until):
        if each > now:
            raise Denied(f"{each:%Y-%m-%d %H:%M} UTC has not come yet; the time is read as UTC unless it names a zone.")
    if point.year < FIRST_YEAR:
        raise Denied("Say the backup's own time, with its year: 2026-03-02T02:10Z.")
    if until < point:
        raise Denied("What is lost ends before it begins: `until` is when the last write was lost, `point` the backup.")
    if len(command.note) > MOST_NOTE:
        raise Denied(f"The note may have {MOST_NOTE} characters. Say less here, and attach the rest as a note.")
    objective = find_point(incident, book)
    told = e.RecoveryPointTold(
        point=point,
        until=until,
        by=command.by,
        note=command.note.strip(),
        allowed_s=objective.seconds if objective is not None else None,
        line=objective.line if objective is not None else None,
    )
    return (told, *_tick(incident, book, command))


def _tick(incident: Incident, book: Book, command: TellRecoveryPoint) -> Iterator[e.StepDone]:
    for step_id, _ in find_asking(incident, book):
        known = incident.steps.get(step_id)
        if known is None or known.state is StepState.PLANNED:
            yield e.StepDone(step=step_id, by=command.by, note=command.note.strip())


def _in_utc(at: datetime) -> datetime:
    """A time without a zone is in UTC. Raises `Denied` for one that no clock shows."""
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise Denied(f"{at.isoformat()} is no time that a clock shows.") from None


DECISIONS: dict[type[Command], Decision] = {TellRecoveryPoint: decide_recovery}
