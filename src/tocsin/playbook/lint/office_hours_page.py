"""A level is answered in business hours only, and has a response time of a few hours.

Why: at night somebody would be paged who is told not to work on it. The time is counted in business hours.

Example:

    ### SEV-3: Minor
    - **Response time:** 4 hours (business hours)

Use instead:

    ### SEV-3: Minor
    - **Response time:** next business day
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.duration import say
from tocsin.playbook.finding import Finding, View
from tocsin.words import Calendar, Level

CODE = "PB217"
LEVEL = Level.REMARK
_HALF_A_DAY = 12 * 3600


def check(view: View) -> Iterator[Finding]:
    for severity in view.playbook.severities:
        within = severity.response.within_s
        if severity.response.calendar is Calendar.BUSINESS_HOURS and within is not None and within < _HALF_A_DAY:
            yield Finding(
                severity.line,
                f"{severity.id} is to be answered within {say(within)} and worked on in business hours: the time is "
                f"counted in those.",
                "Say which is meant: whether somebody is woken at night.",
                mark=severity.id,
            )
