"""What a small playbook owes the public, and what it wants watched and done once an incident is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.errors import Denied
from tocsin.incident.commands import Acknowledge, Mitigate, Resolve
from tocsin.run.awaiting import BeginWait
from tocsin.run.commands import FinishStep
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import ObligationState, Status

from ..duties.scenes import look_in  # noqa: TID252

Casting = Callable[..., Cast]
SHOP = b"""\
# Shop Playbook

## Severity Levels

| Severity | Response Time | Status Page |
|----------|---------------|-------------|
| SEV-1 | 15 minutes | Required |
| SEV-2 | 30 minutes | Optional |
| SEV-3 | 4 hours | No |
| SEV-4 | 4 hours | |

## Playbook 1: Disk Full

**Alert**: `DiskFull`
**Severity**: SEV-2

### Resolution

1. Delete old logs

### Verification

1. Monitor the disk for 2 hours

## Playbook 2: API Down

**Severity**: SEV-1

### Resolution

1. Restart the API

### Follow-up (within 24 hours):

- Rotate the API keys
- Monitor the API

## Communication

### Internal Communication

- **Slack**: #shop
- **Status Page**: Keep updated

## Post-Incident

### Immediate (within 2 hours):

- [ ] Keep monitoring the dashboards for 1 hour
- [ ] Monitor the queue every 15 minutes
- [ ] Wait 30 minutes, then verify the queue

"""


async def finish(story: Story, *, false_positive: bool = False) -> dict[str, float]:
    """An alert, resolved at once; what is watched from then on, by step, with its seconds."""
    await story.alert("DiskFull", instance="node-7")
    await story.do(Acknowledge(by="ana"))
    await story.alert("DiskFull", resolved=True, instance="node-7")
    await story.do(Resolve(by="ana", false_positive=false_positive, note="a test"))
    await story.settle()
    begun = [(entry.at, entry.event) for entry in await story.events(e.WaitBegun)]
    return {each.step: (each.until - at).total_seconds() for at, each in begun}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("severity", "is_owed"), [("SEV-1", True), ("SEV-2", False), ("SEV-3", False), ("SEV-4", False)]
)
async def test_a_severity_that_wants_no_status_page_owes_none(cast: Casting, severity: str, is_owed: bool) -> None:
    async with Story(cast("virtengine", playbook=SHOP)) as story:
        await story.declare("Disk Full", severity=severity)
        assert ("status_page" in (await story.incident()).obligations) is is_owed


async def test_a_false_alarm_is_not_watched_and_the_next_alert_is_another_incident(cast: Casting) -> None:
    async with Story(cast("virtengine", playbook=SHOP)) as story:
        assert await finish(story, false_positive=True) == {}
        first = story.stream
        await story.advance("1h")
        await story.alert("DiskFull", instance="node-7")
        await story.settle()
        assert (await story.incident(first)).status is Status.RESOLVED


async def test_a_watch_ends_where_it_turns_out_to_be_a_false_alarm(cast: Casting) -> None:
    async with Story(cast("virtengine", playbook=SHOP)) as story:
        await story.alert("DiskFull", instance="node-7")
        await story.do(Mitigate(by="ana"))
        await story.settle()
        assert (await story.incident()).waits["L23"].is_open
        await story.do(Resolve(by="ana", false_positive=True, note="a test"))
        await story.settle()
        assert not (await story.incident()).waits["L23"].is_open


async def test_a_watch_after_the_end_lasts_as_long_as_its_line_says(cast: Casting) -> None:
    async with Story(cast("virtengine", playbook=SHOP)) as story:
        watched = await finish(story)
        assert {key: watched[key] for key in ("L49", "L50")} == {"L49": 3600, "L50": 7200}


async def test_what_another_scenario_wants_watched_afterwards_is_shown_and_can_be_done(cast: Casting) -> None:
    async with Story(cast("virtengine", playbook=SHOP)) as story:
        watched = await finish(story)
        (review,) = [each for each in (await story.incident()).obligations.values() if each.line == 33]
        assert watched["L36"] == 86400
        assert {each.line for each in (await look_in(story)).steps} >= {35, 36}
        await story.do(FinishStep(by="ana", step="L35"))
        await story.advance("24h")
        await story.expect_obligation(review.key, ObligationState.MET)


async def test_a_line_that_waits_after_the_end_is_ticked_and_offers_no_wait(cast: Casting) -> None:
    async with Story(cast("virtengine", playbook=SHOP)) as story:
        await finish(story)
        step = next(each for each in (await look_in(story)).steps if each.line == 51)
        assert (step.wait, step.acts) == (None, ("done", "skip"))
        with pytest.raises(Denied, match="wait by the clock, then check it off"):
            await story.do(BeginWait(by="ana", step="L51"))
        await story.do(FinishStep(by="ana", step="L51"))
