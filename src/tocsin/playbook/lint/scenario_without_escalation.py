"""A scenario says nowhere whom to call when it does not help, and neither does the document.

Why: the responder struggles on alone, or wakes whoever comes to mind.

Example:

    **Resolution:**
    1. Call the payment provider

Use instead:

    **Resolution:**
    1. Call the payment provider

    **Escalation:**
    - If not resolved in 30 minutes: page the platform lead
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.model import Procedure
from tocsin.words import Level, SectionKind

CODE = "PB206"
LEVEL = Level.REMARK
_CALLS = compile_late(
    r"\b(?:page|escalate|involve|notify|engage|reach out to|call)\b.{0,40}"
    r"\b(?:team|lead|on-?call|engineers?|manager|owners?|ciso|cto|security|sre|sev-?\d|p\d|experts?|dba|support)\b",
    re.IGNORECASE,
)


def check(view: View) -> Iterator[Finding]:
    scopes = {found.scope for found in view.playbook.escalation}
    if "document" in scopes or (view.playbook.policy is not None and view.playbook.policy.escalates):
        return
    for scenario in view.playbook.scenarios:
        if scenario.title not in scopes and not _calls_somebody(scenario):
            yield Finding(
                scenario.line,
                f"“{scenario.title}” says nowhere whom to call next.",
                "Add a part “Escalation” (“If not resolved in 30 minutes: page the platform lead”), or a chain for "
                "the document.",
                mark=scenario.title,
            )


def _calls_somebody(scenario: Procedure) -> bool:
    if any(section.kind is SectionKind.ESCALATION for section in scenario.sections):
        return True
    return any(step.statement is None and _CALLS.search(step.text) for step in scenario.steps)
