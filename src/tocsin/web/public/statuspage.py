"""The status page as Atlassian Statuspage's public API (v2) tells it, so that what reads those reads ours.

Ids are hashes of what does not change. Where Statuspage has what tocsin has not (Twitter, time-zone names, sub-pages),
the field is there and empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tocsin.comms.board import PublicBoard, PublicComponent, PublicMaintenance
from tocsin.comms.public import PublicIncident
from tocsin.words import ComponentStatus, PublicStatus

MOST_INCIDENTS = 50
IMPACT = {
    ComponentStatus.MAJOR_OUTAGE: "critical",
    ComponentStatus.PARTIAL_OUTAGE: "major",
    ComponentStatus.DEGRADED: "minor",
    ComponentStatus.MAINTENANCE: "maintenance",
    ComponentStatus.OPERATIONAL: "none",
}
DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Minor Service Outage",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
    "maintenance": "Service Under Maintenance",
}
"""Statuspage's own words: programs show them as they are, or look for them."""
DOCUMENTS = (
    "summary",
    "status",
    "components",
    "incidents",
    "incidents/unresolved",
    "scheduled-maintenances",
    "scheduled-maintenances/upcoming",
    "scheduled-maintenances/active",
)
"""The paths below `api/v2/`, each with `.json` behind it."""

Json = dict[str, Any]


def spell_moment(moment: datetime) -> str:
    """As Statuspage writes times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make_id(*parts: object) -> str:
    """Twelve lower-case letters and digits, always the same for the same thing."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12]


