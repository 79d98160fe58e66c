"""The bridge: a conference that the settings give, opened by its time and announced to everybody who is called.

Whoever is paged at that very moment, or later, has its address in the page and is told nothing beside.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.calling import Call
from tocsin.incident.obligation import BRIDGE
from tocsin.incident.plan import NOTHING, Plan
from tocsin.incident.state import Incident
from tocsin.incident.urgency import Ways
from tocsin.oncall.rota import Rota
from tocsin.timeline.events import BridgeOpened
from tocsin.words import PageState

WHY = "the bridge is open: join it"


def find_bridge(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The opening that is due, told to all who are called, or when it will be; nothing without a conference.

    "Immediately" is as soon as its duty stands in the ledger, "within 30 minutes if not resolved" the end of these.
    """
    duty = next((each for each in incident.obligations.values() if each.duty == BRIDGE and each.is_open), None)
    severity = book.severity(incident)
    if not book.policy.bridge or duty is None or severity is None or incident.bridge_at is not None:
        return NOTHING
    due = (incident.severity_at or incident.started_at) + timedelta(seconds=severity.bridge_within_s or 0)
    if due > now:
        return Plan((), due)
    line, ways = severity.bridge_line, Ways(incident, book, rota)
    told = [who for who, call in incident.calls.items() if who in rota.people and not _carries(call, now)]
    return Plan((BridgeOpened(by="tocsin", line=line), *(ways.tell(who, WHY, line, now) for who in told)))


def _carries(call: Call, now: datetime) -> bool:
    """Whether a page to somebody is still to be written, with what is known then: it is asked for in one commit
    with the opening of the bridge, or put off.
    """
    asked = call.state is PageState.REQUESTED and call.last_at >= now
    return call.answered_at is None and (asked or call.state is PageState.PUT_OFF)
