"""What only tells somebody goes by another of their channels where its own takes nothing, and goes but once."""

from __future__ import annotations

from msgspec.structs import replace

from tocsin.incident.commands import SetSeverity
from tocsin.oncall.settings import Person
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Audience

from .test_reminders import PEOPLE, begin, cast, reminders, say

KEY = "update:2"


async def tell_withheld(story: Story) -> list[str]:
    """Why pages were not sent."""
    found = [entry.event for entry in await story.events(e.PageWithheld)]
    return [event.why for event in found if isinstance(event, e.PageWithheld)]


async def test_in_an_outage_it_goes_by_the_next_channel_at_once() -> None:
    async with Story(cast()) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("15m")
        story.recorder.broken.add("mail")
        await story.advance("6m")
        assert reminders(story, KEY) == [(16, "bo", "phone"), (20, "bo", "phone")]
        said = [tell(entry.event, str) for entry in await story.events(e.PageDelivered)]
        assert said[-1] == "Page to bo taken by phone (sent again): mail did not take it"


async def test_where_its_channel_says_no_it_goes_by_another() -> None:
    async with Story(cast()) as story:
        await begin(story)
        story.recorder.refusing.add("mail")
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("16m")
        page = next(page for page in story.pages("bo") if KEY in page.duties)
        assert (page.channel, page.repeat) == ("phone", False), "nobody has had it before"
        assert await story.events(e.PageFailed) == []


async def test_while_all_are_out_it_waits_and_goes_once_by_whichever_is_back_first() -> None:
    for back in ("mail", "phone"):
        async with Story(cast()) as story:
            await begin(story)
            await story.do(say("bo", Audience.PUBLIC))
            await story.advance("15m")
            story.recorder.broken |= {"mail", "phone"}
            await story.advance("3m")
            assert reminders(story, KEY) == []
            story.recorder.broken.discard(back)
            await story.advance("10s")
            assert [(who, by) for _, who, by in reminders(story, KEY)] == [("bo", back)]
            story.recorder.broken.clear()
            await story.advance("1m")
            assert len(reminders(story, KEY)) == 1


async def test_never_by_another_pager_where_nobody_would_end_it() -> None:
    people = PEOPLE | {"bo": Person(name="Bo", channels=("mail", "pd"))}
    async with Story(cast(people=people, sharing=("pd",))) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("15m")
        story.recorder.broken.add("mail")
        await story.advance("2m")
        assert reminders(story, KEY) == []
        story.recorder.broken.clear()
        await story.advance("10s")
        assert [by for *_, by in reminders(story, KEY)] == ["mail"]


async def test_after_an_outage_of_all_channels_only_the_newest_reminder_goes_out() -> None:
    people = PEOPLE | {"bo": replace(PEOPLE["bo"], channels=("mail",))}
    async with Story(cast(people=people)) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("15m")
        story.recorder.broken.add("mail")
        await story.advance("11m")
        story.recorder.broken.clear()
        await story.advance("1m")
        told = [page for page in story.pages("bo") if KEY in page.duties]
        assert len(told) == 1, "of those of 16, 20 and 25 minutes the last"
        assert told[0].why.startswith("overdue since")
        assert await tell_withheld(story) == ["reminded again meanwhile"] * 2


async def test_a_reminder_of_a_time_that_holds_no_more_does_not_go_out() -> None:
    people = PEOPLE | {"bo": replace(PEOPLE["bo"], channels=("mail",))}
    async with Story(cast(people=people)) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("15m")
        story.recorder.broken.add("mail")
        await story.advance("6m")
        await story.do(SetSeverity(by="lea", severity="SEV-2"))
        story.recorder.broken.clear()
        await story.advance("1m")
        assert reminders(story, KEY) == []
        assert "it has another time by now" in await tell_withheld(story)
