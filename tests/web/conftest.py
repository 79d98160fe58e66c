"""Houses for the tests of the web room, opened on request and closed when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tocsin.incident.inhibition import Inhibit
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story

from .house import House, make_cast, make_desk

Open = Callable[..., Awaitable[House]]


@pytest.fixture(scope="module")
async def browser(anyio_backend: str) -> AsyncIterator[None]:
    """The browser of a file's tests, who reach it by `surfing`: to start one takes longer than most of them."""
    from .surf import launching  # what loads playwright is loaded by those who surf

    async with launching():
        yield


@pytest.fixture
async def open_house(anyio_backend: str) -> AsyncIterator[Open]:
    """Open a house: ``await open_house(cast, desk=…)``; it is closed when the test is over."""
    opened: list[tuple[Story, House]] = []

    async def open_one(
        cast: Cast | None = None, *more: Cast, inhibit: tuple[Inhibit, ...] = (), **changes: Any
    ) -> House:
        story = Story(cast or make_cast(), *more, inhibit=inhibit)
        await story.__aenter__()
        story.recorder.answer = lambda text: Answer(stdout=f"ran: {text}\n")
        house = House(story, make_desk(story, **changes))
        opened.append((story, house))
        return house

    yield open_one
    for story, house in opened:
        await house.close()
        await story.__aexit__(None, None, None)


@pytest.fixture
async def house(open_house: Open) -> House:
    """A house in which the chain has halted and its first reads have run."""
    opened = await open_house()
    await opened.story.alert("ChainHalted", instance="validator-1")
    return opened
