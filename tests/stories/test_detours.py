"""What only tells somebody goes by another of their channels where its own takes nothing, and goes but once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from tocsin.engine.contracts import Key
from tocsin.errors import Unavailable
from tocsin.incident.commands import SetSeverity
from tocsin.oncall.settings import Person
from tocsin.testing.recorder import Recorder
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.timeline.events import Intent, Outcome
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
        assert said[-1] == "Handed over to phone for bo (sent again): mail did not take it"


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


class Slow(Recorder):
    """Channels that take their time, or a page without saying so. `meanwhile` happens while mail is asked."""

    meanwhile: Callable[[], Awaitable[object]] | None = None
    mute = frozenset[str]()

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        if isinstance(intent, e.PageRequested) and intent.channel == "mail" and self.meanwhile is not None:
            do, self.meanwhile = self.meanwhile, None
            await do()
        outcome = await super().perform(key, intent)
        if isinstance(intent, e.PageRequested) and intent.channel in self.mute:
            raise Unavailable("No answer.")
        return outcome


def slow(story: Story) -> Slow:
    """The story's recorder, made slow."""
    story.recorder.__class__ = Slow
    assert isinstance(story.recorder, Slow)
    return story.recorder


async def test_what_was_done_while_its_channel_was_asked_goes_by_no_other() -> None:
    async with Story(cast()) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("15m")
        recorder = slow(story)
        recorder.broken.add("mail")
        recorder.meanwhile = lambda: story.engine.submit(story.stream, say("bo", Audience.PUBLIC))
        await story.advance("2m")
        assert reminders(story, KEY) == []
        assert "nothing of it is owed any more" in await tell_withheld(story)


async def test_what_another_channel_may_have_taken_goes_out_as_sent_again() -> None:
    async with Story(cast()) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("15m59s")
        breakers, now = story.engine.dispatch.breakers, story.clock.now()
        breakers.heed("channel:mail", 30)  # it asked for patience, and is not asked
        breakers.fail("channel:mail", now, now)
        recorder = slow(story)
        recorder.mute = frozenset({"phone"})
        await story.advance("2s")
        assert len(story.recorder.tries) == 2, "ana's page and this"
        recorder.mute = frozenset()
        await story.advance("1m")
        told = [page for page in story.pages("bo") if KEY in page.duties]
        assert [page.repeat for page in told] == [False, *[True] * (len(told) - 1)]
        assert len(told) > 1


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
