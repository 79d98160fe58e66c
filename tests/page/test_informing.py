"""A word that wants no answer looks like none of the pages that do, on every way that a person reads."""

from __future__ import annotations

from pathlib import Path

from tocsin.incident.commands import Acknowledge
from tocsin.integrations.letter import draw
from tocsin.oncall.settings import Person, Schedule
from tocsin.page.brief import title
from tocsin.page.message import PageMessage, compose, spell
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import PageRequested


async def read(story: Story, *, duties: bool) -> PageMessage:
    """The first page of the story that tells of duties, or that does not."""
    incident, book = await story.look()
    asked = [each.event for each in await story.events(PageRequested)]
    intent = next(each for each in asked if isinstance(each, PageRequested) and bool(each.duties) is duties)
    rota = story.shelf.rota(incident)
    return compose(
        incident, book, rota, intent, now=story.clock.now(), link="https://l", room="https://r", repeat=False
    )


def cast(seeds: Path) -> Cast:
    return Cast(
        playbook=(seeds / "monero-marketplace.md").read_bytes(),
        people={name: Person(name=name.title(), channels=("mail",)) for name in ("ana", "boss")},
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",),),
        last_resort=("boss",),
    )


async def test_a_reminder_says_that_something_is_due_and_asks_nobody_to_acknowledge(seeds: Path) -> None:
    async with Story(cast(seeds)) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(Acknowledge(by="ana"))
        page = await read(story, duties=False)
        assert not page.informs
        assert title(page).startswith("[P1] Complete Service Outage")
        assert "Acknowledge: https://l" in spell(page)
        assert "Acknowledge…" in draw(page)
        await story.advance("5m")
        reminder = await read(story, duties=True)
        assert title(reminder).startswith("[P1] Due: Complete Service Outage")
        assert "due 03:05 UTC" in reminder.why
        for text in (spell(reminder), draw(reminder)):
            assert "Acknowledge" not in text
            assert "No answer is wanted" in text
            assert "https://l" in text
