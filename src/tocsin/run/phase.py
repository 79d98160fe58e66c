"""The duty to be through with each phase of a process in time, and what of it is still to do.

A phase is over when each line of its checklists is ticked or answered by the timeline; where it has none, when its
other manual steps and questions are. Its commands are ways to get there, not duties: a phase that has nothing else is
over when what it is there for is so (the cause is known, the fix is in, somebody saw that it holds), or when all of
them have run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tocsin.incident.book import Book
from tocsin.incident.known import find_answer
from tocsin.incident.ledger import Kept, Wanted
from tocsin.incident.obligation import PHASE, TELL
from tocsin.incident.phase import Part, find_parts
from tocsin.incident.state import Incident
from tocsin.playbook.model import Step
from tocsin.words import SectionKind, StepKind, StepState

OWNER = "incident commander"
DONE = frozenset({StepState.OK, StepState.SKIPPED})
BY_HAND = frozenset({StepKind.MANUAL, StepKind.QUESTION, StepKind.CHECKLIST})
CAUSE = frozenset({SectionKind.CAUSES, SectionKind.DIAGNOSIS, SectionKind.INVESTIGATION})
FIX = frozenset({SectionKind.CONTAINMENT, SectionKind.MITIGATION, SectionKind.RESOLUTION, SectionKind.RECOVERY})


def find_phase_duties(incident: Incident, book: Book) -> Iterator[Wanted]:
    """That each phase of the incident's processes is over by its time."""
    turn = f":{incident.reopened + 1}" if incident.reopened else ""
    for part in find_parts(incident, book):
        yield Wanted(
            key=f"{PHASE}:{part.line}{turn}",
            duty=PHASE,
            what=f"Finish “{part.title}”",
            due_at=incident.started_at + timedelta(seconds=part.due_s),
            owner=OWNER,
            line=part.line,
            kept=_find_end(part, incident),
        )


def find_open(part: Part, incident: Incident) -> tuple[tuple[str, Step], ...]:
    """What of a phase is still to do."""
    return tuple(pair for pair in list_duties(part) if not is_done(*pair, incident))


def list_duties(part: Part) -> tuple[tuple[str, Step], ...]:
    """What must be done for a phase to be over."""
    boxes = tuple(pair for pair in part.steps if pair[1].kind is StepKind.CHECKLIST)
    return boxes or tuple(pair for pair in part.steps if pair[1].kind in BY_HAND)


def is_done(step_id: str, step: Step, incident: Incident) -> bool:
    """Whether somebody has done a step or left it out, or the timeline shows that it is done."""
    record = incident.steps.get(step_id)
    told = incident.obligations.get(f"{TELL}:{step.line}")
    if (record is not None and record.state in DONE) or (told is not None and told.met_at is not None):
        return True
    return find_answer(step.text, incident) is not None


def _find_end(part: Part, incident: Incident) -> Kept | None:
    duties = list_duties(part)
    if duties or part.questions:
        answered = [incident.answered[line] for line in part.questions if line in incident.answered]
        if find_open(part, incident) or len(answered) < len(part.questions):
            return None
        lines = len(duties) + len(part.questions)
        return Kept(
            by=answered[-1].by if answered and not duties else "tocsin", note=f"each of its {lines} lines is done"
        )
    if part.steps and all(key in incident.steps and incident.steps[key].state in DONE for key, _ in part.steps):
        return Kept(by="tocsin", note=f"each of its {len(part.steps)} steps has run")
    return _find_purpose(part, incident)


def _find_purpose(part: Part, incident: Incident) -> Kept | None:
    """Whether that is so for which a phase without anything to tick is there. The first one is the first look: somebody
    has taken it, and knows how bad it is.
    """
    by = incident.acknowledged_by or "tocsin"
    if part.kind in CAUSE and incident.cause_at is not None:
        return Kept(by="tocsin", note="the cause is known")
    if part.kind in FIX and incident.mitigated_at is not None:
        return Kept(by="tocsin", note="the fix is in")
    if part.kind is SectionKind.VERIFICATION and incident.confirmed:
        return Kept(
            by=max(incident.confirmed, key=lambda who: incident.confirmed[who]), note="they saw that the fix holds"
        )
    if part.is_first and incident.acknowledged_at is not None and incident.severity is not None:
        return Kept(by=by, note="it is taken and has its severity")
    return None
