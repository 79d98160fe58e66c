"""A step's place is the next one's as soon as the step has ended, while what came of it is on its way to the disk; and
nothing that the disk must know before is done before it knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tocsin.engine import gathering
from tocsin.engine.carried import MUCH
from tocsin.engine.contracts import Key, Write
from tocsin.incident.commands import AddNote
from tocsin.run.commands import ApproveStep, ProposeStep, find_task
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.timeline.codec import unseal

from .test_gathering import ask, slow_disk
from .test_intake import cast, spy

AT_ONCE = 2
"""How many steps of one target run at the same time."""


async def rest() -> None:
    """Let everything happen that waits for nothing else."""
    for _ in range(300):
        await asyncio.sleep(0)


class Stage:
    """A story whose steps begin and go on until they are let."""

    def __init__(self, story: Story) -> None:
        self.story, self.begun, self._doors = story, list[str](), dict[str, asyncio.Event]()
        self._real = story.recorder.perform
        story.recorder.perform = self._perform  # type: ignore[method-assign]

    async def _perform(self, key: Key, intent: e.Intent) -> e.Outcome:
        if isinstance(intent, e.StepRequested):
            self.begun.append(intent.text)
            await self._doors.setdefault(intent.text, asyncio.Event()).wait()
        return await self._real(key, intent)

    async def ask_for(self, spell: Callable[[int], str], count: int) -> None:
        """Type and approve so many, and hand out those that have a place."""
        await self.story.declare("")
        for at in range(count):
            await self.story.engine.submit(self.story.stream, ProposeStep(by="shop-ana", text=spell(at)))
            incident, book = await self.story.look()
            digest = find_task(incident, book, f"A{at + 1}", {}).digest
            command = ApproveStep(by="shop-ana", step=f"A{at + 1}", digest=digest)
            await self.story.engine.submit(self.story.stream, command)
        async with asyncio.timeout(30):
            while len(self.begun) < min(count, AT_ONCE):
                await self.story.engine.turn()
                await rest()

    async def end(self, *texts: str) -> None:
        """Let these end."""
        for text in texts:
            self._doors[text].set()
        await rest()

    async def see(self, *texts: str) -> None:
        """Wait until exactly these have begun, in any order."""
        async with asyncio.timeout(30):
            while sorted(self.begun) != sorted(texts):
                await asyncio.sleep(0)

    async def end_all(self) -> None:
        """Let each end that begins, until none is left."""
        while (await self.count(e.StepFinished)) < (await self.count(e.StepRequested)):
            for text in self.begun:
                self._doors[text].set()
            await self.story.engine.turn()
            await rest()

    async def count(self, kind: type[e.Event]) -> int:
        entries = await self.story.journal.entries(self.story.stream)
        return sum(isinstance(entry.event, kind) for entry in entries)


def read(at: int) -> str:
    return f"ls /srv/{at}"


def change(at: int) -> str:
    return f"touch /srv/{at}"


async def test_the_next_read_begins_before_the_outcome_is_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stage = Stage(story)
        await stage.ask_for(read, 3)
        assert stage.begun == [read(0), read(1)]
        async with slow_disk(story, monkeypatch) as seen:
            await stage.end(read(0))
            await stage.see(read(0), read(1), read(2))
            assert await stage.count(e.StepFinished) == 0
        (write,) = seen
        assert [each.seq for each in write.claims] == [await find_request(story, read(2))], "it is marked with that"
        await stage.end_all()
        assert sorted(stage.begun) == [read(0), read(1), read(2)], "each once"


async def find_request(story: Story, text: str) -> int:
    entries = await story.journal.entries(story.stream)
    return next(each.seq for each in entries if isinstance(each.event, e.StepRequested) and each.event.text == text)


async def test_no_more_run_on_while_the_disk_refuses_than_there_are_places(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stage = Stage(story)
        await stage.ask_for(read, 4 * AT_ONCE)
        async with slow_disk(story, monkeypatch):
            await stage.end(*stage.begun)
            await stage.see(*(read(at) for at in range(2 * AT_ONCE)))
            await stage.end(*stage.begun)
            assert len(stage.begun) == 2 * AT_ONCE
        await stage.end_all()
        assert sorted(stage.begun) == [read(at) for at in range(4 * AT_ONCE)]


async def test_a_change_that_follows_begins_only_once_its_start_is_on_disk_with_its_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Story(cast()) as story:
        stage = Stage(story)
        await stage.ask_for(change, 3)
        assert stage.begun == [change(0), change(1)]
        async with slow_disk(story, monkeypatch) as seen:
            await stage.end(change(0))
            assert stage.begun == [change(0), change(1)]
        await stage.see(change(0), change(1), change(2))
        wanted = await find_request(story, change(2))
        assert [wanted in [each.seq for each in write.claims] for write in seen if starts(write, wanted)] == [True]
        await stage.end_all()
        assert await stage.count(e.StepStarted) == 3


def starts(write: Write, intent: int) -> bool:
    """Whether a write has the start of that step."""
    events = [unseal(sealed).event for append in write.appends for sealed in append.entries]
    return any(isinstance(event, e.StepStarted) and event.answers == intent for event in events)


async def test_where_others_hand_out_too_the_disk_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stage = Stage(story)
        await stage.ask_for(read, 3)
        monkeypatch.setattr(story.store, "is_sole", False)
        async with slow_disk(story, monkeypatch):
            await stage.end(read(0))
            assert stage.begun == [read(0), read(1)]
        monkeypatch.setattr(story.store, "is_sole", True)
        await stage.end_all()


async def test_nothing_begins_any_more_once_the_server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stage = Stage(story)
        await stage.ask_for(read, 3)
        story.engine.dispatch.begin_to_end()
        await stage.end(read(0), read(1))
        assert stage.begun == [read(0), read(1)]
        async with asyncio.timeout(30):
            while await stage.count(e.StepFinished) < AT_ONCE:
                await asyncio.sleep(0)
        assert stage.begun == [read(0), read(1)]


async def test_what_came_of_a_step_is_committed_with_the_next_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stage = Stage(story)
        await stage.ask_for(read, 1)
        async with slow_disk(story, monkeypatch) as seen:
            notes = [ask(story, AddNote(by="shop-ana", text=f"note {at}")) for at in range(50)]
            await rest()
            await stage.end(read(0))
        await asyncio.gather(*notes)
        assert [bool(each.appends[0].closes) for each in seen] == [False, True, False, False]


async def test_where_many_steps_are_under_way_several_outcomes_are_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stage, seen = Stage(story), spy(story)
        story.engine.dispatch.places.most["target:shop/local"] = MUCH + 2
        await stage.ask_for(read, MUCH + 2)
        await stage.see(*(read(at) for at in range(MUCH + 2)))
        seen.clear()
        gate = asyncio.Event()
        monkeypatch.setattr(gathering, "APART_S", 1000)
        monkeypatch.setattr(gathering, "sleep", lambda _: gate.wait())
        for at in range(MUCH):  # one after the other, each when all has been said of the last
            await stage.end(read(at))
        gate.set()
        await stage.end_all()
        sizes = [len(write.appends[0].closes) for write in seen if write.appends[0].closes]
        assert sizes[0] == 1, "nobody waits for more who has waited"
        assert sum(sizes) == MUCH + 2
        assert len(sizes) <= 4


async def test_of_few_each_is_committed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stage, seen = Stage(story), spy(story)
        await stage.ask_for(read, 2)
        monkeypatch.setattr(gathering, "APART_S", 1000)
        seen.clear()
        await stage.end(read(0))
        async with asyncio.timeout(30):
            while not seen:
                await asyncio.sleep(0)
        await stage.end(read(1))
        await stage.end_all()
        assert [len(write.appends[0].closes) for write in seen] == [1, 1]
