"""After every story, the stored timeline alone gives the state that the engine has, and nobody has touched it."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.errors import Corrupt
from tocsin.incident.commands import Acknowledge, AddNote, Mitigate, Reopen, Resolve
from tocsin.incident.evolve import fold
from tocsin.testing.story import Cast, Story
from tocsin.timeline import chain
from tocsin.timeline import events as e
from tocsin.timeline.codec import encode, unseal

from .replay import KEY

TOUCH = "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'the disk', 'no disk') AS BLOB)"


@pytest.fixture
def cast(seeds: Path) -> Any:
    """The casts of the stories."""
    return load_stories().cast.__wrapped__(seeds)


def load_stories() -> ModuleType:
    return importlib.import_module("..stories.conftest", __package__)


async def test_every_story_of_a_cast_is_read_again_from_its_record(
    cast: Callable[..., Cast], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands around each test of `tests/stories`: it reads the record, and it can fail."""
    for is_touched in (False, True):
        with monkeypatch.context() as patched:
            around = load_stories()._told_again.__wrapped__(_Asking(), patched)
            next(around)
            story = Story(cast("virtengine"))
            await story.__aenter__()
            await story.alert("ChainHalted")
            await story.do(AddNote(by="ana", text="the disk is full"))
            if is_touched:
                with closing(sqlite3.connect(story.store.path)) as database, database:
                    database.execute(
                        "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'the disk', 'no disk') AS BLOB)"
                    )
                with pytest.raises(AssertionError):
                    await story.__aexit__(None, None, None)
                await story.__aexit__(AssertionError, None, None)
            else:
                await story.__aexit__(None, None, None)
            assert next(around, "over") == "over"
    with monkeypatch.context() as patched, pytest.raises(AssertionError, match="told no story"):
        list(load_stories()._told_again.__wrapped__(_Asking(), patched))


class _Asking:
    """Stands for what asks for a cast."""

    fixturenames = ("cast",)


# ── and what is touched is noticed ─────────────────────────────────────────────────────────────────────────────────


async def halted(cast: Callable[..., Cast]) -> Story:
    """A story with a bit of everything, told but not over."""
    story = await Story(cast("virtengine")).__aenter__()
    await story.alert("ChainHalted", instance="a")
    await story.do(Acknowledge(by="ana"))
    await story.advance("20m")
    await story.do(Mitigate(by="ana"))
    await story.alert("ChainHalted", instance="a", resolved=True)
    await story.do(Resolve(by="ana"))
    await story.do(Reopen(by="ana", reason="it halted again"))
    return story


async def test_a_timeline_with_one_entry_changed_left_out_or_swapped_is_no_longer_itself(
    cast: Callable[..., Cast],
) -> None:
    story = await halted(cast)
    sealed = await story.store.load(story.stream)
    await story.__aexit__(None, None, None)
    for at in range(1, len(sealed) - 1):
        other = replace(sealed[at], body=encode(e.NoteAdded(text="nothing happened", by="ana")))
        for touched in (
            [*sealed[:at], other, *sealed[at + 1 :]],
            [*sealed[:at], *sealed[at + 1 :]],
            [*sealed[:at], sealed[at + 1], sealed[at], *sealed[at + 2 :]],
            [*sealed[:at], replace(sealed[at], at=sealed[0].at, recorded_at=sealed[-1].recorded_at), *sealed[at + 1 :]],
        ):
            assert list(chain.check_stream(KEY, touched))
    assert list(chain.check_stream(b"x" * 32, sealed))


async def test_a_timeline_without_its_beginning_is_left_alone(cast: Callable[..., Cast]) -> None:
    story = await halted(cast)
    sealed = await story.store.load(story.stream)
    await story.__aexit__(None, None, None)
    with pytest.raises(Corrupt, match="tocsin verify"):
        fold(map(unseal, sealed[1:]))


async def test_two_servers_that_hear_the_same_write_the_same(cast: Callable[..., Cast]) -> None:
    """Nothing in a timeline comes from chance: told again, every byte and every seal is the same."""
    told = []
    for _ in range(2):
        story = await halted(cast)
        told.append(await story.store.load(story.stream))
        await story.__aexit__(None, None, None)
    assert told[0] == told[1]


async def test_what_is_replayed_half_way_is_what_was_true_then(cast: Callable[..., Cast]) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        states = []
        for note in ("one", "two", "three"):
            await story.do(AddNote(by="ana", text=note))
            await story.advance("4m")
            states.append(await story.incident())
        entries = await story.journal.entries(story.stream)
        for state in states:
            assert fold(entries[: state.seq]) == state
