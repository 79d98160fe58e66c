"""Why somebody was paged, or not: what the timeline says of it, and what would have been demanded but for something.

Nothing here is remembered for the purpose: what happened is the timeline, and who was not called is found by asking for
the demands of the incident as if nobody had acknowledged, and naming what stood in the way of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.page.clocks import Clocks, read_clocks
from tocsin.page.ladder import Demand, find_demands
from tocsin.page.plan import CALLING
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.tell import HUSHED, tell
from tocsin.words import Hush, Mode, Status

Name = Callable[[str], str]

OF_ALL = (
    *(e.IncidentOpened, e.AlertSilenced, e.AlertUnsilenced, e.PagingHeld, e.PagingFreed, e.SilenceEnding),
    *(
        e.AlertFlaps,
        e.AlertSteadied,
        e.AlertFiredAgain,
        e.AlertCleared,
        e.AlertWentSilent,
        e.EscalationAsked,
        e.AnswerCorrected,
    ),
    *(e.Acknowledged, e.AcknowledgementExpired, e.SeveritySet, e.ScenarioChosen),
    *(e.Declared, e.Dismissed, e.Mitigated, e.Resolved, e.Reopened, e.Closed, e.Merged),
)
"""What concerns everybody's pages."""
OF_ONE = (e.PagePutOff, e.PageRequested, e.PageDelivered, e.PageFailed, e.PageWithheld, e.PageReported)
"""What concerns the pages of one responder."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that led to a page, or kept one back; `seq` is its entry of the timeline, `line` the playbook's."""

    at: datetime
    text: str
    line: int | None = None
    seq: int | None = None


def tell_now(incident: Incident, book: Book) -> str:
    """What holds for all pages of the incident at this moment, in a sentence or a few."""
    return " ".join(_tell_now(incident, book, read_clocks(incident, book)))


def _tell_now(incident: Incident, book: Book, clocks: Clocks) -> Iterator[str]:
    if book.policy.mode is Mode.SHADOW:
        yield "The team is in shadow mode: everything is decided and shown, and nobody is paged."
    if incident.status not in CALLING:
        yield f"The incident is {incident.status}: nobody is called any more."
    elif incident.is_hushed:
        yield f"Nobody is paged: {_tell_hush(incident)}."
    elif incident.acknowledged_at is not None:
        yield "It is acknowledged: the ladder calls nobody, and only escalations of the playbook may."
    elif incident.status is Status.TRIAGE:
        yield "Nobody knows whose it is: the first level of every team that may be meant is called."
    else:
        yield "Nobody has acknowledged: people are called, one level after the other."
    if clocks.quiet and incident.status in CALLING:
        severity = incident.severity
        yield f"{severity} wakes nobody by its response time: the first level is called once, and nobody after it."


def _tell_hush(incident: Incident) -> str:
    if incident.barred:
        return "all of it is under maintenance"
    return f"all that fires is {HUSHED[incident.hush or Hush.SILENCE]}"


def tell_happened(entries: Iterable[Entry], person: str, name: Name) -> tuple[Reason, ...]:
    """Everything of a timeline that led to pages or kept them back; of one person where one is named."""
    return tuple(
        Reason(at=entry.at, text=_tell(entry.event, name), line=_line(entry.event), seq=entry.seq)
        for entry in entries
        if _concerns(entry.event, person)
    )


def _concerns(event: e.Event, person: str) -> bool:
    if isinstance(event, OF_ALL):
        return True
    if isinstance(event, e.LevelJoined):
        return not person or person in event.responders or not event.responders
    return isinstance(event, OF_ONE) and person in ("", event.responder)


def _tell(event: e.Event, name: Name) -> str:
    """The timeline's own sentence; of a page also why it was decided, of the opening also whose it is."""
    said = tell(event, name)
    if isinstance(event, e.IncidentOpened):
        return f"{said}; {_tell_route(event)}"
    return f"{said}: {event.why}" if isinstance(event, e.PageRequested) and not event.informs else said


def _tell_route(event: e.IncidentOpened) -> str:
    if event.candidates:
        return "no key, route or label names its team, and not one playbook alone its alert"
    scenario = f"scenario “{event.scenario}”" if event.scenario else "no scenario of its playbook"
    return f"it went to team {event.team}, {scenario}, {event.severity or 'unclassified, so it pages as the worst'}"


def _line(event: e.Event) -> int | None:
    """The line behind a page or the scenario; the other sentences name theirs by themselves."""
    if isinstance(event, e.IncidentOpened):
        return event.scenario_line
    return event.line if isinstance(event, e.PageRequested) else None


def find_uncalled(
    incident: Incident, book: Book, rota: Rota, person: str, name: Name, now: datetime
) -> tuple[Reason, ...]:
    """The demands that were not made, each with what stood in its way."""
    clocks = read_clocks(incident, book)
    demands = find_demands(replace(incident, acknowledged_at=None), book, rota.staffing, clocks)
    found = []
    for demand in demands:
        called = rota.answer_all(demand.who, demand.due)
        if demand.key in incident.joined or (person and person not in called):
            continue
        who = ", ".join(name(each) for each in called) or ", ".join(demand.who)
        why = _explain(incident, demand, now)
        found.append(Reason(at=demand.due, text=f"{who} ({demand.why}): {why}", line=demand.line))
    if person and not found and person not in incident.calls:
        text = f"{name(person)} stands in no level, severity or escalation that this incident has come to"
        found.append(Reason(at=now, text=text))
    return tuple(found)


def _explain(incident: Incident, demand: Demand, now: datetime) -> str:
    over = incident.resolved_at or incident.closed_at
    taken = incident.acknowledged_at
    if taken is not None and not demand.is_escalation and taken <= demand.due:
        return f"not called, since it was acknowledged at {taken:%H:%M:%S}"
    if over is not None and over <= demand.due:
        return f"not called, since it was {incident.status} at {over:%H:%M:%S}"
    if incident.mitigated_at is not None and incident.status is Status.MONITORING:
        return f"not called while the fix is watched, since {incident.mitigated_at:%H:%M:%S}"
    if incident.is_hushed:
        return f"not called, since {_tell_hush(incident)}"
    if demand.due > now:
        return f"is called at {demand.due:%H:%M:%S}, unless {'resolved' if demand.is_escalation else 'acknowledged'}"
    return "not called: by that time it was no longer demanded"
