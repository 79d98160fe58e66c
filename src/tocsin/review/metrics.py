"""The figures of one incident: when each anchor was reached, and the time between two of them.

Anchors are read from the timeline and nothing is made up: what no entry says is null, and so is every figure that
hangs on it. A figure that would be negative (a corrected time) is null too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from tocsin.incident.obligation import BRIDGE, RECOVERY_TIME, UPDATE
from tocsin.incident.state import Incident, Obligation
from tocsin.review.timeline import Timeline
from tocsin.review.when import between, in_utc, is_set, spell
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Audience, ObligationState


class Anchors(msgspec.Struct, frozen=True, kw_only=True):
    """The moments that figures are measured between, in UTC; null where the timeline does not say.

    `impact_started` is known to people only. `declared` is the opening, unless it waited in triage. `mitigated` counts
    from the last reopening and is the resolution where nobody said it apart; `service_restored` is when the last of the
    incident's alerts had cleared.
    """

    impact_started: datetime | None = None
    alert_fired: datetime | None = None
    alert_received: datetime | None = None
    declared: datetime | None = None
    paged: datetime | None = None
    first_ack: datetime | None = None
    commander: datetime | None = None
    bridge: datetime | None = None
    status_page: datetime | None = None
    first_update: datetime | None = None
    cause: datetime | None = None
    mitigated: datetime | None = None
    service_restored: datetime | None = None
    resolved: datetime | None = None
    closed: datetime | None = None


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures in seconds, null where an anchor is unknown.

    Detection counts from the start of the impact; cause, mitigation and resolution from the alert; commander, bridge
    and the first update from the declaration, the status page from the alert if there was one. `restore_s` counts from
    the start of the impact, or from the alert where that is unknown (`restore_from_alert`). Updates count those that
    fell due: `updates_owed` of them, `updates_on_time`; `worst_gap_s` is the longest the readers waited for word.
    `lost_s` is how much data was lost, as people told it (the recovery point), `lost_allowed_s` how much the playbook
    allows; `back_allowed_s` is how long it allows until the fix is in (the recovery time). Of a false positive nothing
    was mitigated, restored, resolved or lost.
    """

    anchors: Anchors
    detect_s: float | None = None
    acknowledge_s: float | None = None
    acknowledge_from_alert_s: float | None = None
    commander_s: float | None = None
    bridge_s: float | None = None
    status_page_s: float | None = None
    first_update_s: float | None = None
    identify_s: float | None = None
    mitigate_s: float | None = None
    restore_s: float | None = None
    restore_from_alert: bool = False
    resolve_s: float | None = None
    updates_owed: int = 0
    updates_on_time: int = 0
    worst_gap_s: float | None = None
    lost_s: float | None = None
    lost_allowed_s: float | None = None
    back_allowed_s: float | None = None


def measure(incident: Incident, entries: Sequence[Entry]) -> Metrics:
    """The figures of an incident, from its state and its timeline."""
    return measure_timeline(incident, Timeline(entries))


def measure_timeline(incident: Incident, timeline: Timeline) -> Metrics:
    """The figures of an incident whose timeline has been sorted."""
    anchors, is_real = find_anchors(incident, timeline), not incident.false_positive
    since = anchors.impact_started or anchors.alert_fired
    owed = [each for each in incident.obligations.values() if each.duty == UPDATE and _fell_due(each)]
    return Metrics(
        anchors=anchors,
        detect_s=between(anchors.impact_started, anchors.alert_fired),
        acknowledge_s=between(anchors.paged, anchors.first_ack),
        acknowledge_from_alert_s=between(anchors.alert_fired, anchors.first_ack),
        commander_s=between(anchors.declared, anchors.commander),
        bridge_s=between(anchors.declared, anchors.bridge),
        status_page_s=between(anchors.alert_fired or anchors.declared, anchors.status_page),
        first_update_s=between(anchors.declared, anchors.first_update),
        identify_s=between(anchors.alert_fired, anchors.cause),
        mitigate_s=between(anchors.alert_fired, anchors.mitigated) if is_real else None,
        restore_s=between(since, anchors.service_restored) if is_real else None,
        restore_from_alert=anchors.impact_started is None and anchors.alert_fired is not None,
        resolve_s=between(anchors.alert_fired, anchors.resolved) if is_real else None,
        updates_owed=len(owed),
        updates_on_time=sum(each.state is ObligationState.MET for each in owed),
        worst_gap_s=_worst_gap(incident, owed),
        lost_s=incident.recovery.lost_s if incident.recovery is not None and is_real else None,
        lost_allowed_s=incident.recovery.allowed_s if incident.recovery is not None and is_real else None,
        back_allowed_s=_find_allowed(incident),
    )


def find_anchors(incident: Incident, timeline: Timeline) -> Anchors:
    """The first entry that reaches each anchor; for mitigation and resolution what the state says in the end."""
    withheld = {event.answers for _, event in timeline.each(e.PageWithheld)}
    joined = [fired_at(event, entry.at) for entry, event in timeline.each(e.AlertsJoined)]
    bridges = [each.met_at for each in incident.obligations.values() if each.duty == BRIDGE and each.met_at]
    posted = timeline.each(e.UpdatePosted)
    return Anchors(
        alert_fired=min(joined, default=None),
        alert_received=_first(entry.at for entry in timeline.of(e.AlertsJoined)),
        declared=_declared(incident, timeline),
        paged=_first(entry.at for entry in timeline.of(e.PageRequested) if entry.seq not in withheld),
        first_ack=_first(entry.at for entry in timeline.of(e.Acknowledged)),
        commander=_first(
            entry.at for entry, event in timeline.each(e.RoleTaken) if "commander" in event.role.casefold()
        ),
        bridge=min(bridges, default=None),
        status_page=_first(entry.at for entry, event in posted if Audience.PUBLIC in event.audiences),
        first_update=_first(entry.at for entry, _ in posted),
        cause=_first(entry.at for entry in timeline.of(e.CauseIdentified)),
        mitigated=incident.mitigated_at,
        service_restored=_find_restored(timeline),
        resolved=incident.resolved_at,
        closed=incident.closed_at,
    )


