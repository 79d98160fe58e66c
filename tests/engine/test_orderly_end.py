"""An engine that is told to end leaves nothing behind that nobody carries and nothing that seems to have been tried."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from tocsin.alert.signal import Signal
from tocsin.engine.contracts import Key
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e

PLAYBOOK = b"""\
# Shop Playbook

## Severity Levels

- **P1 (Critical)**: response within 15 minutes

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

**Resolution:**
```bash
systemctl restart till
```
"""


def cast() -> Cast:
    return Cast(
        playbook=PLAYBOOK,
        name="shop",
        people={"ana": Person(name="Ana", channels=("mail",))},
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",),),
    )


async def claim_all(story: Story) -> list[tuple[int, int]]:
    """What can be handed out, with how often each has been tried."""
    late = story.clock.now() + timedelta(minutes=1)
    return [(errand.seq, errand.attempts) for errand in await story.store.claim(late, 99, lambda _: 9, [])]


def leave_to_the_turn(story: Story) -> None:
    """Let nothing be handed out by the commit that makes it, as on a server that is not alone."""
    story.engine.dispatch.reserve = lambda to: False  # type: ignore[method-assign]
    story.engine.dispatch.queue = lambda errand, intent: None  # type: ignore[method-assign]


async def test_a_claim_that_the_end_cuts_off_is_as_if_it_had_not_been() -> None:
    async with Story(cast()) as story:
        leave_to_the_turn(story)
        claimed, real = asyncio.Event(), story.store.claim

        async def cut_off(*args: Any) -> Any:
            await real(*args)
            claimed.set()
            await asyncio.Event().wait()

        story.store.claim = cut_off  # type: ignore[method-assign, assignment]
        await story.engine.intake.receive("shop", [Signal(labels={"alertname": "TillStuck"})])
        loop = asyncio.create_task(story.engine.run())
        await asyncio.wait_for(claimed.wait(), 60)
        story.store.claim = real  # type: ignore[method-assign]
        assert await claim_all(story) == [], "it is marked as handed out"
        story.engine.end()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await story.engine.dispatch.finish(1)
        assert [attempts for _, attempts in await claim_all(story)] == [0]
        assert story.pages() == []


async def test_the_turn_that_is_under_way_is_the_last_and_hands_nothing_more_out() -> None:
    async with Story(cast()) as story:
        leave_to_the_turn(story)
        loop = asyncio.create_task(story.engine.run())
        await asyncio.sleep(0)
        story.engine.end()
        await story.engine.intake.receive("shop", [Signal(labels={"alertname": "TillStuck"})])
        await asyncio.wait_for(loop, 60)
        assert [attempts for _, attempts in await claim_all(story)] == [0]


async def test_a_page_that_was_on_its_way_is_marked_as_sent_again() -> None:
    async with Story(cast()) as story:
        begun = asyncio.Event()

        async def never(key: Key, intent: e.Intent) -> e.Outcome:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

        story.recorder.perform = never  # type: ignore[method-assign]
        loop = asyncio.create_task(story.engine.run())
        await story.engine.intake.receive("shop", [Signal(labels={"alertname": "TillStuck"})])
        await asyncio.wait_for(begun.wait(), 60)
        story.engine.end()
        await asyncio.wait_for(loop, 60)
        await story.engine.dispatch.finish(0.01)
        await story.engine.start()
        assert [attempts for _, attempts in await claim_all(story)] == [1]
