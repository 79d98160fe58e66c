"""What whoever takes over is told: the week's incidents, what is still owed, and which alerts made the noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tocsin.incident.state import Incident
from tocsin.oncall.handoff import Handoff
from tocsin.timeline.line import fold

WEEK = timedelta(days=7)
MOST_INCIDENTS, MOST_DUTIES, MOST_NOISY = 50, 50, 10
NOISY = 3
"""So often an alert fired that it is called noisy."""


def write_summary(team: str, handoff: Handoff, incidents: Sequence[Incident]) -> str:
    """The summary as Markdown; `incidents` are those of the week, and those that are still open.

    It stands in the record, so people are in it by their ids. Everybody reads it, so no private incident is in it.
    """
    since = handoff.at - WEEK
    incidents = [each for each in incidents if not each.is_private]
    lines = [
        f"# Hand-off of {', '.join(handoff.schedules)} ({fold(team)})",
        "",
        f"{_name(handoff.incoming)} took over from {_name(handoff.outgoing)} on {handoff.at:%Y-%m-%d %H:%M} UTC.",
        "",
        *_list_incidents([each for each in incidents if each.opened_at >= since]),
        *_list_open([each for each in incidents if each.is_open]),
        *_list_duties(incidents),
        *_list_noise(incidents, since),
    ]
    return "\n".join(lines) + "\n"


def _name(people: Iterable[str]) -> str:
    return ", ".join(map(fold, people)) or "nobody"


def _list_incidents(week: Sequence[Incident]) -> Iterator[str]:
    yield f"## Incidents of the past week: {len(week)}"
    yield ""
    for each in sorted(week, key=lambda each: each.opened_at)[:MOST_INCIDENTS]:
        taken = f"acknowledged after {_spell(each.acknowledged_at - each.opened_at)}" if each.acknowledged_at else ""
        over = f"resolved after {_spell(each.resolved_at - each.opened_at)}" if each.resolved_at else ""
        told = ", ".join(part for part in (taken, over) if part) or "nobody acknowledged"
        yield f"- {_tell(each)}, opened {each.opened_at:%a %H:%M} UTC: {told}"
    if not week:
        yield "None."
    if len(week) > MOST_INCIDENTS:
        yield f"- and {len(week) - MOST_INCIDENTS} more"
    yield ""


def _list_open(still: Sequence[Incident]) -> Iterator[str]:
    if still:
        yield f"## Still open: {len(still)}"
        yield ""
        yield from (f"- {_tell(each)}: {each.status}" for each in still[:MOST_INCIDENTS])
        yield ""


def _list_duties(incidents: Sequence[Incident]) -> Iterator[str]:
    owed = [(each, duty) for each in incidents for duty in each.obligations.values() if duty.is_open]
    yield f"## Open actions: {len(owed)}"
    yield ""
    for incident, duty in sorted(owed, key=lambda pair: pair[1].due_at)[:MOST_DUTIES]:
        yield f"- {fold(duty.what)} ({incident.number}, {fold(duty.owner)}), due {duty.due_at:%Y-%m-%d %H:%M} UTC"
    if not owed:
        yield "None."
    yield ""


def _list_noise(incidents: Sequence[Incident], since: datetime) -> Iterator[str]:
    fired: Counter[str] = Counter()
    for incident in incidents:
        for key, alert in incident.alerts.items():
            again = [at for at in incident.refired.get(key, ()) if at >= since]
            fired[alert.seen.name or key] += len(again) + (incident.opened_at >= since)
    noisy = [(name, times) for name, times in fired.most_common(MOST_NOISY) if times >= NOISY]
    yield "## Noisy alerts"
    yield ""
    yield from (f"- {fold(name)}: fired {times} times" for name, times in noisy)
    if not noisy:
        yield "None."


def _tell(incident: Incident) -> str:
    return f"{incident.number} {fold(incident.severity or 'unclassified')} {fold(incident.title)}"


def _spell(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
