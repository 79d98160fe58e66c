"""Where a scenario leads into another one of the same playbook: "If still failing: database corruption (Playbook 5)".

Found are the other's label behind a word for a procedure ("Playbook 5", "see PLAY-003") and its title after a word that
sends somebody there. A jump is offered with its line; a person makes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from tocsin.playbook.model import Procedure

_KINDS = r"(?:play\s*-?\s*book|run\s*-?\s*book|scenario|play|procedure|section|chapter|sop|incident type)"
_SENDS = (
    r"(?:see|go to|goto|follow|use|switch to|proceed (?:to|with)|continue (?:with|in|at)|jump to|refer to|run|→|->|=>)"
)
LEAST_TITLE = 8


class Jump(msgspec.Struct, frozen=True):
    """Line `line` leads to the scenario on line `to`; `condition` is the branch that it stands under, if any."""

    line: int
    text: str
    to: int
    title: str
    step: str
    condition: str = ""


@lru_cache(maxsize=512)
def find_jumps(scenarios: tuple[Procedure, ...], scenario: Procedure) -> tuple[Jump, ...]:
    """Where a scenario's steps and conditions lead among all `scenarios` of its playbook, in document order; each place
    once for each line.
    """
    others = [(each, _compile(each)) for each in scenarios if each.line != scenario.line]
    return tuple(_find(scenario, others))


def _find(scenario: Procedure, others: list[tuple[Procedure, re.Pattern[str]]]) -> Iterator[Jump]:
    conditions = {branch.line: branch.condition for branch in scenario.branches}
    seen: set[tuple[int, int]] = set()
    for step in scenario.steps:
        said = step.text if step.statement is None else step.title or ""
        condition = conditions.get(step.branch or 0, "")
        for other, pattern in others:
            hit = pattern.search(said) or pattern.search(condition)
            if hit is not None and (step.line, other.line) not in seen:
                seen.add((step.line, other.line))
                yield Jump(step.line, said or condition, other.line, other.title, f"L{step.line}", condition)


@lru_cache(maxsize=1024)
def _compile(scenario: Procedure) -> re.Pattern[str]:
    ways = []
    label = (scenario.label or "").strip()
    if label:
        bare = re.escape(label)
        ways.append(rf"{_KINDS}\s*(?:#|no\.?\s*|nr\.?\s*)?{bare}(?![\w-])")
        if re.search(r"[A-Za-z]", label) and re.search(r"\d", label):
            ways.append(rf"(?<![\w-]){bare}(?![\w-])")
    if len(scenario.title) >= LEAST_TITLE:
        ways.append(rf"{_SENDS}\s*:?\s*[\"'“‘*_\[]*{re.escape(scenario.title)}")
    return re.compile("|".join(ways) or r"(?!)", re.IGNORECASE)
