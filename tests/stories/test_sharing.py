"""Another pager that was called is told once what has become of the incident, and never what it has said itself."""

from __future__ import annotations

from typing import Any

from tocsin.errors import Rejected, Unavailable
from tocsin.incident.commands import Acknowledge, Dismiss, Reopen, Resolve
from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Mode, Share

from ..page.test_clocks import PLAYBOOK  # noqa: TID252 the same shop


class Other:
    """Another pager that hears, or is in trouble."""

    handles = (e.SharingRequested,)

    def __init__(self) -> None:
        self.heard: list[Share] = []
        self.trouble: Exception | None = None
        self.tries = 0

    async def perform(self, key: Any, intent: e.Intent) -> e.Outcome:
        assert isinstance(intent, e.SharingRequested)
        self.tries += 1
        if self.trouble is not None:
            raise self.trouble
        self.heard.append(intent.act)
        return e.Shared(answers=key.seq, channel=intent.channel, act=intent.act)


def tell(**changes: Any) -> tuple[Story, Other]:
    people = {"ana": Person(name="Ana", channels=("pd",)), "bo": Person(name="Bo", channels=("mail",))}
    given: dict[str, Any] = {
        "playbook": PLAYBOOK, "name": "shop", "people": people, "levels": (("ana",), ("bo",)), "last_resort": ("bo",),
        "sharing": ("pd", "elsewhere"),
    }  # fmt: skip
    return Story(Cast(**(given | changes))), Other()


def listen(story: Story, other: Other) -> None:
    story.engine.dispatch._performers[e.SharingRequested] = other


async def test_it_is_told_each_once() -> None:
    story, other = tell()
    async with story:
        listen(story, other)
        await story.alert("TillStuck")
        await story.advance("1m")
        await story.do(Acknowledge(by="ana"))
        await story.do(Acknowledge(by="bo"))
        assert other.heard == [Share.ACKNOWLEDGE]
        await story.do(Resolve(by="ana"))
        await story.advance("2h")
        assert other.heard == [Share.ACKNOWLEDGE, Share.RESOLVE]
        assert {entry.event.channel for entry in await story.events(e.SharingRequested)} == {"pd"}  # type: ignore[attr-defined]


async def test_what_it_has_said_itself_does_not_come_back() -> None:
    story, other = tell()
    async with story:
        listen(story, other)
        await story.alert("TillStuck")
        await story.do(Acknowledge(by="ana", via="pd"))
        await story.do(Resolve(by="ana", via="pd"))
        await story.advance("1h")
        assert other.tries == 0
        await story.do(Reopen(by="bo", reason="back"))
        await story.do(Acknowledge(by="bo"))
        assert other.heard == [Share.ACKNOWLEDGE], "what is new is told"


async def test_while_it_is_away_it_is_told_again_and_the_pages_of_others_do_not_wait() -> None:
    story, other = tell()
    async with story:
        listen(story, other)
        other.trouble = Unavailable("away")
        await story.alert("TillStuck")
        await story.do(Acknowledge(by="ana"))
        await story.advance("30m")
        assert 5 < other.tries < 20
        other.trouble = None
        await story.advance("5m")
        assert other.heard == [Share.ACKNOWLEDGE]


async def test_a_no_is_not_asked_again_and_stands_on_the_timeline() -> None:
    story, other = tell()
    async with story:
        listen(story, other)
        other.trouble = Rejected("no such key")
        await story.alert("TillStuck")
        await story.do(Acknowledge(by="ana"))
        await story.advance("1h")
        assert other.tries == 1
        assert len(await story.events(e.SharingFailed)) == 1


async def test_who_was_never_called_is_told_nothing() -> None:
    story, other = tell(levels=(("bo",),))
    async with story:
        listen(story, other)
        await story.alert("TillStuck")
        await story.do(Acknowledge(by="bo"))
        assert other.tries == 0


async def test_a_shadow_tells_nobody() -> None:
    story, other = tell(mode=Mode.SHADOW)
    async with story:
        listen(story, other)
        await story.alert("TillStuck")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        await story.advance("1h")
        assert other.tries == 0


async def test_what_is_closed_at_once_is_over_there_too() -> None:
    story, other = tell()
    async with story:
        listen(story, other)
        await story.alert("Strange")
        assert story.pages("ana")
        incident = await story.incident()
        if incident.candidates:
            await story.do(Dismiss(by="ana", reason="nothing"))
            assert other.heard == [Share.RESOLVE]
