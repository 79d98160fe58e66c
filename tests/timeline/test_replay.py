"""After every story, the stored timeline alone gives the state that the engine has, and nobody has touched it."""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Coroutine, Iterator
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

from .replay import KEY, check_story

STORIES = Path(__file__).parents[1] / "stories"
MOST_ROWS = 3
Telling = Callable[..., Coroutine[Any, Any, None]]


def load(path: Path) -> ModuleType:
    return importlib.import_module(f"..stories.{path.stem}", __package__)


def cases(telling: Telling) -> Iterator[dict[str, Any]]:
    """The arguments that a story's own table gives it."""
    tables = []
    for mark in getattr(telling, "pytestmark", ()):
        if mark.name == "parametrize":
            names, rows = mark.args[:2]
            names = [names] if isinstance(names, str) and "," not in names else names
            tables.append([dict(zip(names, row if len(names) > 1 else (row,), strict=True)) for row in rows])
    for row in itertools.product(*tables):
        yield {name: value for each in row for name, value in each.items()}


def tellings() -> Iterator[Any]:
    """Every story that is told by somebody's playbook, with the first rows of its table."""
    for path in sorted(STORIES.glob("test_*.py")):
        for name, telling in vars(load(path)).items():
            if name.startswith("test_") and "cast" in inspect.signature(telling).parameters:
                for number, given in enumerate(itertools.islice(cases(telling), MOST_ROWS)):
                    yield pytest.param(telling, given, id=f"{path.stem}.{name}.{number}")


@pytest.fixture
def cast(seeds: Path) -> Any:
    """The casts of the stories."""
    return load(STORIES / "conftest.py").cast.__wrapped__(seeds)


@pytest.mark.parametrize(("telling", "given"), list(tellings()))
async def test_a_story_can_be_told_again_from_its_timeline(
    cast: Any, telling: Telling, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[int] = []
    leave = Story.__aexit__

    async def check_and_leave(story: Story, *error: Any) -> None:
        if error == (None, None, None):
            checked.append(await check_story(story))
        await leave(story, *error)

    monkeypatch.setattr(Story, "__aexit__", check_and_leave)
    await telling(cast, **given)
    assert sum(checked) > 0


def test_there_are_stories_to_tell() -> None:
    names = {str(each.id).split(".")[0] for each in tellings()}
    assert names >= {"test_chain_halted", "test_security_breach", "test_routing"}


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
