"""A scenario names a severity that is not defined.

Why: its clocks are unknown; nobody is late, and nobody is told.

Example:

    ## Search is down

    **Severity:** SEV-4

Use instead:

    ## Search is down

    **Severity:** SEV-2
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB215"
LEVEL = Level.REMARK


def check(view: View) -> Iterator[Finding]:
    defined = set(view.levels)
    seen: dict[str, list[int]] = {}
    for procedure in view.procedures:
        for level in procedure.severities:
            if level not in defined:
                seen.setdefault(level, []).append(procedure.severity_line or procedure.line)
    for level, lines in seen.items():
        times = f" ({len(lines)} times)" if len(lines) > 1 else ""
        yield Finding(
            lines[0],
            f"{level} is not defined in this document{times}.",
            "Define it with its response time, or map it to a level in the team's settings.",
            tuple(lines),
            mark=level,
            subject=level,
        )
