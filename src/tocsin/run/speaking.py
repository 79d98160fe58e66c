"""Which outputs speak for or against a condition: looks that have run and whose words are those of the condition.

Nothing is concluded from them: they are laid beside the condition, and a person reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.incident.book import number_steps
from tocsin.incident.state import Incident, StepRecord
from tocsin.playbook.model import Procedure, Step
from tocsin.run.choice import Way
from tocsin.words import Effect

MOST = 3
_WORD = re.compile(r"[a-z]{3,}")
_EMPTY = frozenset(
    "the and for not all any are has have been this that with from into check checks verify look see show get list "
    "status needed necessary required option scenario case alternative otherwise else then than when while only "
    "issue issues problem problems still again use run using update restart restore".split()
)


def find_speaking(procedure: Procedure, way: Way, incident: Incident) -> tuple[str, ...]:
    """The steps whose outputs are laid beside a way, the closest first."""
    wanted = find_stems(way.words)
    scored = sorted(_score(procedure, way, wanted, incident), key=lambda pair: -pair[0])
    return tuple(step for _, step in scored[:MOST])


def _score(procedure: Procedure, way: Way, wanted: set[str], incident: Incident) -> Iterator[tuple[int, str]]:
    last, found = "", dict[str, int]()
    fence = next((each for each in procedure.fences if each.line < way.line <= each.end_line), None)
    for step_id, step in number_steps(procedure):
        record = incident.steps.get(step_id)
        if step.line >= way.line or record is None or not _has_looked(step, record):
            continue
        last = step_id if fence is not None and step.line > fence.line else last
        found[step_id] = len(wanted & find_stems(f"{step.title or ''} {step.text} {record.stdout_head}"))
    if last:
        found[last] += 1
    yield from ((score, step_id) for step_id, score in found.items() if score)


def _has_looked(step: Step, record: StepRecord) -> bool:
    return step.statement is not None and record.has_run and record.effect.rank <= Effect.READ_SENSITIVE.rank


def find_stems(text: str) -> set[str]:
    """The words that say something, without their endings."""
    words = (word for word in _WORD.findall(text.lower()) if word not in _EMPTY)
    return {word.removesuffix("s").removesuffix("ed").removesuffix("ing") for word in words}
