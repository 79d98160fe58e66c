"""An alert leads to a document that holds no scenario for it.

Why: a person can read it, but nothing in it can be offered as a step, checked or timed.

Example:

    annotations:
      runbook_url: docs/git/README.md      (a page that describes the git servers)

Use instead:

    ## Git pushes fail

    **Symptoms:**
    - `GitPushErrors` fires

    **Resolution:**
    1. Fail over to the second server
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Match, Matrix
from tocsin.words import Level

CODE = "PB504"
LEVEL = Level.REMARK


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    seen: dict[tuple[str, str], tuple[str, list[int]]] = {}
    for row in matrix.alerts:
        if row.match is not Match.DOCUMENT:
            continue
        followed = next(found for found in row.followed if not found.lead.is_dead)
        where = followed.lead.paths[0] if len(followed.lead.paths) == 1 else f"{len(followed.lead.paths)} documents"
        seen.setdefault((row.path, row.rule.name), (where, []))[1].append(row.rule.line)
    for (path, name), (where, lines) in seen.items():
        yield (
            path,
            Finding(
                lines[0],
                f"{name} leads to {where}, where no scenario is about it.",
                "Write a scenario there (a heading with parts such as Symptoms and Resolution), or link to one.",
                tuple(lines),
            ),
        )
