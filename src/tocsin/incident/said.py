"""What somebody says of an incident that a manual step of its playbook asks for too: it is said once.

"Acknowledge alert and declare incident" is done when the incident is acknowledged; "is this real?" is answered by
whoever ends it as a false positive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.incident.book import Book, number_steps
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Step
from tocsin.timeline import events as e
from tocsin.words import StepKind, StepState

_TAKES = compile_late(
    r"^(?:the )?(?:on-?call(?: engineer| responder)? )?acknowledges? (?:the |this |all )?(?:alerts?|incident|pages?)\b",
    re.IGNORECASE,
)
_IS_REAL = compile_late(r"\b(?:is|are) (?:this|it|the alert|these) (?:an? )?(?:real|genuine|actual)\b", re.IGNORECASE)


def find_taken(incident: Incident, book: Book, by: str) -> tuple[e.StepDone, ...]:
    """The steps that are done by acknowledging."""
    return tuple(e.StepDone(step=step_id, by=by) for step_id, _ in _find_open(incident, book, _TAKES))


def find_unreal(incident: Incident, book: Book, by: str, reason: str) -> tuple[e.StepDone, ...]:
    """The answer "no" to each step that asks whether it is real."""
    asked = _find_open(incident, book, _IS_REAL)
    return tuple(e.StepDone(step=step_id, by=by, note=reason, passed=False) for step_id, _ in asked)


def _find_open(incident: Incident, book: Book, pattern: re.Pattern[str]) -> Iterator[tuple[str, Step]]:
    for procedure in book.procedures(incident):
        for step_id, step in number_steps(procedure):
            known = incident.steps.get(step_id)
            is_open = known is None or known.state is StepState.PLANNED
            if step.kind in (StepKind.MANUAL, StepKind.QUESTION) and is_open and pattern.search(step.text):
                yield step_id, step
