"""A page to send, and who it is for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tocsin.engine.contracts import Key
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage

ANA = Person(name="Ana", mail="ana@example.org", phone="+4930123456")
KEY = Key("team-1", 7)
BASE = "https://pager.example.org"


def page(**changes: Any) -> PageMessage:
    fields: dict[str, Any] = {
        "incident": "team-1", "number": "INC-20260302-001", "team": "Team", "title": "Chain Halted",
        "severity": "SEV-1", "scenario": "Chain Halted", "responder": "ana", "round": 1, "why": "level 1 of the ladder",
        "opened_at": datetime(2026, 3, 2, 3, 0, tzinfo=UTC), "symptoms": (), "first_command": None, "evidence": (),
        "next": None, "labels": {}, "annotations": {}, "link": f"{BASE}/p/abc.def",
        "room": f"{BASE}/incidents/team-1", "code": "04711",
    }  # fmt: skip
    return PageMessage(**(fields | changes))
