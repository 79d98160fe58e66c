"""A comment that sets a finding aside lacks a code, a reason or a last day.

Why: nothing is set aside. Without a reason nobody can say later whether it still holds, and without a day nobody asks.

Example:

    <!-- tocsin: allow PB113 -->

Use instead:

    <!-- tocsin: allow PB113 until 2030-01-01: the cache is rebuilt by itself -->
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB401"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for found in view.suppressions.all:
        if found.is_complete:
            continue
        lacks = [] if found.rules else ["the code of a rule"]
        if found.until is None:
            lacks.append(f"a last day (“{found.day}” is no date)" if found.day else "a last day")
        lacks += [] if found.reason else ["a reason"]
        listed = lacks[0] if len(lacks) == 1 else f"{', '.join(lacks[:-1])} and {lacks[-1]}"
        yield Finding(
            found.line,
            f"This comment sets nothing aside: it lacks {listed}.",
            "Write <!-- tocsin: allow PB113 until 2030-01-01: the reason -->.",
        )
