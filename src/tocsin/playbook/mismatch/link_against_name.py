"""An alert's link leads to one scenario, while another one names the alert.

Why: who follows the link and who goes by the name do different things at the same time.

Example:

    - alert: NodeDown
      annotations:
        runbook_url: runbooks/network.md#no-route      (nodes.md has “**Alert:** `NodeDown`”)

Use instead:

    - alert: NodeDown
      annotations:
        runbook_url: runbooks/nodes.md#node-down
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Match, Matrix
from tocsin.words import Level

CODE = "PB507"
LEVEL = Level.WARNING


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    for row in matrix.alerts:
        other = [found for found in row.named if found not in row.opens]
        if row.match is Match.LINK and other:
            opened, named = row.opens[0], other[0]
            yield (
                row.path,
                Finding(
                    row.rule.line,
                    f"{row.rule.name} links to “{opened.title}” ({opened.path}:{opened.line}), but “{named.title}” "
                    f"({named.path}:{named.line}) goes by its name.",
                    "Keep one of the two, and let the other refer to it.",
                ),
            )
