"""The bridge: a conference that the settings give, opened by its time and announced to everybody who is called."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.obligation import BRIDGE
from tocsin.incident.plan import NOTHING, Plan
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.timeline.events import BridgeOpened, PageRequested

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
    return Plan(
        (BridgeOpened(by="tocsin", line=severity.bridge_line), *_announce(incident, rota, severity.bridge_line))
    )


def _announce(incident: Incident, rota: Rota, line: int | None) -> tuple[PageRequested, ...]:
    called = [who for who in incident.calls if who in rota.people]
    return tuple(
        PageRequested(responder=who, channel=rota.channels(who)[0], round=1, why=WHY, line=line, informs=True)
        for who in called
    )
