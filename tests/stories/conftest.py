"""The casts of the stories: the five playbooks as their teams wrote them, with people who answer.

After every story that such a cast tells, the stored timeline alone gives the state that the engine has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast, Story

from ..planning import ask_everybody  # noqa: TID252
from ..timeline.replay import check_story  # noqa: TID252

PEOPLE = {
    name: Person(name=name.title(), mail=f"{name}@example.org", channels=("mail", "phone"))
    for name in ("ana", "bo", "lea", "max", "sec", "boss")
}


@pytest.fixture(autouse=True)
def _asked() -> Iterator[None]:
    """In every story, whoever is not asked for a plan has nothing to add."""
    with ask_everybody():
        yield


@pytest.fixture(autouse=True)
def _told_again(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever such a story holds is read again from its record alone, before the story is left."""
    if "cast" not in request.fixturenames:
        yield
        return
    read: list[int] = []
    leave = Story.__aexit__

    async def check_and_leave(story: Story, *error: Any) -> None:
        read.append(1 if any(error) else await check_story(story))  # what has failed says so itself
        await leave(story, *error)

    monkeypatch.setattr(Story, "__aexit__", check_and_leave)
    yield
    assert sum(read) > 0, "It told no story, or an empty one."


@pytest.fixture
def cast(seeds: Path) -> Callable[..., Cast]:
    """``cast("virtengine")`` is that team: ana is on call, bo second, lea leads, sec is security, boss is told last."""

    def make(name: str, **changes: Any) -> Cast:
        settings: dict[str, Any] = {
            "playbook": (seeds / f"{name}.md").read_bytes(),
            "name": name,
            "people": PEOPLE,
            "schedules": {"primary": Schedule(people=("ana",)), "secondary": Schedule(people=("bo",))},
            "levels": (("primary",), ("secondary",), ("max",)),
            "roles": {"engineering lead": ("lea",), "Security Team": ("sec",), "Incident Commander": ("lea",)},
            "last_resort": ("boss",),
        }
        return Cast(**(settings | changes))

    return make
