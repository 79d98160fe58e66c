"""A command that changes something stands in a part for detection, triage, diagnosis or investigation.

Why: people run what stands under "Diagnosis" without thinking twice, and expect it to look only.

Example:

    **Diagnosis:**

    ```bash
    kubectl get pods -n shop
    kubectl delete pod -n shop checkout-0
    ```

Use instead:

    **Diagnosis:**

    ```bash
    kubectl get pods -n shop
    ```

    **Resolution:**

    ```bash
    kubectl delete pod -n shop checkout-0
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, commands, first_line, mends, shorten
from tocsin.words import LOOKING, Level

CODE = "PB114"
LEVEL = Level.WARNING
_LOOKS = compile_late(
    r"\b(?:oc|kubectl)\b.{0,300}\bdebug\b|\boc\s+adm\s+(?:upgrade\s*$|must-gather|inspect)|\bperf\s+(?:record|top)\b|\btcpdump\b|"
    r"\bstrace\b|\bport-forward\b|\bkubectl\s+run\b.{0,300}--rm\b",
    re.DOTALL,
)
"""Tools for looking that leave something behind: a helper pod, a trace file."""


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures:
        kinds = {section.line: section for section in procedure.sections if section.kind in LOOKING}
        for step, statement in commands(procedure) if kinds else ():
            section = kinds.get(step.section or 0)
            if section is None or step.branch is not None:
                continue
            if mends(statement) and not _LOOKS.search(statement.text):
                yield Finding(
                    statement.line,
                    f"`{shorten(statement.text, 50)}` changes something, but stands under “{shorten(section.title)}”.",
                    "Move it to the part that mends the failure, or look with a command that only reads.",
                    (section.line,),
                    mark=first_line(statement.text),
                )
