"""A small team for stories about when people are paged: one scenario, a ladder of two, one escalation."""

from __future__ import annotations

from typing import Any

from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast

PLAYBOOK = b"""\
# Mill Playbook

## Severity Levels

### SEV-1: Critical

**Response Requirements**:
- Response time: 15 minutes

## Playbooks

### PLAY-001: Wheel Stuck

**Severity**: SEV-1
**Alert**: `WheelStuck`

#### Detection

```bash
uptime
```

#### Escalation

1. If water enters the mill, escalate to Boss
"""


def cast(name: str = "mill", **changes: Any) -> Cast:
    """ana is on call, bo second; the boss is called where a line says so, and last."""
    people = {person: Person(name=person.title(), channels=("mail", "phone")) for person in ("ana", "bo", "boss")}
    given: dict[str, Any] = {
        "playbook": PLAYBOOK,
        "name": name,
        "people": people,
        "schedules": {"primary": Schedule(people=("ana",))},
        "levels": (("primary",), ("bo",)),
        "roles": {"Boss": ("boss",)},
        "last_resort": ("boss",),
    }
    return Cast(**{**given, **changes})