class Statuspage:
    """The documents of one board. `team` is its id, `url` where people read the page."""

    def __init__(self, board: PublicBoard, team: str, url: str) -> None:
        self._board, self._team, self._url = board, team, url
        self._page = make_id("page", team)

    def write(self, document: str) -> Json:
        """One of `DOCUMENTS`. Raises `KeyError` for any other."""
        board = self._board
        going = [each for each in board.incidents if each.resolved_at is None]
        planned = {
            "scheduled-maintenances": board.maintenance,
            "scheduled-maintenances/upcoming": [each for each in board.maintenance if each.status == "scheduled"],
            "scheduled-maintenances/active": [each for each in board.maintenance if each.status == "in_progress"],
        }
        found: Json = {"page": self._tell_page()}
        if document == "summary":
            ahead = [each for each in board.maintenance if each.status != "completed"]
            return (
                found | self._tell_components() | self._tell_incidents(going) | self._tell_work(ahead) | self._status()
            )
        if document == "status":
            return found | self._status()
        if document == "components":
            return found | self._tell_components()
        if document == "incidents":
            return found | self._tell_incidents(board.incidents[:MOST_INCIDENTS])
        if document == "incidents/unresolved":
            return found | self._tell_incidents(going)
        return found | self._tell_work(planned[document])

    def _status(self) -> Json:
        return {"status": {"indicator": self._board.indicator, "description": DESCRIPTIONS[self._board.indicator]}}

    def _tell_page(self) -> Json:
        return {
            "id": self._page,
            "name": self._board.title,
            "url": self._url,
            "time_zone": "Etc/UTC",
            "updated_at": spell_moment(self._find_changed(None)),
        }

    def _tell_components(self) -> Json:
        groups = list(dict.fromkeys(each.group for each in self._board.components if each.group))
        parts = [self._tell_component(each, n) for n, each in enumerate(self._board.components, 1)]
        return {"components": [*parts, *(self._tell_group(group, n) for n, group in enumerate(groups, len(parts) + 1))]}

    def _tell_component(self, component: PublicComponent, position: int = 1) -> Json:
        since = spell_moment(self._board.since)
        return {
            "id": make_id("component", self._team, component.id),
            "name": component.name,
            "status": component.status,
            "created_at": since,
            "updated_at": spell_moment(self._find_changed({component.id})),
            "position": position,
            "description": component.description or None,
            "showcase": True,
            "start_date": since[:10],
            "group_id": make_id("group", self._team, component.group) if component.group else None,
            "page_id": self._page,
            "group": False,
            "only_show_if_degraded": False,
        }

    def _find_changed(self, ids: set[str] | None) -> datetime:
        """When anything last changed for these components; null: for the page. A reader that compares it reads no more
        than it must.
        """
        board = self._board
        moments = [board.since]
        for incident in board.incidents:
            if ids is None or ids & set(incident.components):
                moments.append(incident.changed_at)
        for work in board.maintenance:
            if ids is None or ids & set(work.components):
                moments += [work.starts_at, work.ends_at]
        return max((moment for moment in moments if moment <= board.now), default=board.now)

    def _tell_group(self, group: str, position: int) -> Json:
        members = [each for each in self._board.components if each.group == group]
        order = tuple(ComponentStatus)
        worst = max((each.status for each in members), key=order.index)
        like = PublicComponent(id=group, name=group, description="", group="", status=worst, uptime=None, days=())
        changed = self._find_changed({each.id for each in members})
        return self._tell_component(like, position) | {
            "updated_at": spell_moment(changed),
            "id": make_id("group", self._team, group),
            "group": True,
            "components": [make_id("component", self._team, each.id) for each in members],
        }

    def _find_components(self, ids: Iterable[str]) -> list[Json]:
        known = {each.id: each for each in self._board.components}
        return [self._tell_component(known[id_]) for id_ in ids if id_ in known]

    def _tell_incidents(self, incidents: Iterable[PublicIncident]) -> Json:
        return {"incidents": [self._tell_incident(each) for each in incidents]}

    def _tell_incident(self, incident: PublicIncident) -> Json:
        id_ = make_id("incident", self._team, incident.number)
        updates = [
            {
                "id": make_id("update", id_, spell_moment(each.at), each.text),
                "status": each.status,
                "body": each.text,
                "incident_id": id_,
                "created_at": spell_moment(each.at),
                "updated_at": spell_moment(each.at),
                "display_at": spell_moment(each.at),
                "affected_components": None,
                "deliver_notifications": True,
                "custom_tweet": None,
                "tweet_id": None,
            }
            for each in incident.updates
        ]
        fixed = [each.at for each in incident.updates if each.status is PublicStatus.MONITORING]
        return {
            "id": id_,
            "name": incident.title,
            "status": incident.status,
            "created_at": spell_moment(incident.updates[-1].at if incident.updates else incident.started_at),
            "updated_at": spell_moment(incident.changed_at),
            "monitoring_at": spell_moment(min(fixed)) if fixed else None,
            "resolved_at": spell_moment(incident.resolved_at) if incident.resolved_at else None,
            "impact": IMPACT[incident.impact],
            "shortlink": self._url,
            "started_at": spell_moment(incident.started_at),
            "page_id": self._page,
            "incident_updates": updates,
            "components": self._find_components(incident.components),
        }

    def _tell_work(self, maintenance: Iterable[PublicMaintenance]) -> Json:
        return {"scheduled_maintenances": [self._tell_maintenance(each) for each in maintenance]}

    def _tell_maintenance(self, work: PublicMaintenance) -> Json:
        id_ = make_id("maintenance", self._team, work.id, spell_moment(work.starts_at))
        since = spell_moment(min(self._board.since, work.starts_at))
        update = {
            "id": make_id("update", id_),
            "status": work.status,
            "body": work.text or work.title,
            "incident_id": id_,
            "created_at": since,
            "updated_at": since,
            "display_at": since,
            "affected_components": None,
            "deliver_notifications": False,
            "custom_tweet": None,
            "tweet_id": None,
        }
        return {
            "id": id_,
            "name": work.title,
            "status": work.status,
            "created_at": since,
            "updated_at": since,
            "monitoring_at": None,
            "resolved_at": spell_moment(work.ends_at) if work.status == "completed" else None,
            "impact": "maintenance",
            "shortlink": self._url,
            "started_at": spell_moment(work.starts_at),
            "page_id": self._page,
            "incident_updates": [update],
            "components": self._find_components(work.components),
            "scheduled_for": spell_moment(work.starts_at),
            "scheduled_until": spell_moment(work.ends_at),
        }
