"""The comms planner: which duties to tell people stand, and which have run out."""

from __future__ import annotations

from datetime import datetime

from tocsin.comms.cadence import find_duties
from tocsin.comms.report import find_report_duties
from tocsin.incident.book import Book
from tocsin.incident.ledger import settle
from tocsin.incident.obligation import BRIDGE, REPORT, STATUS_PAGE, UPDATE
from tocsin.incident.plan import Plan
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.words import Status

DUTIES = frozenset({STATUS_PAGE, UPDATE, BRIDGE, REPORT})
SPEAKING = frozenset({Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING})


def plan(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The ledger's changes for the duties to tell people."""
    is_spoken = incident.status in SPEAKING
    wanted = (*find_duties(incident, book), *find_report_duties(incident, book)) if is_spoken else ()
    return settle(incident, wanted, DUTIES, now)
