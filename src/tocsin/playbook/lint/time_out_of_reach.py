"""A time that is longer than ten years.

Why: it is a slip of the pen, and a duty that is due after everybody has left is none. It counts as ten years.

Example:

    ### SEV-1: Critical
    - Response time: 99999999999999 hours

Use instead:

    ### SEV-1: Critical
    - Response time: 15 minutes
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.duration import out_of_reach
from tocsin.playbook.finding import Finding, View, shorten
from tocsin.words import Level

CODE = "PB226"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for line, text, _ in view.draft.words:
        for words in out_of_reach(text):
            yield Finding(
                line,
                f"“{shorten(words, 60)}” is longer than ten years; it counts as ten years.",
                "Write the time that is meant.",
            )
