"""What is decided ahead of its time is what would have been decided then, and is dropped for anything that happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.engine import ahead
from tocsin.engine.draft import Draft
from tocsin.engine.journal import Journal
from tocsin.incident.commands import Acknowledge
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

from .test_waking import crowd, find_due, paged


@contextmanager
def planning(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The streams that are planned meanwhile because time has passed."""
    planned, real = list[str](), Draft.plan

    def plan(draft: Draft, *given: object) -> object:
        if not draft.entries:
            planned.append(draft.stream)
        return real(draft, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Draft, "plan", plan)
        yield planned


async def foresee(story: Story, streams: list[str]) -> datetime:
    """All of them decided ahead; the moment."""
    due_at = await find_due(story)
    for stream in streams:
        await story.journal.ahead.foresee(stream, due_at)
    return due_at


async def test_at_the_moment_nothing_is_planned_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with crowd() as (story, streams):
        due_at = await foresee(story, streams)
        assert not paged(story), "what is foreseen has not happened"
        story.clock.set(due_at)
        with planning(monkeypatch) as planned:
            await story.engine.waking.plan(streams)
        assert planned == []
        await story.settle()
        assert paged(story) == sorted(streams)


async def test_what_was_foreseen_is_to_the_byte_what_is_decided_at_its_moment() -> None:
    async def decide(*, early: bool) -> list[list[Entry]]:
        async with crowd() as (story, streams):
            if early:
                await foresee(story, streams)
            story.clock.set(await find_due(story))
            await story.settle()
            return [await story.journal.entries(stream) for stream in streams]

    assert await decide(early=True) == await decide(early=False)


async def freeze(story: Story, stream: str) -> None:
    await story.journal.change_team("shop", e.FreezeSet(by="bo", on=True), replan=False)


async def change_settings(story: Story, stream: str) -> None:
    settings = story.shelf.settings
    team = settings.teams["shop"]
    changed = replace(team, policy=replace(team.policy, name="Another name"))
    story.shelf.settings = replace(settings, teams={**settings.teams, "shop": changed})


async def change_people(story: Story, stream: str) -> None:
    settings = story.shelf.settings
    story.shelf.settings = replace(settings, people={**settings.people})


async def take_note(story: Story, stream: str) -> None:
    await story.journal.change(stream, lambda incident, book: (e.NoteAdded(by="bo", text="hm"),), cause="command")


async def hear_of_another_node(story: Story, stream: str) -> None:
    other = Journal(story.store, story.shelf, story.clock, b"k" * 32)
    (entry,) = await other.change(stream, lambda incident, book: (e.NoteAdded(by="bo", text="hm"),), cause="command")
    story.journal.note(stream, entry.seq)


@pytest.mark.parametrize("happens", [freeze, change_settings, change_people, take_note, hear_of_another_node])
async def test_whatever_it_rests_upon_has_changed_it_is_planned_anew(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[..., object]
) -> None:
    async with crowd(3) as (story, streams):
        due_at = await foresee(story, streams)
        await happens(story, streams[1])  # type: ignore[misc]
        story.clock.set(due_at)
        with planning(monkeypatch) as planned:
            await story.engine.waking.plan(streams)
        assert streams[1] in planned
        await story.settle()
        assert paged(story) == sorted(streams)


async def test_who_was_answered_after_it_was_foreseen_is_not_paged() -> None:
    async with crowd(3) as (story, streams):
        due_at = await foresee(story, streams)
        await story.engine.submit(streams[0], Acknowledge(by="ana"))
        story.clock.set(due_at)
        await story.settle()
        assert paged(story) == sorted(streams[1:])


@pytest.mark.parametrize("late", [timedelta(seconds=-1), ahead.GOOD_FOR + timedelta(seconds=1)])
async def test_it_is_for_its_moment_and_not_for_another(monkeypatch: pytest.MonkeyPatch, late: timedelta) -> None:
    async with crowd(2) as (story, streams):
        due_at = await foresee(story, streams)
        story.clock.set(due_at + late)
        with planning(monkeypatch) as planned:
            await story.engine.waking.plan(streams)
        assert sorted(planned) == sorted(streams)
        recorded = [(await story.journal.entries(stream))[-1].recorded_at for stream in streams]
        assert all(moment == due_at + late for moment in recorded) or late < timedelta()


async def test_what_nobody_takes_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST", 2)
    async with crowd(3) as (story, streams):
        due_at = await foresee(story, streams)
        assert len(story.journal.ahead._made) == 2
        story.journal.ahead.sweep(due_at + ahead.GOOD_FOR)
        assert len(story.journal.ahead._made) == 2
        story.journal.ahead.sweep(due_at + ahead.GOOD_FOR + timedelta(microseconds=1))
        assert not story.journal.ahead._made
