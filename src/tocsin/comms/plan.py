"""The comms planner: which duties to tell people stand, which have run out, and what followers are to hear."""

from __future__ import annotations

from datetime import datetime

from tocsin.comms.announce import plan_announcement
from tocsin.comms.automatic import plan_automatic
from tocsin.comms.bridge import find_bridge
from tocsin.comms.cadence import find_duties
from tocsin.comms.delivery import plan_deliveries
from tocsin.comms.notice import plan_notices
from tocsin.comms.recovery import find_recovery_duties
from tocsin.comms.report import find_report_duties
from tocsin.comms.room_duty import find_room_duties
from tocsin.comms.tell import find_next_notice, find_telling
from tocsin.comms.ticket import plan_tickets
from tocsin.comms.warroom import is_owed, plan_room
from tocsin.incident.book import Book
from tocsin.incident.ledger import settle
from tocsin.incident.obligation import (
    BRIDGE,
    NOTIFICATION,
    RECOVERY_POINT,
    RECOVERY_TIME,
    REPORT,
    ROOM,
    ROOM_CLOSED,
    STATUS_PAGE,
    STATUS_PAGE_IDENTIFIED,
    STATUS_PAGE_MONITORING,
    STATUS_PAGE_RESOLVED,
    TELLINGS,
    UPDATE,
)
from tocsin.incident.plan import NOTHING, Plan, join
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.words import Status

PAGE = frozenset({STATUS_PAGE, STATUS_PAGE_IDENTIFIED, STATUS_PAGE_MONITORING, STATUS_PAGE_RESOLVED})
DUTIES = frozenset({UPDATE, BRIDGE, REPORT, NOTIFICATION, RECOVERY_POINT, RECOVERY_TIME}) | PAGE | TELLINGS
OF_ROOMS = frozenset({ROOM, ROOM_CLOSED})
SPEAKING = frozenset({Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING})


def plan(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The ledger's changes for the duties to tell people, and what is asked of the status page, chats and trackers."""
    policy = book.policy
    if incident.status is Status.CLOSED:
        room = plan_room(incident, book, rota, now) if is_owed(incident) else NOTHING
        return join((room, plan_announcement(incident, book, now), plan_deliveries(incident, book, now)))
    is_spoken = incident.status in SPEAKING
    automatic = plan_automatic(incident, book)
    if automatic.events:
        return automatic
    bridge = find_bridge(incident, book, rota, now) if is_spoken else NOTHING
    if bridge.events:
        return bridge
    wanted = (*find_duties(incident, book), *find_report_duties(incident, book)) if is_spoken else ()
    is_owed_still = is_spoken or incident.status is Status.RESOLVED
    owed = (*find_telling(incident, book, now), *find_recovery_duties(incident, book)) if is_owed_still else ()
    ahead = Plan(wake=find_next_notice(incident, book, now) if is_spoken else None)
    ledger = settle(incident, (*wanted, *owed), DUTIES, now)
    said = plan_deliveries(incident, book, now) if policy.audiences else NOTHING
    told = join((ledger, ahead, bridge, plan_announcement(incident, book, now), said))
    if not (policy.war_room or policy.tickets):
        return told
    duties = find_room_duties(incident, book) if policy.war_room else ()
    return join(
        (
            told,
            settle(incident, duties, OF_ROOMS, now),
            plan_room(incident, book, rota, now),
            plan_notices(incident, book, now),
            plan_tickets(incident, book, now),
        )
    )
