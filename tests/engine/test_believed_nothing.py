"""A commit that said that it failed, and had not: what memory believed is asked of the disk again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime

import pytest

from tocsin.alert.signal import Signal
from tocsin.engine.change import NoOutgoing
from tocsin.engine.contracts import Card
from tocsin.errors import Unavailable
from tocsin.testing.story import Story
from tocsin.timeline import events as e

from .test_survival import cast, refuse


async def fire(story: Story, name: str, host: str) -> None:
    await story.engine.intake.receive("shop", [Signal(labels={"alertname": name, "host": host})])


async def test_an_incident_that_was_opened_with_an_error_is_joined_by_the_next_alert() -> None:
    async with Story(cast()) as story:
        await fire(story, "DoorJammed", "a")
        refuse(story, "write", 1, after=True)
        with pytest.raises(Unavailable):
            await fire(story, "TillStuck", "a")
        await fire(story, "TillStuck", "b")
        cards = await story.store.cards()
        assert sorted((card.id, card.scenario) for card in cards) == [
            ("shop-1", "Door Jammed"),
            ("shop-2", "Till Stuck"),
        ]


async def test_a_freeze_that_was_committed_with_an_error_holds_and_can_be_lifted() -> None:
    async with Story(cast()) as story:
        refuse(story, "write", 1, after=True)
        with pytest.raises(sqlite3.OperationalError):
            await story.journal.change_team("shop", e.FreezeSet(on=True, by="shop-ana"))
        assert (await story.journal.standing("shop")).frozen
        await story.journal.change_team("shop", e.FreezeSet(on=False, by="shop-ana"))
        assert not (await story.journal.standing("shop")).frozen


async def test_what_a_claim_handed_out_to_nobody_goes_out_with_the_next_one() -> None:
    async with Story(cast()) as story:
        story.journal.outgoing = NoOutgoing()
        await fire(story, "TillStuck", "a")
        refuse(story, "claim", 1, after=True)
        with pytest.raises(sqlite3.OperationalError):
            await story.engine.turn()
        assert story.pages() == []
        await story.settle()
        assert [page.responder for page in story.pages()] == ["shop-ana"]


async def test_an_errand_in_somebodys_hands_is_not_handed_out_again_because_a_claim_failed() -> None:
    async with Story(cast()) as story:
        gate, real = asyncio.Event(), story.recorder.perform

        async def slow(key: object, intent: e.Intent) -> e.Outcome:
            await gate.wait()
            return await real(key, intent)  # type: ignore[arg-type]

        story.recorder.perform = slow  # type: ignore[method-assign]
        story.journal.outgoing = NoOutgoing()
        for channel in ("mail", "phone"):  # known to be in order: two pages may be on their way
            story.engine.dispatch.gates.show(f"channel:{channel}")
        await fire(story, "TillStuck", "a")
        await story.engine.turn()
        await fire(story, "DoorJammed", "a")
        refuse(story, "claim", 1, after=True)
        with pytest.raises(sqlite3.OperationalError):
            await story.engine.turn()
        await story.engine.turn()
        gate.set()
        await story.settle()
        assert len(story.pages()) == 2


async def test_a_turn_that_finds_nothing_to_hand_out_bars_the_way_of_no_page() -> None:
    async with Story(cast()) as story:
        asked, real = list[bool](), story.store.has_errands

        async def ask(now: datetime, full: Sequence[str]) -> bool:
            if not asked:
                await fire(story, "TillStuck", "a")
            asked.append(await real(now, full))
            return asked[-1]

        story.store.has_errands = ask  # type: ignore[method-assign]
        await story.engine.turn()
        assert asked == [False], "the page that was decided meanwhile is on its way already"
        await story.settle()
        assert [page.responder for page in story.pages()] == ["shop-ana"]


async def test_an_incident_that_is_opened_while_the_open_ones_are_looked_up_is_one_of_them() -> None:
    async with Story(cast()) as story:
        read, go_on, real = asyncio.Event(), asyncio.Event(), story.store.cards

        async def slow(*, team: str | None = None, open_only: bool = False, private_only: bool = False) -> list[Card]:
            found = await real(team=team, open_only=open_only, private_only=private_only)
            if not read.is_set():
                read.set()
                await go_on.wait()
            return found

        await fire(story, "DoorJammed", "a")
        story.journal.doubt("shop")
        story.store.cards = slow  # type: ignore[method-assign]
        asked = asyncio.create_task(story.journal.open_incidents("shop"))
        await read.wait()
        declared = asyncio.create_task(story.engine.intake.declare("shop", "", "Till Stuck", None, "bo"))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(asked, declared)
        assert [incident.id for incident in await story.journal.open_incidents("shop")] == ["shop-1", "shop-2"]


async def test_what_is_doubted_while_it_is_looked_up_is_looked_up_again() -> None:
    async with Story(cast()) as story:
        read, go_on, real, times = asyncio.Event(), asyncio.Event(), story.store.cards, []

        async def slow(*, team: str | None = None, open_only: bool = False, private_only: bool = False) -> list[Card]:
            found = await real(team=team, open_only=open_only, private_only=private_only)
            times.append(len(found))
            if len(times) == 1:
                read.set()
                await go_on.wait()
            return found

        await fire(story, "DoorJammed", "a")
        story.journal.doubt("shop")
        story.store.cards = slow  # type: ignore[method-assign]
        asked = asyncio.create_task(story.journal.open_incidents("shop"))
        await read.wait()
        story.journal.doubt("shop")
        go_on.set()
        assert [incident.id for incident in await asked] == ["shop-1"]
        assert times == [1, 1]
