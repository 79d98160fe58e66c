"""The bridge: a conference of the settings, opened and announced by its time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.incident.commands import Acknowledge, Resolve, SetSeverity
from tocsin.incident.office_commands import OpenBridge
from tocsin.page.brief import brief, say
from tocsin.page.message import compose, spell
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import ObligationState

Casting = Callable[..., Cast]
LINK = "https://meet.example.org/virt?pwd=s3cret"
MET, PENDING = ObligationState.MET, ObligationState.PENDING


@pytest.mark.duty("VIR-04")
async def test_at_the_top_it_opens_at_once_and_all_who_are_called_are_told(cast: Casting) -> None:
    async with Story(cast("virtengine", bridge=LINK)) as story:
        await story.alert("ChainHalted")
        opened = (await story.events(e.BridgeOpened))[0]
        assert story.since(opened.at) == 0
        assert isinstance(opened.event, e.BridgeOpened) and opened.event.line == 59
        bridge = await story.expect_obligation("bridge", MET)
        assert bridge.line == 59
        assert sorted(page.responder for page in story.pages()) == ["ana", "bo", "lea"], (
            "one message each, with the address"
        )
        incident, book = await story.look()
        intent = next(entry.event for entry in await story.events(e.PageRequested))
        assert isinstance(intent, e.PageRequested)
        rota = story.shelf.rota(incident)
        message = compose(incident, book, rota, intent, now=story.clock.now(), link="L", room="R", repeat=False)
        assert f"Bridge: {LINK}" in spell(message)
        assert f"Bridge: {LINK}" in brief(message, 400), "also where there is room for few words"
        assert say(message).endswith("The bridge is open.")
        timeline = [str(entry.event) for entry in await story.journal.entries(story.stream)]
        assert not any("s3cret" in each for each in timeline), "what lets people in stands in no timeline"


@pytest.mark.duty("VIR-05")
async def test_below_it_opens_after_half_an_hour_if_it_is_not_over(cast: Casting) -> None:
    async with Story(cast("virtengine", bridge=LINK)) as story:
        await story.declare("Chain Halted", severity="SEV-2")
        await story.do(Acknowledge(by="ana"))
        await story.expect_obligation("bridge", PENDING, due="30m")
        await story.advance("29m59s")
        assert await story.events(e.BridgeOpened) == []
        await story.advance("1s")
        assert [story.since(entry.at) for entry in await story.events(e.BridgeOpened)] == [1800]
        bridge = await story.expect_obligation("bridge", MET)
        assert (bridge.line, story.since(bridge.due_at)) == (75, 1800)
        told = [page.responder for page in story.pages() if page.why == "the bridge is open: join it"]
        assert told == ["ana"], "whose page said nothing of it"


async def test_what_is_over_by_then_needs_none(cast: Casting) -> None:
    async with Story(cast("virtengine", bridge=LINK)) as story:
        await story.declare("Chain Halted", severity="SEV-2")
        await story.do(Resolve(by="ana"))
        await story.advance("1h")
        assert await story.events(e.BridgeOpened) == []


async def test_a_raised_severity_opens_it_then_and_a_person_may_sooner(cast: Casting) -> None:
    async with Story(cast("virtengine", bridge=LINK)) as story:
        await story.declare("Chain Halted", severity="SEV-2")
        await story.advance("10m")
        await story.do(SetSeverity(by="ana", severity="SEV-1"))
        assert [story.since(entry.at) for entry in await story.events(e.BridgeOpened)] == [600]
    async with Story(cast("virtengine", bridge=LINK)) as story:
        await story.declare("Chain Halted", severity="SEV-2")
        await story.advance("10m")
        await story.do(OpenBridge(by="ana"))
        await story.expect_obligation("bridge", MET)
        await story.advance("1h")
        assert len(await story.events(e.BridgeOpened)) == 1


async def test_without_a_conference_it_is_a_persons_duty(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.expect_obligation("bridge", PENDING, due="5m")
        assert await story.events(e.BridgeOpened) == []
