"""A rest lasts as long as it should, and ends soon after the settings have changed."""

from __future__ import annotations

import asyncio
import time

import pytest

from tocsin.app.watch.rest import STEP_S, rest

pytestmark = pytest.mark.anyio


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each step was, while no time is lost."""
    steps: list[float] = []

    async def sleep(wait_s: float) -> None:
        steps.append(wait_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: sum(steps))
    return steps


async def test_it_lasts_as_long_as_it_should(slept: list[float]) -> None:
    await rest(12, lambda: True)
    assert slept == [5, 5, 2]


async def test_it_ends_within_a_step_of_a_change(slept: list[float]) -> None:
    await rest(86_400, lambda: sum(slept) < 60)
    assert sum(slept) == 60
    assert max(slept) <= STEP_S
