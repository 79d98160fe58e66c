"""A severity has no process, and no scenario names it.

Why: an incident of that level starts with an empty page; the default flow applies.

Example:

    ### SEV-2: Major
    - **Response time:** 1 hour

Use instead:

    ### SEV-2: Major
    - **Response time:** 1 hour
    - **Actions:** open a ticket, mend it in business hours
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB214"
LEVEL = Level.REMARK
_DOES = compile_late(
    r"(?:(?:response|required|immediate) )?actions?|procedure|handling|what to do|workflow|process|steps"
)


def check(view: View) -> Iterator[Finding]:
    named = {level for procedure in view.procedures for level in procedure.severities}
    general = any(not process.severities and process.phases for process in view.playbook.processes)
    if not named or general:
        return
    told = {
        level
        for level, entry in view.draft.level_entries
        if any(_DOES.fullmatch(field.key.strip(" :").lower()) for field in entry.fields)
    }
    for severity in view.playbook.severities:
        if severity.id not in named | told:
            yield Finding(
                severity.line,
                f"Nothing says what to do for a {severity.id}: no process and no scenario names it.",
                "Add a short process for it, or say that a ticket is enough.",
                mark=severity.id,
            )
