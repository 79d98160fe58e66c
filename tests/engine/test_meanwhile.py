"""What happens while an alert is on its way to the disk is not undone when it has got there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tocsin.alert.settings import Route
from tocsin.alert.sources.posted import read_posts
from tocsin.testing.story import Story

from .test_intake import cast

NAME = "TillStuck"


def post(story: Story, minutes: float, name: str = NAME, **more: Any) -> Any:
    ends_at = story.clock.now() + timedelta(minutes=minutes)
    said = {"labels": {"alertname": name}, "startsAt": story.start, "endsAt": ends_at, **more}
    return story.engine.intake.receive_posts(None, read_posts(msgspec.json.encode([said])))


@asynccontextmanager
async def slow_disk(story: Story, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Commits take as long as this lasts."""
    gate, real = asyncio.Event(), story.store.write

    async def write(each: Any) -> None:
        await gate.wait()
        await real(each)

    with monkeypatch.context() as patch:
        patch.setattr(story.store, "write", write)
        try:
            yield
        finally:
            gate.set()
        await asyncio.sleep(0)


async def turn() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def send_to(story: Story, *teams: str) -> None:
    """The alert goes to this team from now on, and others to others."""
    routes = tuple(
        Route(match={"alertname": name}, team=team) for team, name in zip(teams, (NAME, "Other"), strict=True)
    )
    story.shelf.settings = msgspec.structs.replace(story.shelf.settings, routes=routes)


async def test_an_alert_that_goes_to_another_team_by_settings_that_came_while_it_was_written_pages_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Story(cast(), cast("bank")) as story:
        send_to(story, "shop", "bank")
        async with slow_disk(story, monkeypatch):
            first = asyncio.create_task(post(story, 60))
            await turn()
            send_to(story, "bank", "shop")
            second = asyncio.create_task(post(story, 60, name="Other"))
            await turn()
        await asyncio.gather(first, second)
        await post(story, 60)
        assert "bank-1" in [card.id for card in await story.store.cards()]


@pytest.mark.parametrize(
    "said", [{"annotations": {"summary": "stuck fast"}}, {"generatorURL": ""}], ids=["new", "plain"]
)
async def test_a_later_end_that_is_heard_while_an_earlier_one_is_written_holds(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    async with Story(cast()) as story:
        await post(story, 4)
        story.clock.set(story.clock.now() + timedelta(seconds=1))
        async with slow_disk(story, monkeypatch):
            ends_at = story.clock.now() + timedelta(minutes=5)
            known, other = {"labels": {"alertname": NAME}}, {"labels": {"alertname": "Other"}}
            body = [{**each, "startsAt": story.start, "endsAt": ends_at} for each in (known, other)]
            body[0] |= said
            # spelt in another way, it is not known again without being read
            text = msgspec.json.encode(body).replace(b'{"alertname":"TillStuck"}', b'{ "alertname":"TillStuck"}')
            slow = asyncio.create_task(story.engine.intake.receive_posts(None, read_posts(text)))
            await turn()
            story.clock.set(story.clock.now() + timedelta(seconds=1))
            await asyncio.wait_for(post(story, 9), 60)
        await slow
        await story.engine.intake.flush()
        assert await find_end(story) == story.clock.now() + timedelta(minutes=9)


async def find_end(story: Story) -> datetime:
    (row,) = [row for row in await story.engine.intake.alerts("shop") if row.name == NAME]
    return row.ends_at
