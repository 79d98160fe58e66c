"""What is asked of an incident while one of its commits is on its way to the disk is committed as one, and each part is
answered by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tocsin.engine import draft
from tocsin.engine.change import Change
from tocsin.engine.contracts import Write
from tocsin.engine.gathering import ALONE, MOST, Gathering, Part
from tocsin.errors import IllegalMove, Stale, Unavailable
from tocsin.incident.commands import AddNote, Close, Command
from tocsin.testing.story import Story
from tocsin.timeline.events import NoteAdded

from .test_intake import cast


def agree(write: Write) -> None:
    """The disk takes it."""


@asynccontextmanager
async def slow_disk(
    story: Story, monkeypatch: pytest.MonkeyPatch, look: Callable[[Write], None] = agree
) -> AsyncIterator[list[Write]]:
    """Commits wait until this is over; all of them and those after it. `look` may raise what the disk says to one."""
    gate, real, seen = asyncio.Event(), story.store.write, list[Write]()

    async def write(each: Any) -> None:
        seen.append(each)
        await gate.wait()
        look(each)
        await real(each)

    monkeypatch.setattr(story.store, "write", write)
    try:
        yield seen
    finally:
        gate.set()


def ask(story: Story, command: Command) -> asyncio.Task[Any]:
    return asyncio.ensure_future(story.engine.submit(story.stream, command))


def note(story: Story, text: str) -> asyncio.Task[Any]:
    return ask(story, AddNote(by="shop-ana", text=text))


async def turn() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def tell_notes(story: Story) -> list[str]:
    entries = await story.journal.entries(story.stream)
    return [entry.event.text for entry in entries if isinstance(entry.event, NoteAdded)]


async def test_those_that_wait_are_one_commit_and_each_is_told_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await story.declare("")
        async with slow_disk(story, monkeypatch) as seen:
            asked = [note(story, f"note {at}") for at in range(6)]
            await turn()
            assert not any(each.done() for each in asked), "nobody is told before the disk has it"
        answers = await asyncio.gather(*asked)
        assert [[entry.event.text for entry in each] for each in answers] == [[f"note {at}"] for at in range(6)]
        assert [sum(len(append.entries) for append in write.appends) for write in seen] == [1, 5]
        assert await tell_notes(story) == [f"note {at}" for at in range(6)]


async def test_one_that_is_refused_is_refused_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await story.declare("")
        async with slow_disk(story, monkeypatch):
            first, second = note(story, "first"), note(story, "second")
            refused, last = ask(story, Close(by="shop-ana")), note(story, "last")
            await turn()
        await asyncio.gather(first, second, last)
        with pytest.raises(IllegalMove):
            await refused
        assert await tell_notes(story) == ["first", "second", "last"]


async def test_a_disk_that_fails_is_told_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await story.declare("")
        with monkeypatch.context() as patch:
            async with slow_disk(story, patch, refuse):
                asked = [note(story, f"note {at}") for at in range(4)]
                await turn()
            for each in asked:
                with pytest.raises(Unavailable):
                    await each
        assert await tell_notes(story) == []
        await note(story, "afterwards")
        assert await tell_notes(story) == ["afterwards"]


def refuse(write: Write) -> None:
    raise Unavailable("The disk is full.")


async def test_who_has_gone_away_asks_for_nothing_and_takes_nobody_along(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await story.declare("")
        async with slow_disk(story, monkeypatch):
            first, gone, second = (note(story, text) for text in ("first", "gone", "second"))
            await turn()
            gone.cancel()
        await asyncio.gather(first, second)
        assert gone.cancelled()
        assert await tell_notes(story) == ["first", "second"]


async def test_when_somebody_else_was_first_all_are_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await story.declare("")
        refused = list[Write]()

        def come_first(write: Write) -> None:
            if len(write.appends[0].entries) == 3 and not refused:
                refused.append(write)
                raise Stale("Another node was first.")

        async with slow_disk(story, monkeypatch, come_first):
            asked = [note(story, f"note {at}") for at in range(4)]
            await turn()
        await asyncio.gather(*asked)
        assert refused
        assert await tell_notes(story) == [f"note {at}" for at in range(4)]


async def test_so_many_at_most_are_decided_before_others_have_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await story.declare("")
        async with slow_disk(story, monkeypatch) as seen:
            asked = [note(story, f"note {at}") for at in range(2 * MOST)]
            await turn()
        await asyncio.gather(*asked)
        assert [sum(len(append.entries) for append in write.appends) for write in seen] == [1, MOST, MOST - 1]


async def test_of_a_change_that_breaks_off_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = vars(draft)["evolve"]

    def evolve(incident: Any, entry: Any) -> Any:
        if isinstance(entry.event, NoteAdded) and entry.event.text == "second":
            raise ArithmeticError("a fault of ours")
        return real(incident, entry)

    async with Story(cast()) as story:
        await story.declare("")
        before = await story.journal.entries(story.stream)
        monkeypatch.setattr(draft, "evolve", evolve)
        with pytest.raises(ArithmeticError, match="a fault of ours"):
            await story.journal.change(
                story.stream,
                lambda incident, book: [NoteAdded(text=text, by="shop-ana") for text in ("first", "second")],
                cause="command",
            )
        assert await story.journal.entries(story.stream) == before


async def test_who_comes_between_two_commits_goes_with_the_next_and_not_behind_all() -> None:
    lock, carried, asked = asyncio.Lock(), list[list[str]](), list[asyncio.Task[Any]]()

    def ask(cause: str) -> None:
        asked.append(asyncio.ensure_future(gathering.change(Change("shop-1", ()), cause, ALONE)))

    async def carry(stream: str, parts: Sequence[Part]) -> tuple[()]:
        await turn()
        carried.append([part.cause for part in parts])
        if len(carried) == 1:  # a step that this commit hands out: it comes before anybody has taken the stream again
            ask("start")
        return ()

    gathering = Gathering(lambda _: lock, carry, lambda _: False)
    for _ in range(3 * MOST):
        ask("command")
    while not all(each.done() for each in asked):
        await asyncio.sleep(0)
    assert ["start" in each for each in carried] == [False, True, False, False]
