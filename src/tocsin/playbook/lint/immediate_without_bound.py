"""A level demands an immediate response and gives no number.

Why: "immediate" cannot be missed or met. Until a number stands there, a default is used that the team did not choose.

Example:

    ### SEV-1: Critical
    - **Response time:** Immediate

Use instead:

    ### SEV-1: Critical
    - **Response time:** Immediate (within 5 minutes)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB202"
LEVEL = Level.WARNING
_NOT = compile_late(r"\b(?:no|not|nothing|non)[\s-]+(?:\w+\s+)?immediate", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    for severity in view.playbook.severities:
        line = severity.response_line or severity.line
        if severity.response.immediate and severity.response.within_s is None and not _NOT.search(view.line(line)):
            yield Finding(
                line,
                f"{severity.id} must be answered immediately, but no bound says when that is missed.",
                "Add the bound (“immediate, within 5 minutes”).",
                subject=severity.id,
            )
