"""A small playbook that promises words to people, and the incident that it is for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.incident.book import Book, TeamPolicy
from tocsin.incident.state import Incident, Update
from tocsin.playbook.model import Document, Playbook, Procedure, Response, Severity
from tocsin.testing.story import Cast, judge_text
from tocsin.words import Audience, PublicStatus, Status

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PUBLIC = (Audience.RESPONDERS, Audience.PUBLIC)
JUDGE = judge_text()

PLAYBOOK = """# Incident Response Playbook

## Severity Levels

### SEV-1 (Critical)

- **Response Time**: 15 minutes
- Status page: Update within 10 minutes
- **Updates**: every 15 minutes

### SEV-2 (High)

- **Response Time**: 1 hour
- **Updates**: every 60 minutes

### SEV-3 (Low)

- **Response Time**: 4 hours

## Playbook 1: Disk Full

**Severity**: SEV-1

**Alert**: `DiskFull`

### Diagnosis

```bash
df -h
```

## Playbook 2: Break In

**Severity**: SEV-1

**Alert**: `BreakIn`

### Diagnosis

1. Find out who is in

### Containment

- Do not communicate publicly before Security approval
"""


def at(minutes: float) -> datetime:
    """So many minutes after the opening."""
    return NOW + timedelta(minutes=minutes)


def severity(name: str = "SEV-1", rank: int = 0, **changes: Any) -> Severity:
    """A level that promises nothing but an answer in 15 minutes."""
    told: dict[str, Any] = {"id": name, "rank": rank, "name": name, "line": 10 + rank}
    return Severity(**{**told, "response": Response(within_s=900), **changes})


def make_book(*severities: Severity, document: Document | None = None, **changes: Any) -> Book:
    """A book of one scenario."""
    playbook = Playbook(
        path="x.md",
        digest="d",
        is_playbook=True,
        document=document or Document(),
        severities=severities,
        scenarios=(Procedure(title="Disk Full", line=50, end_line=60),),
    )
    return Book(playbook=playbook, policy=TeamPolicy(team="team", name="team"), classify=JUDGE, **changes)


def make_incident(**changes: Any) -> Incident:
    """An incident of that scenario."""
    told: dict[str, Any] = {
        "id": "team-1", "seq": 1, "team": "team", "number": "1", "title": "Disk Full", "origin": "alert",
        "opened_at": NOW, "status": Status.ACTIVE, "scenario": "Disk Full", "scenario_line": 50, "severity": "SEV-1",
    }  # fmt: skip
    return Incident(**{**told, **changes})


def said(minutes: float, promise_s: int | None = None, audiences: tuple[Audience, ...] = PUBLIC) -> Update:
    """A message that went out."""
    return Update(
        at=at(minutes), text="x", by="ana", audiences=audiences, status=PublicStatus.INVESTIGATING, promise_s=promise_s
    )


def cast(**changes: Any) -> Cast:
    """The team of the playbook above."""
    return Cast(**{"playbook": PLAYBOOK.encode(), "roles": {"Security": ("sec",)}, **changes})