def _first(moments: Iterable[datetime]) -> datetime | None:
    return next(iter(moments), None)


def _declared(incident: Incident, timeline: Timeline) -> datetime:
    """The opening, unless it waited in triage until somebody declared it or said whose it is."""
    opened = timeline.first(e.IncidentOpened)
    waited = opened is not None and opened.candidates
    chosen = _first(entry.at for entry in timeline.of(e.Declared, e.ScenarioChosen)) if waited else None
    return chosen or incident.opened_at


def fired_at(event: e.AlertsJoined, joined_at: datetime) -> datetime:
    """When the first of these alerts fired by its source's clock; a clock that is ahead of ours is not believed."""
    starts = [in_utc(alert.starts_at) for alert in event.alerts if is_set(alert.starts_at)]
    return min([*starts, joined_at])


def _find_restored(timeline: Timeline) -> datetime | None:
    """When the last alert cleared; null while one fires."""
    firing: set[str] = set()
    restored: datetime | None = None
    for entry in timeline.of(e.AlertsJoined, e.AlertCleared, e.AlertFiredAgain):
        event = entry.event
        if isinstance(event, e.AlertsJoined):
            firing.update(alert.fingerprint for alert in event.alerts)
        elif isinstance(event, e.AlertFiredAgain):
            firing.add(event.fingerprint)
        elif isinstance(event, e.AlertCleared):
            firing.discard(event.fingerprint)
            restored = entry.at if not firing else restored
    return None if firing else restored


def _fell_due(duty: Obligation) -> bool:
    """Whether a duty was kept or missed; what was waived, dropped or is still ahead is neither."""
    return duty.state in (ObligationState.MET, ObligationState.LATE)


def _find_allowed(incident: Incident) -> float | None:
    """How long the playbook lets it take until the fix is in, by the duty that says so; after a reopening anew."""
    duties = [each for each in incident.obligations.values() if each.duty == RECOVERY_TIME]
    return (duties[-1].due_at - incident.started_at).total_seconds() if duties else None


def _worst_gap(incident: Incident, owed: list[Obligation]) -> float | None:
    """The longest wait for word between the first duty to give it and the last word, or the end of a missed one."""
    if not owed:
        return None
    first = min(each.armed_at for each in owed)
    ends = [each.due_at for each in owed if each.met_at is None]
    if ends and incident.resolved_at:
        ends = [incident.resolved_at]
    moments = sorted([first, *(update.at for update in incident.updates if update.at >= first), *ends])
    return max(((b - a).total_seconds() for a, b in itertools.pairwise(moments)), default=None)


def tell_figures(metrics: Metrics) -> list[tuple[str, str]]:
    """The figures with what they are measured between; what is unknown is N/A, never 0."""
    restore = (
        "Time to restore (alert to alerts cleared)"
        if metrics.restore_from_alert
        else "Time to restore (impact to alerts cleared)"
    )
    figures = [
        ("Time to detect (impact to alert)", metrics.detect_s),
        ("Time to acknowledge (page to first acknowledgement)", metrics.acknowledge_s),
        ("Time to acknowledge, from the alert", metrics.acknowledge_from_alert_s),
        ("Time to an incident commander (from the declaration)", metrics.commander_s),
        ("Time to the bridge (from the declaration)", metrics.bridge_s),
        ("Time to the status page (from the alert, else the declaration)", metrics.status_page_s),
        ("Time to the first update (from the declaration)", metrics.first_update_s),
        ("Time to identify the cause (from the alert)", metrics.identify_s),
        ("Time to mitigate (from the alert)", metrics.mitigate_s),
        (restore, metrics.restore_s),
        ("Time to resolve (from the alert)", metrics.resolve_s),
    ]
    told = [(label, "N/A" if value is None else spell(value)) for label, value in figures]
    told += _tell_objectives(metrics)
    cadence = f"{metrics.updates_on_time} of {metrics.updates_owed}" if metrics.updates_owed else "N/A"
    gap = "N/A" if metrics.worst_gap_s is None else spell(metrics.worst_gap_s)
    return [*told, ("Updates posted in time", cadence), ("Longest wait for an update", gap)]


def _tell_objectives(metrics: Metrics) -> Iterator[tuple[str, str]]:
    """What was lost and how long it may take, where anybody said so: most incidents lose nothing."""
    if metrics.lost_s is not None:
        allowed = f" ({spell(metrics.lost_allowed_s)} allowed)" if metrics.lost_allowed_s is not None else ""
        yield "Data lost (recovery point to the last write that was lost)", f"{spell(metrics.lost_s)}{allowed}"
    if metrics.back_allowed_s is not None:
        yield "Recovery time that the playbook allows", spell(metrics.back_allowed_s)
