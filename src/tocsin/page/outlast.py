"""Quiet hours that outlast a response time: who would be told too late, found before it matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tocsin.incident.book import is_quiet
from tocsin.oncall.finding import Finding
from tocsin.oncall.personal import measure_quiet
from tocsin.oncall.rota import Rota
from tocsin.playbook.model import Severity
from tocsin.words import Calendar, Urgency

HOUR = 3600


def find_outlasting(
    team: str, rota: Rota, severities: tuple[Severity, ...], urgency: Mapping[str, Urgency]
) -> Iterator[Finding]:
    """Whoever the team calls whose quiet hours may last longer than a severity of low urgency gives them."""
    waiting = [each for each in severities if urgency.get(each.id, _judge(each)) is Urgency.LOW]
    bounds = [
        (each.response.within_s, each.id)
        for each in waiting
        if each.response.calendar is Calendar.ELAPSED and each.response.within_s is not None
    ]
    for person in dict.fromkeys([*rota.everybody(), *rota.staffing.last_resort]) if bounds else ():
        found = rota.people.get(person)
        longest = measure_quiet(found.rules.quiet).total_seconds() if found is not None else 0
        within_s, severity = min(bounds)
        if longest > within_s:
            text = f"quiet hours of {person} may last {longest / HOUR:g} h, and {severity} is answered within"
            yield Finding(kind="quiet", text=f"{text} {within_s / HOUR:g} h", team=team, person=person)


def _judge(severity: Severity) -> Urgency:
    return Urgency.LOW if is_quiet(severity.response) else Urgency.HIGH
