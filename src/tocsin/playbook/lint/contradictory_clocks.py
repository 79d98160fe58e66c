"""Two places of the document give different times for the same thing.

Why: whichever is followed, somebody will say that it was late. Both are kept as they stand; the earlier one pages
first.

Example:

    ### SEV-1: Critical
    - **Response time:** 15 minutes
    - **Page:** on-call engineer, CTO
    - **Examples:** Checkout failing for more than 5 minutes

    ## Checkout is down

    **Severity:** SEV-1

    **Symptoms:**
    - Checkout failing for more than 10 minutes

    **Escalation:**
    - After 30 minutes: page the CTO

Use instead:

    ### SEV-1: Critical
    - **Response time:** 15 minutes
    - **Page:** on-call engineer
    - **Examples:** Checkout failing for more than 5 minutes

    ## Checkout is down

    **Severity:** SEV-1

    **Symptoms:**
    - Checkout failing for more than 5 minutes

    **Escalation:**
    - After 30 minutes: page the CTO
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.duration import durations, say
from tocsin.playbook.finding import Finding, View, shorten
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Escalation, Procedure, Remark
from tocsin.words import Level, TriggerClock

CODE = "PB209"
LEVEL = Level.WARNING
_OVER = compile_late(r"[>≥]|\bmore than\b|\bover\b|\blonger than\b|\bexceeds?\b", re.IGNORECASE)
_UNITS = frozenset({"minut", "secon", "hours", "hour"})
_WORDS = compile_late(r"[a-z]{4,}")


def check(view: View) -> Iterator[Finding]:
    yield from _paged_twice(view)
    yield from _phase_against_chain(view)
    yield from _two_thresholds(view)


def _paged_twice(view: View) -> Iterator[Finding]:
    """Somebody whom the severity pages at once is escalated to later."""
    paging = [severity for severity in view.playbook.severities if severity.page and severity.page_line]
    scenarios = {scenario.title: scenario for scenario in view.playbook.scenarios} if paging else {}
    for found in view.playbook.escalation if paging else ():
        scenario = scenarios.get(found.scope)
        delay = max((trigger.after_s for trigger in found.triggers), default=0)
        for severity in paging if scenario is not None and delay else ():
            both = _shared(found.who, severity.page) if scenario and severity.id in scenario.severities else None
            if both:
                yield Finding(
                    found.line,
                    f"{both[:1].upper()}{both[1:]} is to be called after {say(delay)}, but {severity.id} pages "
                    f"{both} at once (line "
                    f"{severity.page_line}).",
                    "Name somebody who is not there yet, or take the name out of the first page.",
                    (severity.page_line or severity.line, found.line),
                    mark=both,
                )


def _phase_against_chain(view: View) -> Iterator[Finding]:
    """A phase of a process calls somebody at another time than the document's chain does."""
    chain: dict[str, tuple[int, int]] = {}
    by_scope: dict[str, list[Escalation]] = {}
    for found in view.playbook.escalation:
        by_scope.setdefault(found.scope, []).append(found)
        after = next((t.after_s for t in found.triggers if t.clock is TriggerClock.ELAPSED), None)
        for name in found.who if found.scope == "document" and after is not None else ():
            chain.setdefault(name.casefold(), (after or 0, found.line))
    for process in view.playbook.processes if chain else ():
        for found in by_scope.get(process.title, ()):
            phase_end = _phase_end(process, found.line)
            for name in found.who if phase_end else ():
                after, line = chain.get(name.casefold(), (0, 0))
                if phase_end is not None and after > phase_end:
                    yield Finding(
                        found.line,
                        f"{name} is called within {say(phase_end)} here, but only after {say(after)} in the chain "
                        f"(line {line}).",
                        "Decide on one time, or say what makes the difference.",
                        (found.line, line),
                        mark=name,
                    )
                    break


def _phase_end(process: Procedure, line: int) -> int | None:
    before = [phase for phase in process.phases if phase.line <= line]
    return before[-1].ends_s if before else None


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> str | None:
    folded = {name.casefold() for name in other}
    return next((name for name in one if name.casefold() in folded), None)


def _two_thresholds(view: View) -> Iterator[Finding]:
    """A level's sign and a scenario give different limits for the same condition."""
    limits = [
        (severity.id, sign, limit)
        for severity in view.playbook.severities
        for sign in severity.signs
        if (limit := _limit(sign.text)) is not None
    ]
    for scenario in view.playbook.scenarios if limits else ():
        for line, text in _conditions(scenario):
            other = _limit(text)
            for level, sign, limit in limits if other is not None else ():
                if other is not None and other != limit and _alike(sign.text, text):
                    yield _two_limits(line, text, other, level, sign, limit)


def _two_limits(line: int, text: str, other: int, level: str, sign: Remark, limit: int) -> Finding:
    return Finding(
        line,
        f"“{shorten(text, 50)}” sets the limit at {say(other)}, {level} at {say(limit)} (line {sign.line}).",
        "Use one limit.",
        (sign.line, line),
        mark=text,
    )


def _conditions(scenario: Procedure) -> Iterator[tuple[int, str]]:
    yield from ((branch.line, branch.condition) for branch in scenario.branches)
    yield from ((symptom.line, symptom.text) for symptom in scenario.symptoms)


def _limit(text: str) -> int | None:
    """The time that a text gives as a limit, in seconds; cheap where it names none."""
    if not _OVER.search(text):
        return None
    found = durations(text)
    return found[0].high if found else None


def _alike(one: str, other: str) -> bool:
    return len(_telling(one) & _telling(other)) >= 3


@remember
def _telling(text: str) -> frozenset[str]:
    return frozenset({word[:5] for word in _WORDS.findall(text.lower())} - _UNITS)
