"""What is known of an incident, ready to be written: short values for fields, lines for sections.

Everything in here is Markdown already, and everything that came from outside has been escaped on the way in. A topic
that is missing is not known; its slot stays for people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.followed import tell_ways
from tocsin.incident.speech import Update
from tocsin.incident.state import Incident
from tocsin.review.findings import went_well, went_wrong
from tocsin.review.markdown import code, end, escape, mark
from tocsin.review.metrics import Metrics, measure_timeline, tell_figures
from tocsin.review.moment import Moment
from tocsin.review.moments import find_moments
from tocsin.review.runs import Run, find_runs
from tocsin.review.timeline import Timeline
from tocsin.review.topic import Topic
from tocsin.review.when import between, in_utc, spell, spell_date, spell_length, spell_time
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Audience

SERVICE_LABELS = ("service", "service_name", "app", "application", "job", "component", "system")
PLACE_LABELS = ("instance", "host", "node", "pod", "container", "namespace", "cluster")
MOST_NAMED = 8
MOST_FIXES = 20

Name = Callable[[str], str]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known: `short` values by topic, `lines` by topic, the moments, and follow-ups to propose.

    `length` is the incident's length as ``HH:MM``, null while it goes on, `elapsed` the same in words, so far; `roles`
    are people by role, both as words.
    """

    incident: Incident
    metrics: Metrics
    moments: tuple[Moment, ...]
    runs: tuple[Run, ...]
    now: datetime
    name: Name
    started: datetime
    short: Mapping[Topic, str]
    times: Mapping[Topic, datetime]
    lines: Mapping[Topic, tuple[str, ...]]
    roles: Mapping[str, str]
    proposals: tuple[str, ...]
    length: str | None = None
    elapsed: str = "N/A"


def gather(incident: Incident, book: Book, entries: Sequence[Entry], name: Name, now: datetime) -> Facts:
    """Everything that a post-mortem can say of an incident."""
    timeline = Timeline(entries)
    metrics = measure_timeline(incident, timeline)
    runs = find_runs(timeline)
    moments = find_moments(incident, timeline, runs, name)
    well, wrong = went_well(incident, metrics), went_wrong(incident, metrics, runs, timeline, now)
    started = metrics.anchors.alert_fired or incident.opened_at
    length = ((metrics.anchors.resolved or now) - started).total_seconds()
    roles = _roles(incident, timeline, name)
    times = _times(metrics, started)
    lines = {
        Topic.CAUSE: _cause(timeline, name, started),
        Topic.RESOLUTION: _resolution(timeline, runs, metrics, started),
        Topic.DETECTION: (_detection(incident, metrics, name, timeline),),
        Topic.WELL: tuple(end(each.text) for each in well),
        Topic.WRONG: tuple(end(each.text) for each in wrong),
        Topic.COMMUNICATION: _communication(incident, started),
        Topic.RESPONDERS: tuple(f"{role}: {who}" for role, who in roles.items()),
        Topic.FIGURES: tuple(f"{label}: {value}" for label, value in tell_figures(metrics)),
        Topic.SUMMARY: (_summary(incident, timeline, metrics, started, now),),
    }
    return Facts(
        incident=incident,
        metrics=metrics,
        moments=moments,
        runs=runs,
        now=now,
        name=name,
        started=started,
        short={**_short(incident, book, metrics, started, now), **_people(incident, roles, name)},
        times=times,
        lines={topic: found for topic, found in lines.items() if found},
        roles=roles,
        proposals=tuple(escape(each.proposal) for each in wrong if each.proposal),
        elapsed=spell(length) if length >= 0 else "N/A",
        length=spell_length(length) if metrics.anchors.resolved and length >= 0 else None,
    )


def _times(metrics: Metrics, started: datetime) -> dict[Topic, datetime]:
    anchors = metrics.anchors
    found = {
        Topic.STARTED: started,
        Topic.DETECTED_AT: started,
        Topic.PAGED_AT: anchors.paged,
        Topic.ACKNOWLEDGED_AT: anchors.first_ack,
        Topic.IDENTIFIED_AT: anchors.cause,
        Topic.MITIGATED_AT: anchors.mitigated,
        Topic.RESTORED_AT: anchors.service_restored,
        Topic.ENDED: anchors.resolved,
        Topic.CLOSED_AT: anchors.closed,
    }
    return {topic: at for topic, at in found.items() if at is not None}


