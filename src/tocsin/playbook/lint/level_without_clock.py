"""A level of the escalation says whom to call, but not when.

Why: nobody is called by itself at that level. It waits for somebody who remembers that it exists.

Example:

    1. **Level 1**: On-call engineer

Use instead:

    1. **Level 1**: On-call engineer (immediately)
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.playbook.model import Escalation
from tocsin.words import Level

CODE = "PB213"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for found in view.playbook.escalation:
        if found.scope == "document" and not found.triggers and not _is_a_subject(view, found):
            name = f"level {found.level}" if found.level is not None else "this level"
            who = ", ".join(found.who)
            yield Finding(
                found.line,
                f"Nothing says when {f'{name} ({who})' if who else name} is called.",
                "Give it a time (“after 60 minutes unresolved”) or a condition (“when data is lost”).",
            )


def _is_a_subject(view: View, found: Escalation) -> bool:
    """Whether it is a row of a table without a level: such a row says who knows about what, not who is called next."""
    return found.level is None and view.line(found.line).lstrip().startswith("|")
