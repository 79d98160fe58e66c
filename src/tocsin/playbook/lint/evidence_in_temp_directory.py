"""Evidence is saved in a directory for temporary files.

Why: such directories are emptied at a restart or by age, and everybody on the machine may read them.

Example:

    ```bash
    journalctl -u shop > /tmp/journal.log
    ```

Use instead:

    ```bash
    journalctl -u shop > /srv/evidence/journal.log
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, commands
from tocsin.playbook.model import Procedure
from tocsin.words import Level

CODE = "PB109"
LEVEL = Level.WARNING
_PATH = r"/(?:var/)?tmp/(?:\$\([^)]*\)|[^\s;|&\"'])*"
_WRITES = compile_late(
    rf">{{1,2}}\s*[\"']?(?P<path>{_PATH})|(?:-o|--output|-czf|-cf|-cvf|-w|tee(?:\s+-a)?)\s+[\"']?(?P<other>{_PATH})"
)
_EVIDENCE = compile_late(
    r"\bevidence\b|\bforensic|\bpreserve\b|\bbreach\b|\bsecurity incident\b|\bintrusion\b|\bcompromise", re.IGNORECASE
)


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures if view.runs("tmp/") else ():
        found = [
            (statement, match)
            for _, statement in commands(procedure)
            if "tmp/" in statement.text and (match := _WRITES.search(statement.text))
        ]
        for statement, match in found if found and _is_about_evidence(procedure) else ():
            path = match["path"] or match["other"]
            yield Finding(
                statement.line,
                f"Evidence goes to {path}, which is emptied at a restart or by age.",
                "Save it where only the responders can read it and nobody can alter it, with a checksum.",
                mark=path,
            )


def _is_about_evidence(procedure: Procedure) -> bool:
    texts = [
        procedure.title,
        *(step.title or "" for step in procedure.steps),
        *(step.text for step in procedure.steps if step.statement is None),
    ]
    texts += [found.text for found in procedure.prohibitions]
    return any(_EVIDENCE.search(text) for text in texts)
