"""What will become of each step of a procedure: runs by itself, waits for a person, is done by hand, or is forbidden.

This is what the playbook alone says. A team's settings can only make it stricter, or allow privileged and sensitive
reads on a target.
"""

from __future__ import annotations

from enum import StrEnum

from tocsin.playbook import forbid
from tocsin.playbook.model import Procedure, Statement, Step
from tocsin.words import LOOKING, Effect, Tag

_NEVER_ALONE = frozenset({Tag.INTERACTIVE, Tag.PRIVILEGED, Tag.SESSION_STATE, Tag.EGRESS, Tag.DOWNLOADS_AND_EXECUTES})


class Fate(StrEnum):
    """What becomes of a step."""

    RUNS = "automatic"
    WAITS = "waiting for a person"
    BY_HAND = "by hand"
    FORBIDDEN = "forbidden"


def foresee(procedure: Procedure) -> tuple[Fate, ...]:
    """The fate of every step, in their order."""
    looking = {section.line for section in procedure.sections if section.kind in LOOKING}
    first = _first_change(procedure) if not looking else None
    return tuple(_fate(procedure, step, looking, first) for step in procedure.steps)


def _first_change(procedure: Procedure) -> int:
    """The line of the first statement that does more than read: what is read before it may run."""
    lines = [step.line for step in procedure.steps if step.statement and step.statement.effect.rank > Effect.READ.rank]
    return min(lines, default=procedure.end_line + 1)


def _fate(procedure: Procedure, step: Step, looking: set[int], first: int | None) -> Fate:
    if step.statement is None:
        return Fate.BY_HAND
    if forbid.find(procedure, step.statement) is not None:
        return Fate.FORBIDDEN
    inside = step.section in looking if looking else first is not None and step.line < first
    return Fate.RUNS if inside and step.branch is None and is_harmless(step.statement) else Fate.WAITS


def is_harmless(statement: Statement) -> bool:
    """Whether a statement only reads, needs no value, no person and no special right."""
    reads = statement.effect.rank <= Effect.READ.rank
    return reads and not statement.placeholders and _NEVER_ALONE.isdisjoint(statement.tags)
