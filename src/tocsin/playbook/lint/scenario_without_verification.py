"""A scenario says how to mend the failure and never how to see that it is mended.

Why: the incident is closed on a feeling, and opened again an hour later.

Example:

    **Resolution:**

    ```bash
    kubectl rollout restart deployment/checkout -n shop
    ```

Use instead:

    **Resolution:**

    ```bash
    kubectl rollout restart deployment/checkout -n shop
    ```

    **Verification:**

    ```bash
    curl -f https://shop.example/checkout/health
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, commands, mends
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Procedure
from tocsin.words import Level, SectionKind

CODE = "PB205"
LEVEL = Level.REMARK
_VERIFIES = compile_late(
    r"\b(?:verif\w+|confirm\w*|validat\w+|make sure|ensure|check (?:that|if|whether|recovery|error rate)|healthy?|"
    r"test\w* (?:health|critical|endpoint|that|the|\w+ flow)|smoke tests?|monitor\b|watch\b|observe|re-?test|"
    r"should (?:now )?(?:be|show|return|resolve)|(?:alert|it) (?:clears|resolves|should)|back to normal)",
    re.IGNORECASE,
)
_MENDING = frozenset({SectionKind.RESOLUTION, SectionKind.MITIGATION, SectionKind.RECOVERY})
_HOLDING = frozenset({SectionKind.IMMEDIATE, SectionKind.CONTAINMENT})


def check(view: View) -> Iterator[Finding]:
    for scenario in view.playbook.scenarios:
        changes, remedies = _mending(scenario)
        first = (changes or remedies or [0])[0]
        if first and not _verifies(scenario, first):
            last = f" (its last change is line {changes[-1]})" if changes else ""
            yield Finding(
                scenario.line,
                f"“{scenario.title}” says nowhere how to see that it is mended{last}.",
                "Add a part “Verification” with a command that reads the sign of health.",
                tuple(changes[-1:]),
                mark=scenario.title,
            )


def _mending(scenario: Procedure) -> tuple[list[int], list[int]]:
    """The lines of commands that mend (a first response only holds), and of all steps in a mending part."""
    kinds = {section.line: section.kind for section in scenario.sections}
    held = {line for line, kind in kinds.items() if kind in _HOLDING}
    changes = [step.line for step, statement in commands(scenario) if mends(statement) and step.section not in held]
    return changes, [step.line for step in scenario.steps if kinds.get(step.section or 0) in _MENDING]


def _verifies(scenario: Procedure, first: int) -> bool:
    """Whether anything says how to see success: a part of that kind, or a step at or behind the first remedy."""
    if any(section.kind is SectionKind.VERIFICATION for section in scenario.sections):
        return True
    return any(step.line >= first and (_says_so(step.title or "") or _says_so(step.text)) for step in scenario.steps)


@remember
def _says_so(text: str) -> bool:
    return _VERIFIES.search(text) is not None
