"""A scenario names an alert that none of the rules has.

Why: the alert was renamed or removed, or never written; the scenario waits for something that does not come.

Example:

    **Alert:** `NodeDown`      (the rules have NodeIsDown)

Use instead:

    **Alert:** `NodeIsDown`
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Matrix
from tocsin.words import Level

CODE = "PB505"
LEVEL = Level.WARNING


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    names = sorted({row.rule.name for row in matrix.alerts})
    for scenario in matrix.scenarios:
        for name in scenario.unknown:
            close = difflib.get_close_matches(name, names, 1, 0.8)
            hint = f" The rules have {close[0]}." if close else ""
            yield (
                scenario.path,
                Finding(
                    scenario.line,
                    f"“{scenario.title}” names the alert {name}, which no rule has.{hint}",
                    f"Write {close[0]}."
                    if close
                    else "Correct the name, write the rule, or drop it from the scenario.",
                    level=None if close or not scenario.opened_by else Level.REMARK,
                ),
            )
