"""A workspace of one team, the till, as `init` makes it; and what is said of its settings when somebody edits them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tocsin.app.initialise import initialise
from tocsin.app.workspace import load_workspace
from tocsin.config import Problem
from tocsin.errors import ConfigError
from tocsin.words import Mode

TODAY = date(2026, 11, 20)
PLAYBOOK = """\
# Till Playbook

## Severity Levels

### SEV-1: Critical
- Response time: 15 minutes
### SEV-2: High
- Response time: 1 hour

## Common Incident Scenarios

### 1. Till Stuck

**Alert:** `TillStuck`

**Diagnosis:**
```bash
uptime
```
"""


def make_till(folder: Path) -> Path:
    """The workspace, in a folder."""
    source = folder / "till.md"
    source.write_text(PLAYBOOK)
    initialise(folder / "W", [source], Mode.LIVE, TODAY)
    return folder / "W"


def problems(root: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigError) as error:
        load_workspace(root, TODAY)
    return [(each.line, each.path, each.text) for each in error.value.problems if isinstance(each, Problem)]


def edit(root: Path, before: str, after: str) -> int:
    """Change the settings; the line that was changed."""
    path = root / "tocsin.toml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    return text[: text.index(before)].count("\n") + 1
