"""Who is told something once is still called again in time."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.incident.commands import SetSeverity
from tocsin.testing.story import Cast, Story

Casting = Callable[..., Cast]


async def test_a_word_to_the_team_takes_no_repeat_from_anybody(cast: Casting) -> None:
    """Unclassified it calls all hands; as a P1 the team is told too, and whoever has not answered is called in time."""
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable")
        await story.advance("1m")
        await story.do(SetSeverity(by="lea", severity="P1"))
        await story.advance("2m")
        assert [story.since(page.at) for page in story.pages("ana")] == [0, 60, 150]
