"""BitCell's "in business hours" and "next business day" in a team's own hours, over Christmas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tocsin.oncall.settings import Holidays, Hours
from tocsin.testing.story import Cast, Story
from tocsin.words import ObligationState

HOURS = Hours(during=("Mon-Fri 08:00-16:00",), holidays=Holidays(country="DE"), closed=(date(2026, 12, 24),))
WEDNESDAY = datetime(2026, 12, 23, 16, 30, tzinfo=UTC)
"""Half past five in Berlin: the team has gone home until Monday."""


@pytest.mark.parametrize(("severity", "called", "due"), [("P2", 397800.0, 405000.0), ("P3", 397800.0, 426600.0)])
async def test_what_may_wait_waits_for_the_teams_own_hours(
    cast: Callable[..., Cast], severity: str, called: float, due: float
) -> None:
    """P2 is called on Monday at eight and has two hours then; of P3 they are told then, and have until four."""
    settings: dict[str, Any] = {"hours": HOURS, "timezone": "Europe/Berlin"}
    async with Story(cast("bitcell", **settings), start=WEDNESDAY) as story:
        await story.declare("", severity=severity)
        await story.expect_obligation("acknowledge", ObligationState.PENDING)
        await story.advance("6d")
        calls = [page for page in story.pages("ana") if not page.duties]
        assert [story.since(page.at) for page in calls] == [called]
        duty = (await story.incident()).obligations["acknowledge"]
        assert (story.since(duty.due_at), duty.state) == (due, ObligationState.LATE)
