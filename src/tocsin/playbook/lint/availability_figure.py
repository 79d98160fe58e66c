"""An availability figure does not follow from the outage that the same text records.

Why: the figure goes to customers and contracts. The durations of one incident (until service is back, until it is
closed) differ, and the text must say which one it counts.

Example:

    Duration: 3 hours
    14:00 Alert
    15:30 Service restored
    2 hours outage = 99.72% this month

Use instead:

    Duration: 3 hours
    14:00 Alert
    17:00 Service restored
    3 hours outage = 99.58% this month
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.duration import durations, say
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.model import Template
from tocsin.words import Level

CODE = "PB306"
LEVEL = Level.REMARK
_CLAIM = compile_late(
    r"(?P<outage>\d+(?:\.\d+)?\s*(?:h|hours?|min|minutes?))\s+(?:outage|downtime)\b[^%\n]{0,20}?=\s*(?P<percent>\d{2,"
    r"3}(?:\.\d+)?)\s*%",
    re.IGNORECASE,
)
_DURATION = compile_late(r"^\W*duration\W+(?P<text>.+)$", re.IGNORECASE | re.MULTILINE)
_EVENT = compile_late(r"^\W*(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\b\s*(?:UTC)?\W*(?P<event>.+)$", re.MULTILINE)
_RESTORED = compile_late(r"\b(?:restored|recovered|back (?:up|online|to normal)|service up)\b", re.IGNORECASE)
_MONTH = 30 * 86400


def check(view: View) -> Iterator[Finding]:
    claiming = [template for template in view.playbook.templates if "%" in template.body]
    for template in claiming if claiming and view.mentions("outage", "downtime", "Outage", "Downtime") else ():
        claim = _CLAIM.search(template.body)
        if claim is not None:
            yield from _judge(template, claim)


def _judge(template: Template, claim: re.Match[str]) -> Iterator[Finding]:
    outage = durations(claim["outage"])[0].high
    others = {name: seconds for name, seconds in _recorded(template.body) if seconds != outage}
    if not others:
        return
    said = " and ".join(f"{_hours(seconds)} {name} ({_percent(seconds)})" for name, seconds in others.items())
    yield Finding(
        template.line + 1 + template.body[: claim.start()].count("\n"),
        f"{claim['percent']} % counts an outage of {_hours(outage)} ({_percent(outage)} over 30 days), but the text "
        f"records {said}.",
        "Say which duration counts, and work the figure out from it.",
    )


def _recorded(body: str) -> Iterator[tuple[str, int]]:
    """The durations that the text itself records: until service was back, and of the whole incident."""
    times = [(int(m["hour"]) * 3600 + int(m["minute"]) * 60, m["event"]) for m in _EVENT.finditer(body)]
    back = next((seconds for seconds, event in times if _RESTORED.search(event)), None)
    if back is not None and back > times[0][0]:
        yield "until service was back", back - times[0][0]
    match = _DURATION.search(body)
    found = durations(match["text"]) if match else []
    if found:
        yield "in all", found[-1].high


def _hours(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours and minutes else say(seconds)


def _percent(seconds: int) -> str:
    return f"{100 - 100 * seconds / _MONTH:.3f} %"
