"""What all do at the same moment, on screen: who is awaited, the moment, and on which targets it ran."""

from __future__ import annotations

import pytest

from tocsin.incident.book import TargetPolicy, number_steps
from tocsin.timeline import events as e

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio

MEMBERS = tuple(f"quorum/validator-{at}" for at in (1, 2))
TARGETS = (
    *(TargetPolicy(name=name, kind="ssh", called=(name.partition("/")[2],)) for name in MEMBERS),
    TargetPolicy(
        name="quorum/validators", kind="group", called=("validators",), members=MEMBERS, operators=("ana", "bo")
    ),
)
BOOK = """# Quorum Playbook

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Chain Halted

**Severity**: SEV-1

**Alert**: `ChainHalted`

### Resolution

```bash
# All validators simultaneously:
sudo systemctl restart node
```
"""


@pytest.fixture
async def house(open_house: Open) -> House:
    opened = await open_house(make_cast(playbook=BOOK.encode(), targets=TARGETS))
    await opened.story.alert("ChainHalted")
    return opened


async def find_step(house: House) -> str:
    incident, book = await house.story.look()
    scenario = book.scenario(incident)
    assert scenario is not None
    return next(step_id for step_id, step in number_steps(scenario) if step.statement is not None)


async def test_the_room_says_who_is_awaited_and_when_it_goes(house: House) -> None:
    step, page = await find_step(house), await house.caller("ana")
    room = (await page.get("/incidents/quorum-1")).text
    assert "on quorum/validators: 2 targets, all at the same moment" in room
    await house.story.approve(step, "ana")
    room = (await page.get("/incidents/quorum-1")).text
    assert "Not ready yet: Ana Lind, Bo Rask." in room
    answer = await page.post(f"/api/incidents/quorum-1/steps/{step}/ready", json={"where": "812"})
    assert answer.is_success, answer.text
    room = (await page.get("/incidents/quorum-1")).text
    assert "Not ready yet: Bo Rask." in room
    assert "Ready: Ana Lind (at 812)." in room
    other = await house.caller("bo")
    assert (await other.post(f"/api/incidents/quorum-1/steps/{step}/ready", json={"where": "811"})).is_success
    assert "They stand at different places, so nobody goes." in (await page.get("/incidents/quorum-1")).text
    assert (await other.post(f"/api/incidents/quorum-1/steps/{step}/ready", json={"where": "812"})).is_success
    room = (await page.get("/incidents/quorum-1")).text
    assert "All are ready: it goes at" in room
    assert "Hold it" in room
    await house.story.advance("11s")
    assert "All at the same moment</span>" in (await page.get("/incidents/quorum-1")).text
    assert len(await house.story.events(e.StepRequested)) == 1


async def test_what_a_stranger_says_is_refused_and_what_is_shown_is_escaped(house: House) -> None:
    step = await find_step(house)
    await house.story.approve(step, "ana")
    stranger, page = await house.caller("max"), await house.caller("ana")
    answer = await stranger.post(f"/api/incidents/quorum-1/steps/{step}/ready", json={})
    assert (answer.status_code, "ana, bo are asked" in answer.text) == (403, True)
    assert (await page.post(f"/api/incidents/quorum-1/steps/{step}/ready", json={"where": "<b>1</b>"})).is_success
    room = (await page.get("/incidents/quorum-1")).text
    assert "<b>1</b>" not in room
    assert "&lt;b&gt;1" in room
