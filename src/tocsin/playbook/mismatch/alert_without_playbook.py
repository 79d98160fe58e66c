"""An alert rule has no runbook link, and no scenario names it.

Why: it wakes somebody who is then told nothing. (An alert whose link is dead is reported for its link.)

Example:

    - alert: NodeDown
      expr: up{job="node"} == 0

Use instead:

    - alert: NodeDown
      expr: up{job="node"} == 0
      annotations:
        runbook_url: runbooks/nodes.md#node-down
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Match, Matrix
from tocsin.words import Level

CODE = "PB503"
LEVEL = Level.WARNING


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    seen: dict[tuple[str, str], list[int]] = {}
    for row in matrix.alerts:
        if row.match is Match.NOTHING and not row.followed:
            seen.setdefault((row.path, row.rule.name), []).append(row.rule.line)
    for (path, name), lines in seen.items():
        yield (
            path,
            Finding(
                lines[0],
                f"No playbook says what to do when {name} fires.",
                f"Name it in a scenario (“**Alert:** `{name}`”), or give the rule a runbook_url.",
                tuple(lines),
            ),
        )