def _short(incident: Incident, book: Book, metrics: Metrics, started: datetime, now: datetime) -> dict[Topic, str]:
    anchors = metrics.anchors
    ended = anchors.resolved
    day = spell_date(started)
    figures = {
        Topic.TIME_TO_DETECT: metrics.detect_s,
        Topic.TIME_TO_ACKNOWLEDGE: metrics.acknowledge_s,
        Topic.TIME_TO_IDENTIFY: metrics.identify_s,
        Topic.TIME_TO_MITIGATE: metrics.mitigate_s,
        Topic.TIME_TO_RESTORE: metrics.restore_s,
        Topic.TIME_TO_RESOLVE: metrics.resolve_s,
    }
    found = {
        Topic.NUMBER: escape(incident.number),
        Topic.TITLE: escape(incident.title),
        Topic.DATE: day if ended is None or ended.date() == started.date() else f"{day} to {spell_date(ended)}",
        Topic.WRITTEN: spell_date(now),
        Topic.PERIOD: _period(started, ended, now),
        Topic.SEVERITY: _severity(incident, book),
        Topic.STATUS: str(incident.status).capitalize(),
        Topic.AFFECTED: _affected(incident),
        Topic.ALERTS: _join(
            list(dict.fromkeys(each.seen.name or each.seen.fingerprint for each in incident.alerts.values()))
        ),
        Topic.SCENARIO: _scenario(incident, book),
        Topic.DATA_LOSS: _lost(incident, started),
        **{topic: "N/A" if value is None else spell(value) for topic, value in figures.items()},
    }
    return {topic: text for topic, text in found.items() if text}


def _period(started: datetime, ended: datetime | None, now: datetime) -> str:
    if ended is None:
        return f"since {spell_time(started, now)} UTC, still open ({spell((now - started).total_seconds())} so far)"
    length = between(started, ended)
    told = "N/A" if length is None else spell(length)
    return f"{spell_time(started, started)} to {spell_time(ended, started)} UTC ({told})"


def _severity(incident: Incident, book: Book) -> str:
    severity = book.severity(incident)
    if severity is None:
        return escape(incident.severity or "unclassified")
    named = severity.name.strip() and severity.name.casefold() != severity.id.casefold()
    return escape(f"{severity.id} ({severity.name})" if named else severity.id)


def _affected(incident: Incident) -> str:
    """What the alerts' own labels name: services first, then the places."""
    labels = [alert.seen.labels for alert in incident.alerts.values()]
    services = list(dict.fromkeys(each[key] for key in SERVICE_LABELS for each in labels if each.get(key)))
    places = list(dict.fromkeys(each[key] for key in PLACE_LABELS for each in labels if each.get(key)))
    where = f" ({_join(places)})" if places and services else _join(places)
    return _join(services) + where


