"""The runbook link of an alert leads to none of the playbooks.

Why: whoever is woken by it follows the link first, and finds nothing.

Example:

    annotations:
      runbook_url: https://wiki.example.com/runbooks/low-disk

Use instead:

    annotations:
      runbook_url: https://wiki.example.com/runbooks/storage#low-disk
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Matrix
from tocsin.words import Level

CODE = "PB501"
LEVEL = Level.WARNING


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    for row in matrix.alerts:
        for found in row.followed:
            if not found.lead.is_dead:
                continue
            named = f" {row.named[0].path} (line {row.named[0].line}) is titled after it." if row.named else ""
            yield (
                row.path,
                Finding(
                    found.link.line,
                    f"The {found.link.key} of {row.rule.name} leads to no playbook: {found.link.target}.{named}",
                    f"Point it at {row.named[0].path}." if row.named else "Write the playbook, or correct the link.",
                ),
            )
