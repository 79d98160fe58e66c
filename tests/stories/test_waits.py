"""What the playbook wants waited is a due time that anybody sees and may end; what it wants watched after the fix is
watched, and what comes back meanwhile reopens the incident.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.errors import Conflict, Denied
from tocsin.incident.commands import Acknowledge, Mitigate, Resolve
from tocsin.run.awaiting import BeginWait
from tocsin.run.commands import FinishStep
from tocsin.run.turns import TakeWay
from tocsin.run.wait import EndWait
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Status, StepState

Casting = Callable[..., Cast]


async def begun(story: Story) -> list[tuple[str, float, bool]]:
    """The waits that have begun: of which step, how many seconds long, and whether they watch."""
    found = [(entry.at, entry.event) for entry in await story.events(e.WaitBegun)]
    return [(each.step, (each.until - at).total_seconds(), each.watches) for at, each in found]  # type: ignore[attr-defined]


async def ended(story: Story) -> list[tuple[str, float, bool]]:
    """The waits that have ended: of which step, in which second of the story, and whether they held."""
    found = [(story.since(entry.at), entry.event) for entry in await story.events(e.WaitEnded)]
    return [(each.step, at, each.passed) for at, each in found]  # type: ignore[attr-defined]


async def fix(story: Story, alert: str, instance: str = "node-7") -> None:
    """The alert fires, somebody takes it, and five minutes later the fix is in."""
    await story.alert(alert, instance=instance)
    await story.do(Acknowledge(by="ana"))
    await story.advance("5m")
    await story.alert(alert, resolved=True, instance=instance)
    await story.do(Mitigate(by="ana"))
    await story.settle()


@pytest.mark.duty("VIR-27")
async def test_slightly_behind_is_watched_for_ten_minutes_before_anybody_acts(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Node Out of Sync")
        await story.do(TakeWay(by="ana", line=671))
        await story.settle()
        assert await begun(story) == [("L673", 600, True)]
        await story.do(TakeWay(by="ana", line=675, reason="it falls further behind"))
        with pytest.raises(Conflict, match=r"Line 673 says “Monitor for 10 minutes”: until 03:10:00 UTC"):
            await story.approve("L680", "ana")
        await story.advance("9m")
        assert (await story.incident()).waits["L673"].is_open
        await story.advance("1m")
        assert await ended(story) == [("L673", 600, True)]
        assert (await story.incident()).steps["L673"].state is StepState.OK
        await story.approve("L680", "ana")


@pytest.mark.duty("VIR-27")
async def test_whoever_knows_better_ends_the_wait_and_says_why(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Node Out of Sync")
        await story.do(BeginWait(by="bo", step="L673"))
        await story.advance("2m")
        with pytest.raises(Denied, match="say with --reason why"):
            await story.do(EndWait(by="ana", step="L673"))
        await story.do(EndWait(by="ana", step="L673", reason="it is 400 blocks behind by now"))
        (over,) = await story.events(e.WaitEnded)
        assert tell(over.event, str) == "The wait of step L673 is over, ended by ana: it is 400 blocks behind by now"
        await story.approve("L680", "ana")
        await story.advance("1h")
        assert len(await ended(story)) == 1


@pytest.mark.duty("BIT-11")
async def test_a_node_that_came_back_is_watched_for_half_an_hour(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await fix(story, "NodeDown")
        assert [each for each in await begun(story) if each[0] == "L136"] == [("L136", 1800, True)]
        assert ("L137", 1800, True) in await begun(story), "whether it recurs is watched as long"
        await story.do(Resolve(by="ana"))
        await story.advance("20m")
        assert await ended(story) == []
        await story.advance("10m")
        assert [each for each in await ended(story) if each[0] == "L136"] == [("L136", 2100, True)]
        assert (await story.incident()).status is Status.RESOLVED


@pytest.mark.duty("BIT-11")
async def test_a_node_that_goes_down_again_while_it_is_watched_reopens_its_incident(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await fix(story, "NodeDown")
        await story.do(Resolve(by="ana"))
        await story.advance("20m")
        await story.alert("NodeDown", instance="node-7")
        await story.settle()
        incident = await story.incident()
        assert (incident.status, incident.id) == (Status.ACTIVE, "bitcell-1")
        assert len(await story.events(e.Reopened)) == 1
        assert not any(held for step, _, held in await ended(story) if step == "L136")
        assert incident.steps["L136"].state is StepState.FAILED


@pytest.mark.duty("BIT-13")
async def test_the_chain_is_watched_anew_after_each_fix(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await fix(story, "ChainNotProgressing")
        assert [each[0] for each in await begun(story)] == ["L234"]
        await story.advance("10m")
        await story.alert("ChainNotProgressing", instance="node-7")
        await story.settle()
        assert (await story.incident()).status is Status.ACTIVE
        await story.advance("10m")
        await story.alert("ChainNotProgressing", resolved=True, instance="node-7")
        await story.do(Mitigate(by="ana"))
        await story.advance("30m")
        assert [held for _, _, held in await ended(story)] == [False, True]


FOLLOW_UPS = {
    "peers": ("No Peers / Network Isolation", "L324"),
    "pending transactions": ("High Pending Transactions", "L361"),
    "block production": ("Chain Not Progressing", "L234"),
}


@pytest.mark.duty("BIT-13", "BIT-15", "BIT-16")
@pytest.mark.parametrize("what", FOLLOW_UPS)
async def test_what_the_playbook_wants_monitored_after_the_fix_is(cast: Casting, what: str) -> None:
    scenario, step = FOLLOW_UPS[what]
    async with Story(cast("bitcell")) as story:
        await story.declare(scenario)
        await story.do(Mitigate(by="ana"))
        await story.settle()
        assert await begun(story) == [(step, 1800, True)]
        await story.advance("31m")
        assert [(each[0], each[2]) for each in await ended(story)] == [(step, True)]


CHECKS = {
    "the region": ("Regional Failure", "L185"),
    "replication": ("Regional Failure", "L186"),
    "consistency": ("Regional Failure", "L187"),
    "transactions": ("Chain Not Progressing", "L235"),
    "consensus": ("Chain Not Progressing", "L236"),
    "the network": ("No Peers / Network Isolation", "L325"),
    "the firewall": ("No Peers / Network Isolation", "L326"),
    "patterns": ("High Pending Transactions", "L363"),
}


@pytest.mark.duty("BIT-12", "BIT-13", "BIT-15", "BIT-16")
@pytest.mark.parametrize("what", CHECKS)
async def test_a_follow_up_that_does_not_hold_reopens_the_incident(cast: Casting, what: str) -> None:
    scenario, step = CHECKS[what]
    async with Story(cast("bitcell")) as story:
        await story.declare(scenario)
        await story.do(Mitigate(by="ana"))
        await story.do(FinishStep(by="bo", step=step, passed=True))
        assert (await story.incident()).status is Status.MONITORING
        await story.do(FinishStep(by="bo", step=step, passed=False))
        assert (await story.incident()).status is Status.ACTIVE
        (again,) = [entry.event for entry in await story.events(e.Reopened)]
        assert isinstance(again, e.Reopened)
        assert f"line {step[1:]} does not hold" in again.reason


SLEEPS = b"""\
# Till Playbook

