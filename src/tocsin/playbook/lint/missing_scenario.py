"""A line sends the reader to a scenario that does not exist.

Why: the way out of a failed remedy leads nowhere.

Example:

    ## Playbook 1: Checkout is down

    2. If that does not help, go on with Playbook 7

Use instead:

    ## Playbook 1: Checkout is down

    2. If that does not help, go on with Playbook 2

    ## Playbook 2: Search is down
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB221"
LEVEL = Level.WARNING
_REFERENCE = compile_late(
    r"\b(?P<word>Playbook|Runbook|Scenario)\s+#?(?P<number>\d{1,3})\b(?!\s*:)|\b(?P<id>(?:[A-Z]{2,9}-)+\d{2,4})\b"
)

_WORDS = ("Playbook ", "Runbook ", "Scenario ")
_NUMBER_END = compile_late(r"\d+$")


def check(view: View) -> Iterator[Finding]:
    labels = {scenario.label for scenario in view.playbook.scenarios if scenario.label}
    if not labels:
        return
    families = {_NUMBER_END.sub("", label) for label in labels if not label.isdigit()}
    numbered = any(label.isdigit() for label in labels)
    own = {scenario.line for scenario in view.playbook.scenarios}
    marks = (*families, *(_WORDS if numbered else ()))
    wanted = set(view.lines_with(*marks)) - own
    for line, text in view.words if wanted else ():
        for match in _REFERENCE.finditer(text) if line in wanted else ():
            label = match["number"] or match["id"]
            known = numbered if match["number"] else _NUMBER_END.sub("", label) in families
            if known and label not in labels:
                yield Finding(
                    line,
                    f"{match.group()} is not in this document.",
                    "Correct the number, or add the scenario.",
                    mark=match.group(),
                )
