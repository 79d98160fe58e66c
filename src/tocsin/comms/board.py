"""A team's status page as a whole: what goes on, what is planned, how each component is and was.

Made from what the public was told, from the settings, and from nothing else: no label, name, cause or
evidence of an incident is in it. Where a playbook forbids public words in an incident, all of it stays away until
whoever the playbook names has lifted that; where another incident forbids them, what was said stays as it was. Of a
private incident nothing is shown but the words that were said to the public.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.comms.gate import find_told_status
from tocsin.comms.history import DAYS, Day, Spell, count_days, find_spells, tell_share
from tocsin.comms.public import SHOWN_FOR, PublicIncident, find_end, show_incident
from tocsin.comms.settings import Component, Planned, StatusPage
from tocsin.comms.silence import find_silence
from tocsin.incident.book import Book
from tocsin.incident.breach import find_breach
from tocsin.incident.state import Incident
from tocsin.incident.window import Window, find_occurrence
from tocsin.timeline.entry import Entry
from tocsin.timeline.matcher import read_matchers
from tocsin.words import ComponentStatus, PublicStatus

SHOWN_AHEAD = timedelta(days=90)
ORDER = tuple(ComponentStatus)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of the team that somebody has told the public about, with its book and its entries."""

    incident: Incident
    book: Book
    entries: tuple[Entry, ...] = ()


class PublicComponent(msgspec.Struct, frozen=True, kw_only=True):
    """A component with its last 90 days; `uptime` in percent, null where nothing is known."""

    id: str
    name: str
    description: str
    group: str
    status: ComponentStatus
    uptime: str | None
    days: tuple[Day, ...]


class PublicMaintenance(msgspec.Struct, frozen=True, kw_only=True):
    """Work that was announced: `components` by their ids."""

    id: str
    title: str
    text: str
    status: str
    starts_at: datetime
    ends_at: datetime
    components: tuple[str, ...]


