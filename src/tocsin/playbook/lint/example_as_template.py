"""A template is a filled-in example.

Why: nothing in it can be filled in, so its old dates, names and severities are what gets sent.

Example:

    ```
    Incident: INC-20250102-001
    Severity: SEV-1
    Start: 2025-01-02 14:05 UTC
    Commander: @alice
    ```

Use instead:

    ```
    Incident: [number]
    Severity: [severity]
    Start: [time]
    Commander: [commander]
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Template
from tocsin.words import Level

CODE = "PB220"
LEVEL = Level.REMARK
_CONCRETE = compile_late(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}:\d{2}\b|(?<!\w)@[A-Za-z][\w-]+|\b(?:SEV|Sev|sev|P|S)-?\d\b")
_KEYED = compile_late(r"^\W*[A-Z][\w /()-]{1,30}:\W*\s\S", re.MULTILINE)


def check(view: View) -> Iterator[Finding]:
    for template in view.playbook.templates:
        facts = _count_facts(template.body)
        keyed = len(_KEYED.findall(template.body)) if facts and not template.slots else 0
        if (facts and keyed >= 2) or facts > 3 * max(template.slots, 1) + 2:
            yield _report(template)


def _report(template: Template) -> Finding:
    blanks = "no blank" if not template.slots else f"only {template.slots} blank{'s' if template.slots > 1 else ''}"
    return Finding(
        template.line,
        f"“{template.name}” is a filled-in example with {blanks}.",
        "Put blanks in brackets where the values belong: [severity], [impact], [next update].",
    )


@remember
def _count_facts(body: str) -> int:
    return len(_CONCRETE.findall(body))
