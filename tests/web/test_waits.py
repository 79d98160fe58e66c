"""A timed wait on screen: begun with one button, counted down, and ended by whoever says why."""

from __future__ import annotations

import pytest

from tocsin.testing.recorder import Answer

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


PEERS = BOOK.replace(
    "1. Wait 5 minutes for the peers to come back\n\n2. ", "1. Wait until the peers are back\n\n2. "
).replace("### Resolution", "### Diagnosis\n\n```bash\n# Look at the peers\ncat /srv/node/peers\n```\n\n### Resolution")
LOOK, STATE = "L19", "L24"


async def test_whoever_says_what_of_a_look_tells_lets_it_be_asked_until_then(open_house: Open) -> None:
    """Nothing is chosen beforehand: the form names the look, what it printed, and the ways in which it may tell."""
    house = await open_house(make_cast(playbook=PEERS.encode()))
    recorder = house.story.recorder
    recorder.keep, recorder.answer = house.story.blobs.put, lambda _: Answer(stdout="p-1 up\np-2 down\n")
    await house.story.alert("ChainHalted")
    page = await house.caller("ana")
    shown = (await page.get("/incidents/quorum-1")).text
    assert "No look beside it tells by its exit code" in shown
    assert "line 19 looks at the same by its words (peer): say what of it tells" in shown
    assert "It printed last: <code>p-1 up" in shown
    assert "Ask it every 15 s, 40 times at most" in shown
    refused = await page.post(
        f"/incidents/quorum-1/steps/{STATE}/wait", data={"look": LOOK, "tells": "", "wanted": "up"}
    )
    assert refused.status_code == 400
    begun = await page.post(
        f"/incidents/quorum-1/steps/{STATE}/wait", data={"look": LOOK, "tells": "each", "wanted": "up"}
    )
    assert begun.status_code in (204, 303)
    shown = (await page.get("/incidents/quorum-1")).text
    assert "every 15 seconds until it says so (each line of its output has “up”), at most until" in shown
    recorder.answer = lambda _: Answer(stdout="p-1 up\np-2 up\n")
    await house.story.advance("1m")
    (told,) = [each for each in (await page.get("/api/incidents/quorum-1")).json()["steps"] if each["id"] == STATE]
    assert (told["state"], bool(told["wait"]["ended_at"])) == ("ok", True)
