"""Ways and jumps over HTTP and in the forms: what is there, who takes one, and what is refused then."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tocsin.cli.turns import show_jumps, show_ways
from tocsin.words import Mode

from .conftest import Open
from .house import make_cast

pytestmark = pytest.mark.anyio

PLAYBOOK = b"""# Shop Runbook

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Database Down

**Severity**: SEV-1

### Resolution

```bash
# Restore from backup
cp -r /backups/latest /data/shop
# Or resync
kubectl scale deploy/shop --replicas=0
```

- If still failing: see Playbook 2

## Playbook 2: Break-in

**Severity**: SEV-1

**DO NOT:**
- Restart services

### Resolution

```bash
df -h
```
"""


SHOP = replace(make_cast(), playbook=PLAYBOOK, name="shop")


async def read(api: httpx.AsyncClient, incident: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/api/incidents/{incident}")).json()
    return found


async def test_a_way_is_taken_and_shuts_the_other(open_house: Open) -> None:
    house = await open_house(SHOP)
    api = await house.caller("bo")
    opened = (await api.post("/api/incidents", json={"team": "shop", "scenario": "Database Down"})).json()["id"]
    room = await read(api, opened)
    (choice,) = [each for each in room["choices"] if len(each["ways"]) > 1]
    first, other = choice["ways"]
    assert (choice["exclusive"], choice["shut"], first["taken_by"]) == (True, False, None)
    url = f"/api/incidents/{opened}/take"
    assert (await api.post(url, json={"line": first["cite"]["line"]})).status_code == 200
    refused = await api.post(url, json={"line": other["cite"]["line"]})
    assert refused.status_code == 403 and "say with --reason why" in refused.json()["error"]["message"]
    room = await read(api, opened)
    shut = next(step for step in room["steps"] if step["id"] in other["steps"])
    assert shut["verdict"]["kind"] == "refused" and "approve" not in shut["acts"]
    assert any("taken by Bo Rask" in line for line in show_ways(room))
    missing = await api.post(url, json={"line": 9_999})
    assert missing.status_code == 404


async def test_a_line_leads_on_and_what_is_forbidden_there_holds(open_house: Open) -> None:
    house = await open_house(SHOP)
    api = await house.caller("bo")
    opened = (await api.post("/api/incidents", json={"team": "shop", "scenario": "Database Down"})).json()["id"]
    room = await read(api, opened)
    (jump,) = room["jumps"]
    assert jump["to"]["text"] == "Break-in" and not jump["pursued"]
    assert any(f"tocsin jump {opened}" in line for line in show_jumps(room))
    done = await api.post(f"/api/incidents/{opened}/jump", json={"scenario": str(jump["to"]["line"])})
    assert done.status_code == 200, done.text
    room = await read(api, opened)
    assert room["jumps"][0]["pursued"]
    assert [each["title"] for each in room["procedures"]][:2] == ["Database Down", "Break-in"]
    typed = await api.post(f"/api/incidents/{opened}/steps", json={"text": "systemctl restart shop"})
    assert typed.status_code == 403 and "forbids it" in typed.json()["error"]["message"]


async def test_the_room_has_a_button_for_each_way(open_house: Open) -> None:
    house = await open_house(SHOP)
    api = await house.caller("bo")
    opened = (await api.post("/api/incidents", json={"team": "shop", "scenario": "Database Down"})).json()["id"]
    browser = await house.browser("bo")
    page = (await browser.get(f"/incidents/{opened}")).text
    assert page.count("Take this way") == 2 and "Go on there too" in page


async def test_in_instruct_mode_steps_are_copied_and_checked_off(open_house: Open) -> None:
    house = await open_house(replace(SHOP, mode=Mode.INSTRUCT))
    api = await house.caller("bo")
    opened = (await api.post("/api/incidents", json={"team": "shop", "scenario": "Break-in"})).json()["id"]
    step = next(each for each in (await read(api, opened))["steps"] if each["text"] == "df -h")
    assert step["copied"] == "df -h" and "done" in step["acts"] and "instruct mode" in step["obstacle"]
    url = f"/api/incidents/{opened}/steps/{step['id']}"
    refused = await api.post(f"{url}/approve", json={"digest": step["digest"]})
    assert refused.status_code == 403 and "nothing runs here" in refused.json()["error"]["message"]
    assert (await api.post(f"{url}/done", json={})).status_code == 200
    assert house.story.recorder.steps == []
