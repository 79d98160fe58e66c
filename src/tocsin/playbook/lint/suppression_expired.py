"""The last day of a comment that sets a finding aside has passed.

Why: the finding counts again. What was to be mended until then, or looked at once more, was not.

Example:

    <!-- tocsin: allow PB113 until 2025-01-01: the cache is rebuilt by itself -->

Use instead:

    <!-- tocsin: allow PB113 until 2030-01-01: the cache is rebuilt by itself, looked at again by Ana -->
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, shorten
from tocsin.words import Level

CODE = "PB402"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for found in view.suppressions.all:
        if found.is_complete and found.has_expired(view.today):
            yield Finding(
                found.line,
                f"This comment held until {found.until} (“{shorten(found.reason, 50)}”); the finding counts again.",
                "Mend what it is about, or look at it again and set a new day.",
                mark=found.day,
            )