class PublicBoard(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a status page shows; `since` is where the record begins, `indicator` the worst of it."""

    title: str
    now: datetime
    since: datetime
    indicator: str
    summary: str
    components: tuple[PublicComponent, ...]
    maintenance: tuple[PublicMaintenance, ...]
    incidents: tuple[PublicIncident, ...]


def make_board(
    page: StatusPage,
    name: str,
    told: Iterable[Told],
    windows: dict[str, Window],
    zone: str,
    since: datetime,
    now: datetime,
) -> PublicBoard:
    """The status page of the team called `name`."""
    shown = [each for each in told if may_show(each.incident, each.book)]
    recent = [each for each in shown if now - (find_end(each.incident) or now) <= SHOWN_FOR]
    maintenance = plan_maintenance(page, windows, zone, now)
    working = {id_ for each in maintenance if each.status == "in_progress" for id_ in each.components}
    components = tuple(
        _show_component(id_, page.components[id_], recent, working, since, now) for id_ in page.components
    )
    incidents = tuple(_show(each, page) for each in recent)
    indicator, summary = _sum_up(components, incidents, maintenance)
    return PublicBoard(
        title=page.title or name,
        now=now,
        since=max(since, now - timedelta(days=DAYS)),
        indicator=indicator,
        summary=summary,
        components=components,
        maintenance=maintenance,
        incidents=tuple(sorted(incidents, key=lambda each: each.started_at, reverse=True)),
    )


def may_show(incident: Incident, book: Book) -> bool:
    """Whether the public may see it: somebody has told it, and nothing in its own playbook forbids that now."""
    if not incident.public_updates:
        return False
    silence = find_silence(incident, book)
    return silence is None or bool(silence.incident)


def _show(each: Told, page: StatusPage) -> PublicIncident:
    incident, book = each.incident, each.book
    touched = tuple(id_ for id_, component in page.components.items() if concerns(incident, component))
    locked = find_silence(incident, book) is not None and incident.announced is not None
    told = find_told_status(incident, book)
    status = incident.announced if locked and incident.announced is not None else told
    return show_incident(
        incident,
        status=status,
        title=find_title(incident, book, page),
        components=touched,
        impact=find_impact(incident, book),
        entries=each.entries,
    )


def find_title(incident: Incident, book: Book, page: StatusPage | None) -> str:
    """What an incident is called in public: the scenario's title in the playbook.

    What somebody typed or an alert was called is nobody else's business, nor is the name of a scenario that has
    something to hide: then it is named for the components that it concerns.
    """
    scenario = book.scenario(incident)
    if scenario is not None and scenario.title == incident.title and not _is_discreet(book, incident):
        return incident.title
    components = page.components.values() if page is not None else ()
    touched = ", ".join(each.name for each in components if concerns(incident, each))
    return f"Problem with {touched}" if touched else "Incident"


def _is_discreet(book: Book, incident: Incident) -> bool:
    if incident.is_private:
        return True
    hushed = any(rule.forbids.comms for rule in book.prohibitions(incident))
    return hushed or find_breach(incident, book) is not None


def concerns(incident: Incident, component: Component) -> bool:
    """Whether an incident is about a component: by its alerts, or by its scenario. Of a private one nobody says."""
    if incident.is_private:
        return False
    if incident.scenario is not None and incident.scenario in component.scenarios:
        return True
    matchers = read_matchers(component.matchers)
    seen = (each.seen.labels for each in incident.alerts.values())
    return bool(matchers) and any(all(each.fits(labels) for each in matchers) for labels in seen)


def find_impact(incident: Incident, book: Book) -> ComponentStatus:
    """How bad it is for a component that it concerns, by the rank of its severity: the worst is a major outage, the
    next a partial one, whatever is below impairs. What nobody has classified yet is a partial outage.
    """
    severity = book.severity(incident)
    if severity is None:
        return ComponentStatus.PARTIAL_OUTAGE
    below = len({each.rank for each in book.playbook.severities if each.rank < severity.rank})
    return (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED)[min(below, 2)]


def _show_component(
    id_: str, component: Component, told: Sequence[Told], working: set[str], since: datetime, now: datetime
) -> PublicComponent:
    spells: list[Spell] = []
    current = [ComponentStatus.OPERATIONAL]
    for each in told:
        if not concerns(each.incident, component):
            continue
        impact = find_impact(each.incident, each.book)
        spells += [Spell(begin, end, impact) for begin, end in find_spells(each.entries)]
        if each.incident.is_open:
            is_fixed = find_told_status(each.incident, each.book) is PublicStatus.MONITORING
            current.append(ComponentStatus.DEGRADED if is_fixed else impact)
    worst = max(current, key=ORDER.index)
    if worst is ComponentStatus.OPERATIONAL and id_ in working:
        worst = ComponentStatus.MAINTENANCE
    days = count_days(spells, since, now)
    return PublicComponent(
        id=id_,
        name=component.name,
        description=component.description,
        group=component.group,
        status=worst,
        uptime=tell_share(days),
        days=days,
    )


def plan_maintenance(
    page: StatusPage, windows: dict[str, Window], zone: str, now: datetime
) -> tuple[PublicMaintenance, ...]:
    """What is planned, and what was over the last 90 days, the next one first."""
    found = [_plan(id_, planned, page, windows, zone, now) for id_, planned in page.maintenance.items()]
    near = [
        each
        for each in found
        if each is not None and now - each.ends_at <= SHOWN_FOR and each.starts_at - now <= SHOWN_AHEAD
    ]
    return tuple(sorted(near, key=lambda each: each.starts_at))


def _plan(
    id_: str, planned: Planned, page: StatusPage, windows: dict[str, Window], zone: str, now: datetime
) -> PublicMaintenance | None:
    starts_at, ends_at = planned.starts_at, planned.ends_at
    if planned.window in windows:
        found = find_occurrence(planned.window, windows[planned.window], zone, now)
        starts_at, ends_at = found.starts_at, found.ends_at
    if starts_at is None or ends_at is None:
        return None
    status = "scheduled" if now < starts_at else "in_progress" if now < ends_at else "completed"
    return PublicMaintenance(
        id=id_,
        title=planned.title,
        text=planned.text,
        status=status,
        starts_at=starts_at,
        ends_at=ends_at,
        components=planned.components or tuple(page.components),
    )


def _sum_up(
    components: Sequence[PublicComponent],
    incidents: Sequence[PublicIncident],
    maintenance: Sequence[PublicMaintenance],
) -> tuple[str, str]:
    """Statuspage's indicator and its sentence: by the worst component, else by the worst incident that goes on."""
    going = [each for each in incidents if each.resolved_at is None]
    found: list[ComponentStatus] = [
        each.status for each in components if each.status is not ComponentStatus.MAINTENANCE
    ]
    found += [
        ComponentStatus.DEGRADED if each.status is PublicStatus.MONITORING else each.impact
        for each in going
        if not each.components
    ]
    worst = max(found, key=ORDER.index, default=ComponentStatus.OPERATIONAL)
    if worst is ComponentStatus.MAJOR_OUTAGE:
        return "critical", "Major outage"
    if worst is ComponentStatus.PARTIAL_OUTAGE:
        return "major", "Partial outage"
    if worst is ComponentStatus.DEGRADED or going:
        return "minor", "Degraded performance" if worst is ComponentStatus.DEGRADED else "An incident goes on"
    if any(each.status == "in_progress" for each in maintenance):
        return "maintenance", "Under maintenance"
    return "none", "All systems operational" if components else "No incident is being reported"
