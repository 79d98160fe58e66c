"""What joins in a storm stands on the timelines after the pages, and soon all the same, also after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tocsin.engine import batch as batches
from tocsin.engine import joins
from tocsin.testing.story import Story
from tocsin.timeline import events as e

from ..page.test_clocks import cast  # noqa: TID252 the same shop
from .test_intake import group_by, names_all, post, restart, storm

GROUPS = 8


@pytest.fixture
async def crowded(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """A storm whose pages wait for a place, since those before them are not answered until the gate is open."""
    monkeypatch.setattr(batches, "MOST_AT_ONCE", 10)
    async with Story(cast()) as story:
        gate, real = asyncio.Event(), story.recorder.perform

        async def slow(key: object, intent: e.Intent) -> e.Outcome:
            await gate.wait()
            return await real(key, intent)  # type: ignore[arg-type]

        story.recorder.perform = slow  # type: ignore[method-assign]
        group_by(story, "shop")
        await post(story, *storm(story, 0, 40, GROUPS))
        await post(story, *storm(story, 40, 80, GROUPS))
        assert story.journal.outgoing.is_crowded
        yield story
        gate.set()
        await story.settle()
        assert await names_all(story, 80)
        assert len(story.pages()) >= GROUPS
        assert await story.store.joining() == []


async def test_pages_that_wait_go_first(crowded: Story) -> None:
    for _ in range(3):
        await crowded.engine.turn()
    assert not await names_all(crowded, 80)
    assert await crowded.store.joining(), "durably owed"


async def test_what_has_joined_does_not_wait_for_pages_for_long(crowded: Story) -> None:
    crowded.clock.set(crowded.clock.now() + joins.LONGEST - timedelta(seconds=1))
    await crowded.engine.turn()
    assert not await names_all(crowded, 80)
    crowded.clock.set(crowded.clock.now() + timedelta(seconds=1))
    await crowded.engine.turn()
    assert await names_all(crowded, 80)


async def test_a_crash_while_pages_go_first_leaves_no_alert_off_its_timeline(crowded: Story) -> None:
    await crowded.engine.turn()
    await restart(crowded)
    crowded.clock.set(crowded.clock.now() + joins.LONGEST)
    await crowded.engine.turn()
    assert await names_all(crowded, 80)
