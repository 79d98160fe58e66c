"""No alert rule opens a scenario, neither by a link nor by its name.

Why: nothing watches for the failure; somebody has to notice it and declare the incident by hand.

Example:

    ## Data directory full

    **Symptoms:**
    - Writes fail

Use instead:

    ## Data directory full

    **Alert:** `DataDirectoryFull`

    **Symptoms:**
    - Writes fail
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Matrix
from tocsin.words import Level

CODE = "PB506"
LEVEL = Level.REMARK


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    for scenario in matrix.scenarios:
        if not scenario.opened_by and not scenario.unknown:
            yield (
                scenario.path,
                Finding(
                    scenario.line,
                    f"No alert rule opens “{scenario.title}”.",
                    "Name its alert in back-ticks, or let a rule's runbook_url lead here.",
                ),
            )
