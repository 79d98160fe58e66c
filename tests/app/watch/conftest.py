"""A team with a playbook of one scenario, on a fake clock."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast

PLAYBOOK = b"""# Probe playbook

## Severity Levels

| Level | Response time | Notify |
|-------|---------------|--------|
| SEV-1 | 15 minutes | on-call |

## Scenario: Till stuck

**Alert:** `TillStuck`
**Severity:** SEV-1

### Diagnosis

1. Read the log:

```bash
cat till.log
```
"""


@pytest.fixture
def team() -> Cast:
    """Ana is called first, bo after her."""
    people = {name: Person(name=name.title(), channels=("hook", "phone")) for name in ("ana", "bo")}
    given: dict[str, Any] = {"name": "probe", "levels": (("ana",), ("bo",)), "last_resort": ("bo",)}
    return Cast(playbook=PLAYBOOK, people=people, **given)
