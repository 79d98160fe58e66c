"""What is said of a draft before it goes out: what has changed since, and where nobody will see it."""

from __future__ import annotations

from tocsin.comms.drafting import DraftUpdate
from tocsin.comms.outdated import list_doubts
from tocsin.incident.commands import Mitigate, SetSeverity
from tocsin.testing.story import Story

from .ground import PUBLIC, cast


async def find_doubts(story: Story) -> list[str]:
    """What is said of the only draft now."""
    incident, book = await story.look()
    (sketch,) = incident.drafts.values()
    return list(list_doubts(sketch, incident, book, story.clock.now()))


async def test_a_draft_that_waited_says_what_has_happened_since() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(SetSeverity(by="ana", severity="SEV-2"))
        await story.advance("1m")
        await story.do(DraftUpdate(by="ana", text="A few orders fail. Next update: 03:16 UTC", audiences=PUBLIC))
        await story.advance("10m")
        assert await find_doubts(story) == []
        await story.do(SetSeverity(by="bo", severity="SEV-1"))
        await story.do(Mitigate(by="bo"))
        assert await find_doubts(story) == [
            "Since this was drafted: the severity is SEV-1 (03:11 UTC), the fix is in (03:11 UTC). "
            "Look whether the words still hold."
        ]
        await story.advance("5m")
        assert "The next update that it promises was for 03:16 UTC; that has passed." in await find_doubts(story)


async def test_a_span_counts_from_when_it_is_said() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(DraftUpdate(by="ana", text="Orders fail. Next update in 10 minutes.", audiences=PUBLIC))
        await story.advance("30m")
        assert await find_doubts(story) == []


async def test_where_a_line_keeps_the_incident_off_the_status_page_that_is_said_before_and_not_found_out_after() -> (
    None
):
    async with Story(cast()) as story:
        await story.alert("BreakIn")
        await story.do(DraftUpdate(by="ana", text="Sign-in is off.", audiences=PUBLIC))
        (said,) = await find_doubts(story)
        assert said.startswith("The status page shows nothing of this incident until Security lifts line ")
        (draft,) = (await story.incident()).drafts
        await story.do(DraftUpdate(by="ana", text="Sign-in is off.", replaces=draft))
        assert await find_doubts(story) == [], "words for the responders alone are on no status page"
