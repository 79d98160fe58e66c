"""A channel is out of order for a while: it is left in peace, nobody else is, and what still matters goes out after."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tocsin.engine.dispatch import Dispatch
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e

from ..page.test_clocks import PLAYBOOK  # noqa: TID252 the same shop


def cast(**people: tuple[str, ...]) -> Cast:
    known = {name: Person(name=name.title(), channels=channels) for name, channels in people.items()}
    return Cast(
        playbook=PLAYBOOK,
        name="shop",
        people=known,
        levels=tuple((name,) for name in people),
        last_resort=(*people,)[:1],
    )


async def storm(story: Story, count: int) -> list[str]:
    """So many incidents, each of an alert of its own."""
    for at in range(count):
        await story.alert(f"Strange{at}")
    return [card.id for card in await story.store.cards()]


def tries_per_second(story: Story, channel: str) -> int:
    moments = [at for at, tried, _ in story.recorder.tries if tried == channel]
    second = timedelta(seconds=1)
    return max(len([each for each in moments[at:] if each - moment < second]) for at, moment in enumerate(moments))


async def test_a_sick_channel_is_left_in_peace_and_pages_go_out_when_it_is_well() -> None:
    async with Story(cast(ana=("hook",))) as story:
        story.recorder.broken = {"hook"}
        await storm(story, 40)
        await story.advance("25s")
        assert tries_per_second(story, "hook") <= 2
        assert len(story.recorder.tries) < 50
        assert not story.pages()
        story.recorder.broken = set()
        well = story.clock.now()
        await story.advance("5s")
        assert Counter(page.key.partition(":")[0] for page in story.pages()) == dict.fromkeys(
            [card.id for card in await story.store.cards()], 1
        ), "each once"
        assert all(page.at - well <= timedelta(seconds=5) for page in story.pages())


async def test_a_long_outage_does_not_fill_the_timeline() -> None:
    async with Story(cast(ana=("hook",))) as story:
        story.recorder.broken = {"hook"}
        await story.alert("SignCrooked")  # of low severity: nobody is called again meanwhile
        await story.advance("20m")
        assert len(story.recorder.tries) > 400
        assert len(await story.journal.entries(story.stream)) < 20
        story.recorder.broken = set()
        await story.advance("5s")
        assert [page.responder for page in story.pages()] == ["ana"]


async def test_what_was_paged_again_meanwhile_is_not_replayed() -> None:
    async with Story(cast(ana=("hook",))) as story:
        story.recorder.broken = {"hook"}
        await story.alert("TillStuck")
        await story.advance("11m")
        story.recorder.broken = set()
        await story.advance("5s")
        assert [page.responder for page in story.pages()] == ["ana"], "one page, of the newest round"
        withheld = await story.events(e.PageWithheld)
        assert {entry.event.why for entry in withheld if isinstance(entry.event, e.PageWithheld)} == {
            "paged again meanwhile"
        }


async def test_what_is_answered_meanwhile_is_not_sent() -> None:
    async with Story(cast(ana=("hook",))) as story:
        story.recorder.broken = {"hook"}
        first, second, third = await storm(story, 3)
        await story.do(Acknowledge(by="ana"), first)
        await story.do(Resolve(by="ana"), second)
        story.recorder.broken = set()
        await story.advance("5s")
        assert {page.key.partition(":")[0] for page in story.pages()} == {third}


async def test_other_channels_do_not_notice() -> None:
    async with Story(cast(ana=("hook",), bo=("mail",))) as story:
        story.recorder.broken = {"hook"}
        await storm(story, 5)
        await story.advance("6m")
        assert len({page.key.partition(":")[0] for page in story.pages("bo")}) == 5
        assert not story.pages("ana")


async def test_whoever_has_another_channel_is_called_there_at_once() -> None:
    async with Story(cast(ana=("hook", "mail"))) as story:
        story.recorder.broken = {"hook"}
        streams = await storm(story, 10)
        assert len(story.recorder.tries) < 15, "the sick one was hardly asked"
        assert [(story.since(page.at), page.channel) for page in story.pages()] == [(0, "mail")] * 10
        failed = [await story.events(e.PageFailed, stream) for stream in streams]
        assert all(len(entries) == 1 for entries in failed), "each record says that it failed, and why"


async def test_a_page_that_never_gets_through_holds_back_no_other() -> None:
    """The channel refuses one responder only: the others wait for at most a moment."""
    async with Story(cast(ana=("hook",), bo=("hook",))) as story:
        story.recorder.broken = {"ana"}
        await story.alert("TillStuck")
        await story.advance("5m")
        await story.advance("10s")
        assert story.pages("bo")
        assert story.since(story.pages("bo")[0].at) <= 305
        assert not story.pages("ana")
        story.recorder.broken = set()
        await story.advance("5s")
        assert story.pages("ana")


@pytest.mark.parametrize("first", ["hook", "mail"])
async def test_whichever_channel_recovers_first_is_found(first: str) -> None:
    async with Story(cast(ana=("hook", "mail"))) as story:
        story.recorder.broken = {"hook", "mail"}
        await story.alert("TillStuck")
        await story.advance("10m")
        assert not story.pages()
        story.recorder.broken = {"hook", "mail"} - {first}
        await story.advance("70s")
        assert story.pages("ana")[0].channel == first


async def test_a_server_that_starts_amid_the_outage_finds_what_waits() -> None:
    async with Story(cast(ana=("hook",))) as story:
        story.recorder.broken = {"hook"}
        await storm(story, 5)
        await story.advance("20s")
        await story.engine.dispatch.stop()
        story.engine.dispatch = Dispatch(story.journal, story.clock, (story.recorder,))
        await story.engine.start()
        story.recorder.broken = set()
        await story.advance("31s")
        assert len({page.key.partition(":")[0] for page in story.pages()}) == 5
