"""A severity level says nothing of how soon somebody must respond.

Why: nobody can be late, so nobody is reminded; the page has no clock to climb by.

Example:

    ### SEV-2: Major
    - **Examples:** Slow pages

Use instead:

    ### SEV-2: Major
    - **Response time:** 1 hour
    - **Examples:** Slow pages
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.words import Calendar, Level

CODE = "PB201"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for severity in view.playbook.severities:
        response = severity.response
        if response.within_s is None and not response.immediate and response.calendar is not Calendar.NEXT_BUSINESS_DAY:
            yield Finding(
                severity.line,
                f"{severity.id} has no response time.",
                f"Say in its definition how soon somebody must have taken a {severity.id} (“Response time: 15 "
                f"minutes”).",
                mark=severity.id,
            )
