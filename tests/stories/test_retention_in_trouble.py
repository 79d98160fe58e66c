"""What stands in the way of taking one thing away holds up nothing else that is over."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from tocsin.testing.story import Story
from tocsin.timeline.events import Merged

from .mill import cast
from .test_retention import YEAR, keep_house, list_streams, live, pass_time


async def test_one_that_went_into_what_does_not_hold_together_stays_and_holds_up_no_other() -> None:
    async with Story(cast()) as story:
        into, merged, _ = await live(story), await live(story), await live(story)
        await story.journal.change(merged, lambda incident, book: (Merged(into=into, by="ana"),), cause="command")
        damage = text("UPDATE entry SET body = '{}' WHERE stream = :stream AND seq = 2").bindparams(stream=into)
        await story.store.in_transaction(lambda c: c.execute(damage))
        story.journal.streams.cache.forget(into)
        pass_time(story, YEAR)
        await keep_house(story).go_round()
        assert await list_streams(story) == [into, merged]


STAGES = ("removed_since", "find_alerts", "find_over", "remove_counters", "remove_beats", "remove_nodes")


@pytest.mark.parametrize("stage", [*STAGES, "sweep"])
async def test_what_stands_in_the_way_of_one_stage_holds_up_no_other(
    stage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    met = []

    async def fail(*asked: object) -> None:
        met.append(stage)
        raise OSError(f"{stage} came to nothing")

    async def sweep(now: datetime) -> None:
        met.append("the last sweep")

    async with Story(cast()) as story:
        stream = await live(story)
        pass_time(story, YEAR)
        house = keep_house(story)
        house._sweeps = (*([fail] if stage == "sweep" else []), sweep)
        if stage != "sweep":
            monkeypatch.setattr(house._attic, stage, fail)
        await house.go_round()
        assert met == [stage, "the last sweep"]
        assert await list_streams(story) == ([stream] if stage == "find_over" else [])
        assert f"{stage} came to nothing" in caplog.text
