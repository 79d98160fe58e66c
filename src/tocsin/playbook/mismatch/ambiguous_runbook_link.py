"""The runbook link of an alert fits several documents equally well.

Why: which of them is meant is left to chance, or to what the alert carries at the moment when it fires.

Example:

    annotations:
      runbook_url: README.md      (there are 12 of that name)

Use instead:

    annotations:
      runbook_url: runbooks/git/README.md
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.links import Leads
from tocsin.playbook.matrix import Matrix
from tocsin.words import Level

CODE = "PB508"
LEVEL = Level.REMARK


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    for row in matrix.alerts:
        for found in row.followed:
            if found.lead.leads is Leads.FAMILY:
                count = len(found.lead.paths)
                fits = f"{count} documents" if count > 1 else "one document"
                yield (
                    row.path,
                    Finding(
                        found.link.line,
                        f"The {found.link.key} of {row.rule.name} may mean {fits}: {found.link.target}.",
                        "Name the folder as well, or name the alert in the scenario that is meant.",
                    ),
                )
