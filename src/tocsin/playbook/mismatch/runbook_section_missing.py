"""The runbook link of an alert names a section that the document does not have.

Why: the reader lands at the top of a long page, and has to guess which part was meant.

Example:

    annotations:
      runbook_url: runbooks/kube.md#replica-mismatch      (no such heading there)

Use instead:

    annotations:
      runbook_url: runbooks/kube.md#replicas-do-not-match
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.links import Leads
from tocsin.playbook.matrix import Matrix
from tocsin.words import Level

CODE = "PB502"
LEVEL = Level.WARNING


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    for row in matrix.alerts:
        for found in row.followed:
            if found.lead.leads is Leads.NO_SECTION:
                fragment = found.link.target.partition("#")[2]
                yield (
                    row.path,
                    Finding(
                        found.link.line,
                        f"The {found.link.key} of {row.rule.name} names #{fragment}, "
                        f"which {found.lead.paths[0]} does not have.",
                        "Correct the anchor, or add the heading.",
                    ),
                )
