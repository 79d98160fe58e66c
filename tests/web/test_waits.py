"""A timed wait on screen: begun with one button, counted down, and ended by whoever says why."""

from __future__ import annotations

import pytest

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio

BOOK = """# Quorum Playbook

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Chain Halted

**Severity**: SEV-1

**Alert**: `ChainHalted`

### Resolution

1. Wait 5 minutes for the peers to come back

2. Restart it:

   ```bash
   sudo systemctl restart node
   ```

### Follow-up

- Monitor for 30 minutes
"""
WAIT, WATCH = "L17", "L27"


@pytest.fixture
async def house(open_house: Open) -> House:
    opened = await open_house(make_cast(playbook=BOOK.encode()))
    await opened.story.alert("ChainHalted")
    return opened


async def test_the_room_counts_a_wait_down_and_lets_whoever_says_why_end_it(house: House) -> None:
    page = await house.caller("ana")
    assert "Wait 5 min from now" in (await page.get("/incidents/quorum-1")).text
    assert (await page.post(f"/api/incidents/quorum-1/steps/{WAIT}/wait", json={})).status_code == 200
    shown = (await page.get("/incidents/quorum-1")).text
    assert "Waits until" in shown
    assert "to go, begun by" in shown
    assert "End it now" in shown
    refused = await page.post(f"/api/incidents/quorum-1/steps/{WAIT}/unwait", json={})
    assert "say with --reason why" in refused.text
    over = await page.post(f"/api/incidents/quorum-1/steps/{WAIT}/unwait", json={"reason": "all are back"})
    assert over.status_code == 200
    assert "End it now" not in (await page.get("/incidents/quorum-1")).text


async def test_the_room_says_what_is_watched_since_the_fix(house: House) -> None:
    page = await house.caller("ana")
    assert (await page.post("/api/incidents/quorum-1/mitigate", json={})).status_code == 200
    await house.story.settle()
    shown = (await page.get("/incidents/quorum-1")).text
    assert "Watched until" in shown
    assert "What fires again reopens the incident." in shown
    (told,) = [each for each in (await page.get("/api/incidents/quorum-1")).json()["steps"] if each["id"] == WATCH]
    assert (told["wait"]["watches"], told["wait"]["seconds"]) == (True, 1800)
