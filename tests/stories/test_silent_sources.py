"""A source that says nothing more has given no all-clear: the incident goes on, and whoever has it is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tocsin.alert.signal import Signal
from tocsin.engine.listening import Listening
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.testing.story import Story
from tocsin.timeline.events import Acknowledged, AlertWentSilent, PageRequested
from tocsin.words import Status

from .test_silences import cast, silence

pytestmark = pytest.mark.anyio


async def sound(story: Story, *, wheel: str = "1", minutes: float = 4) -> None:
    ends_at = story.clock.now() + timedelta(minutes=minutes)
    signal = Signal(labels={"alertname": "WheelStuck", "wheel": wheel}, ends_at=ends_at)
    await story.engine.intake.receive("mill", [signal])
    story.stream = (await story.store.cards())[0].id
    await story.settle()


async def walk(story: Story, minutes: int) -> None:
    """As the loop turns: the engine looks by itself, not only when a timer is due."""
    for _ in range(4 * minutes):
        await story.advance("15s")


async def tellings(story: Story) -> list[PageRequested]:
    return [
        entry.event
        for entry in await story.events(PageRequested)
        if isinstance(entry.event, PageRequested) and entry.event.informs
    ]


async def test_what_is_repeated_is_not_silent() -> None:
    async with Story(cast()) as story:
        for _ in range(10):
            await sound(story)
            await walk(story, 1)
        assert await story.events(AlertWentSilent) == []


async def test_a_silent_source_is_a_fact_and_no_end_and_whoever_has_it_is_told_once() -> None:
    async with Story(cast()) as story:
        await sound(story)
        await sound(story, wheel="2", minutes=6)
        await story.do(Acknowledge(by="bo"))
        await walk(story, 10)
        incident = await story.incident()
        assert incident.status is Status.ACKNOWLEDGED
        assert all(alert.cleared_at is None for alert in incident.alerts.values())
        assert len(await story.events(AlertWentSilent)) == 2
        (told,) = await tellings(story)
        assert (told.responder, "no all-clear" in told.why) == ("bo", True)
        assert [page.why for page in story.pages("bo")] == [told.why]
        await walk(story, 30)
        assert len(await tellings(story)) == 1
        assert len(story.pages("bo")) == 1, "it wants no answer, so it is not repeated"


async def test_nobody_is_told_beside_those_who_are_being_called_anyway() -> None:
    async with Story(cast()) as story:
        await sound(story)
        await walk(story, 8)
        assert (len(await story.events(AlertWentSilent)), await tellings(story)) == (1, [])


async def test_a_source_that_is_back_and_falls_silent_again_is_noted_again() -> None:
    async with Story(cast()) as story:
        await sound(story)
        await walk(story, 8)
        await sound(story)
        await walk(story, 8)
        assert len(await story.events(AlertWentSilent)) == 2


async def test_where_a_client_has_acknowledged_the_first_rung_is_told() -> None:
    async with Story(cast()) as story:
        await sound(story)
        taken = Acknowledged(by="PagerDuty client", via="intake")
        await story.journal.change(story.stream, lambda incident, book: (taken,), cause="intake")
        await walk(story, 8)
        assert [told.responder for told in await tellings(story)] == ["ana"]


async def test_what_is_over_or_silenced_tells_nobody() -> None:
    async with Story(cast()) as story:
        await sound(story)
        await story.do(Acknowledge(by="bo"))
        await silence(story, 'alertname="WheelStuck"')
        await walk(story, 10)
        assert await tellings(story) == []
    async with Story(cast()) as story:
        await sound(story)
        await story.do(Resolve(by="bo"))
        await walk(story, 10)
        assert await story.events(AlertWentSilent) == []


async def test_a_server_that_was_away_notes_what_it_missed_and_nothing_twice() -> None:
    async with Story(cast()) as story:
        await sound(story)
        story.clock.set(story.clock.now() + timedelta(hours=2))
        for _ in range(3):
            await Listening(story.journal, story.engine.intake).turn(story.clock.now())
        assert len(await story.events(AlertWentSilent)) == 1


async def test_one_incident_in_trouble_keeps_nothing_else_from_happening(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await sound(story)
        change = story.journal.change
        refused = [1, 1]

        async def refuse(*given: Any, **named: Any) -> Any:
            if refused and named.get("cause") == "timer" and story.since(story.clock.now()) > 270:
                refused.pop()
                raise OSError("no space")
            return await change(*given, **named)

        monkeypatch.setattr(story.journal, "change", refuse)
        listening = Listening(story.journal, story.engine.intake)
        for minutes in (5, 6, 7):
            story.clock.set(story.start + timedelta(minutes=minutes))
            await listening.turn(story.clock.now())
        assert len(await story.events(AlertWentSilent)) == 1
