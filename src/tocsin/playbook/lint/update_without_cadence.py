"""Messages promise a next update, and no severity says how often one is owed.

Why: the promise has no clock behind it unless somebody sets one by hand each time.

Example:

    ```
    We are investigating [issue]. Next update in 30 minutes.
    ```

Use instead:

    ### SEV-1: Critical
    - **Response time:** 15 minutes
    - **Updates:** every 30 minutes

    ```
    We are investigating [issue]. Next update in 30 minutes.
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.duration import say
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.model import Template
from tocsin.words import Level

CODE = "PB219"
LEVEL = Level.REMARK
_UPDATE = compile_late(r"\b(?:update|inform|report)\w*\b", re.IGNORECASE)
_NEXT = compile_late(r"next update|update in\b|another update|further update", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    if any(severity.update_every_s for severity in view.playbook.severities):
        return
    promising = [template for template in view.playbook.templates if _NEXT.search(template.body) or template.promise_s]
    if promising and view.playbook.severities:
        promised = next((template for template in promising if template.promise_s), None)
        first = promising[0]
        where = "it" if promised is first else f"line {promised.line}" if promised else ""
        said = f" ({where} promises {say(promised.promise_s)})" if promised and promised.promise_s else ""
        yield Finding(
            _line_of(view, first),
            f"“{first.name}” announces a next update, but no level says how often one is owed{said}.",
            "Add it to the levels (“Update every 15 minutes”).",
            tuple(_line_of(view, template) for template in promising[1:]),
        )


def _line_of(view: View, template: Template) -> int:
    """The line of the template that announces the update."""
    words = _NEXT.search(template.body) or _UPDATE.search(template.body)
    last = template.line + template.body.count("\n") + 3
    found = (line for line in range(template.line, last + 1) if words and words.group() in view.line(line))
    return next(found, template.line)