## Playbook 1: Till Stuck

**Severity**: SEV-1

### Resolution

```bash
sudo systemctl restart till
sleep 60
sudo systemctl restart drawer
```
"""


async def test_a_sleep_is_a_due_time_and_no_process(cast: Casting) -> None:
    async with Story(cast("virtengine", playbook=SLEEPS)) as story:
        await story.declare("Till Stuck")
        await story.approve("L11", "ana")
        assert await begun(story) == [("L11", 60, False)]
        with pytest.raises(Conflict, match="sleep 60"):
            await story.approve("L12", "ana")
        await story.advance("1m")
        assert await ended(story) == [("L11", 60, True)]
        assert "L11" not in {step.step for step in story.recorder.steps}
        await story.approve("L12", "ana")


@pytest.mark.duty("MYC-22")
async def test_what_recurs_within_a_day_of_the_end_is_the_same_incident(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await fix(story, "RedemptionFailure")
        await story.do(Resolve(by="ana"))
        assert [each for each in await begun(story) if each[0] == "L351"] == [("L351", 86400, True)]
        await story.advance("23h")
        await story.alert("RedemptionFailure", instance="node-7")
        await story.settle()
        assert (await story.incident()).status is Status.ACTIVE
        assert len(await story.events(e.Reopened)) == 1


@pytest.mark.duty("MYC-22")
async def test_a_day_after_the_end_the_watch_is_over(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await fix(story, "RedemptionFailure")
        await story.do(Resolve(by="ana"))
        await story.advance("25h")
        assert [held for step, _, held in await ended(story) if step == "L351"] == [True]
        await story.alert("RedemptionFailure", instance="node-7")
        await story.settle()
        assert (await story.incident()).status is Status.RESOLVED