def _join(words: list[str]) -> str:
    left = len(words) - MOST_NAMED
    return ", ".join(escape(word, 80) for word in words[:MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


def _lost(incident: Incident, started: datetime) -> str:
    """What was lost, as people told it; empty where nobody did."""
    told = incident.recovery
    if told is None or incident.false_positive:
        return ""
    span = f"{spell_time(told.point, started)} to {spell_time(told.until, started)} UTC"
    return f"{spell(told.lost_s)} ({span})" if told.lost_s else "none"


def _scenario(incident: Incident, book: Book) -> str:
    scenario = book.scenario(incident)
    title = scenario.title if scenario else incident.scenario
    return escape(title + (f" (line {scenario.line})" if scenario else "")) if title else ""


def _roles(incident: Incident, timeline: Timeline, name: Name) -> dict[str, str]:
    """Who played which role, the first responder included."""
    found = {escape(role): escape(name(who)) for role, who in incident.roles.items()}
    first = timeline.first(e.Acknowledged)
    return {**found, **({"First responder": escape(name(first.by))} if first else {})}


def _people(incident: Incident, roles: Mapping[str, str], name: Name) -> dict[Topic, str]:
    found = {Topic.COMMANDER: escape(name(incident.commander)) if incident.commander else ""}
    found[Topic.RESPONDERS] = ", ".join(dict.fromkeys(roles.values()))
    return {topic: text for topic, text in found.items() if text}


def _cause(timeline: Timeline, name: Name, started: datetime) -> tuple[str, ...]:
    """What was identified last; what was taken for the cause before stays in the timeline."""
    found = timeline.each(e.CauseIdentified)
    if not found:
        return ()
    event = found[-1][1]
    said = f"identified at {spell_time(found[0][0].at, started)} UTC by {escape(name(event.by))}"
    return (f"{escape(event.text, 2000)} ({said})",)


def _resolution(timeline: Timeline, runs: Sequence[Run], metrics: Metrics, started: datetime) -> tuple[str, ...]:
    """The changing statements that ended well before it was mitigated, and what was said then."""
    until = metrics.anchors.mitigated or metrics.anchors.resolved
    fixes = [run for run in runs if run.is_ok and not run.looks_only and (until is None or run.at <= until)]
    lines = [
        f"{spell_time(run.ended_at or run.at, started)} UTC: "
        f"step {escape(run.asked.step)}, {code(run.asked.text, 200)}, ended well"
        for run in fixes[-MOST_FIXES:]
    ]
    for entry in timeline.of(e.Mitigated, e.Resolved):
        event = entry.event
        what = "the fix was in" if isinstance(event, e.Mitigated) else "resolved"
        note = event.note if isinstance(event, e.Mitigated | e.Resolved) else ""
        told = f": {escape(note, 1000)}" if note else ""
        lines.append(f"{spell_time(entry.at, started)} UTC: {what}{told}")
    return tuple(lines)


def _detection(incident: Incident, metrics: Metrics, name: Name, timeline: Timeline) -> str:
    first = timeline.first(e.AlertsJoined)
    if first is None or not first.alerts or incident.origin == "person":
        opened = timeline.first(e.IncidentOpened)
        who = escape(name(opened.by)) if opened and opened.by else "a person"
        return f"By hand: {who} declared it at {in_utc(incident.opened_at):%H:%M} UTC; no alert had opened it."
    alert = min(first.alerts, key=lambda each: in_utc(each.starts_at))
    at = metrics.anchors.alert_fired or incident.opened_at
    return f"By the alert {escape(alert.name or alert.fingerprint)}, which fired at {at:%H:%M} UTC."


def _communication(incident: Incident, started: datetime) -> tuple[str, ...]:
    return tuple(
        f"{spell_time(each.at, started)} UTC, {_name_readers(each)}: {escape(each.text)}"
        f"{''.join(f' ({escape(way)})' for way in tell_ways(incident, each))}"
        for each in incident.updates
    )


def _name_readers(update: Update) -> str:
    """Who was told, the public first; responders only where nobody else was."""
    page = [f"status page ({update.status})"] if Audience.PUBLIC in update.audiences else []
    others = [each.replace("_", " ") for each in update.audiences if each not in (Audience.PUBLIC, Audience.RESPONDERS)]
    return ", ".join([*page, *others]) or "responders"


def _summary(incident: Incident, timeline: Timeline, metrics: Metrics, started: datetime, now: datetime) -> str:
    """One or two sentences that nobody can dispute; what it meant to users is for people to add."""
    found = timeline.last(e.CauseIdentified)
    cause = found.text if found else ""
    period = _period(started, metrics.anchors.resolved, now)
    severity = escape(incident.severity or "unclassified")
    parts = [f"{escape(incident.title)} ({severity}), {spell_date(started)}, {period}."]
    parts.append(f"Cause: {end(cause)}" if cause else "The cause is not recorded.")
    return " ".join(parts)


def ask_authors(words: str) -> str:
    """The draft's author is known; who makes it a post-mortem is not."""
    return f"tocsin (draft from the timeline), {mark(words)}"
