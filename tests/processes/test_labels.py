"""From a real alert's labels to the command, through a real server: ordinary values run, hostile ones run nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .ground import SETTINGS, Ground, wait_for

PLAYBOOK = """\
# Till Playbook

## Severity Levels

### SEV-2: High

**Response Requirements**:
- Response time: 15 minutes

## Playbooks

### PLAY-001: Till Stuck

**Severity**: SEV-2
**Alert**: `TillStuck`

#### Detection

```bash
echo bare <pod>
echo "double <pod> quotes"
echo 'single <pod> quotes'
echo <pod> | tr a-z A-Z
sh -c 'echo <pod>'
ssh localhost 'echo <pod>'
sqlite3 :memory: "select 'at ' || '<pod>'"
echo {"pod": "<pod>"} | jq '.pod == "<pod>"'
```

#### Resolution Steps

```bash
touch "made-<pod>"
```
"""
ORDINARY = ["us-east-1", "10.0.0.7", "validator-3"]
OWN = ["a\ttouch PWN", "\u202etouch PWN", "../PWN", "-rf", "x" * 3000, "", "$(printf PWN > PWN)"]
QUOTED = {
    "echo bare <pod>": "bare {}",
    'echo "double': "double {} quotes",
    "echo 'single": "single {} quotes",
    "sqlite3": "at {}",
}


@pytest.fixture
def busy(ground: Ground) -> Ground:
    """A server whose playbook has blanks; each value of the label is an incident of its own."""
    (ground.root / "playbooks" / "shop.md").write_text(PLAYBOOK)
    settings = SETTINGS.format(hook=ground.sink.url, directory=ground.till, node="")
    settings = settings.replace('mode = "live"', 'mode = "live"\ngroup_by = ["pod"]')
    (ground.root / "tocsin.toml").write_text(settings)
    ground.start()
    wait_for(ground.url, "server")
    return ground


def rooms(ground: Ground, values: list[str]) -> dict[str, dict[str, Any]] | None:
    """The incident of each value, once all are open and nothing waits to run in any."""
    found = {}
    for each in ground.ask("GET", "/api/incidents") or ():
        room = ground.ask("GET", f"/api/incidents/{each['id']}") or {}
        told = json.dumps(room)
        value = next((value for value in values if json.dumps(value)[1:-1] and json.dumps(value) in told), None)
        if value is not None and not any(step["state"] == "running" for step in steps(room)):
            found[value] = room
    return found if len(found) == len(values) else None


def steps(room: dict[str, Any]) -> list[dict[str, Any]]:
    """All steps of a room, wherever they stand in its JSON."""
    found: list[dict[str, Any]] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if {"verdict", "state", "text", "id"} <= part.keys():
                found.append(part)
            for each in part.values():
                look(each)
        elif isinstance(part, list):
            for each in part:
                look(each)

    look(room)
    return found


def has_run(room: dict[str, Any], begin: str) -> dict[str, Any] | None:
    """How the step ran that begins so, if it did."""
    step = next(each for each in steps(room) if each["text"].startswith(begin))
    ran: dict[str, Any] | None = step.get("ran")
    return ran


def test_ordinary_labels_fill_the_steps_and_run(busy: Ground) -> None:
    for value in ORDINARY:
        assert busy.fire(pod=value)

    def all_ran() -> dict[str, dict[str, Any]] | None:
        found = rooms(busy, ORDINARY)
        done = found and all(has_run(room, begin) for room in found.values() for begin in QUOTED)
        return found if done else None

    for value, room in wait_for(all_ran, "runs of all three").items():
        for begin, printed in QUOTED.items():
            ran = has_run(room, begin)
            assert ran is not None
            assert (ran["exit_code"], ran["head"].strip()) == (0, printed.format(value))
        nested = [each for each in steps(room) if each["text"].startswith(("sh -c", "ssh"))]
        assert [each["verdict"]["kind"] for each in nested] == ["refused"] * 2
        change = next(each for each in steps(room) if each["text"].startswith("touch"))
        path = f"/api/incidents/{room['id']}/steps/{change['id']}"
        assert busy.ask("POST", f"{path}/approve", digest=busy.ask("GET", path)["digest"]) is not None
        wait_for((busy.till / f"made-{value}").exists, f"made-{value}")


def test_hostile_labels_run_nowhere_and_are_noted(busy: Ground, shared: Path) -> None:
    values = [*json.loads((shared / "redteam" / "values.json").read_text("utf-8")), *OWN]
    for value in values:
        assert busy.fire(pod=value)
    wait_for(lambda: len(busy.ask("GET", "/api/incidents") or ()) >= len(values), "incidents of all values")
    for each in busy.ask("GET", "/api/incidents"):
        room = busy.ask("GET", f"/api/incidents/{each['id']}")
        assert sum("<pod>" in step["text"] for step in steps(room)) == 9
        for step in steps(room):
            if "<pod>" in step["text"]:
                assert step.get("ran") is None
                path = f"/api/incidents/{room['id']}/steps/{step['id']}"
                shown = busy.ask("GET", path)
                assert shown["verdict"]["kind"] in ("fill_in", "refused")
                assert busy.ask("POST", f"{path}/approve", digest=shown["digest"]) is None
    told = [
        json.dumps(busy.ask("GET", f"/api/incidents/{each['id']}/timeline"))
        for each in busy.ask("GET", "/api/incidents")
    ]
    assert sum("value_held" in each for each in told) >= len(values) - 1, "each but the empty one is evidence"
    busy.stop()
    assert [path for path in busy.root.parent.rglob("*") if path.name.startswith(("PWN", "made"))] == []
    assert busy.verify().returncode == 0
