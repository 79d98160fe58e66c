"""Steps of a container or a cluster whose tool is on this machine: what that is handed, and that it is the tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.engine.contracts import Key
from tocsin.engine.output import Outputs
from tocsin.errors import NotBegun
from tocsin.integrations.fleet import Away, Fleet
from tocsin.integrations.within import MOST_ARGUMENT, Within
from tocsin.testing.clock import FakeClock
from tocsin.testing.story import START
from tocsin.timeline.events import StepFinished, StepRequested
from tocsin.words import Effect, Tag

from .bench import Bench, set_up

TOOL = """#!/bin/bash
test -t 0 && echo "terminal of $(stty size)"
echo "$@"
while [ "$1" != sh ]; do shift; done
"$@"
"""
"""It shows what it is given, then does as a container's shell would."""


class Ground:
    """A container on a local target whose tool is a stand-in."""

    def __init__(self, bench: Bench, folder: Path, *, terminal: bool = False) -> None:
        words = ("docker", "exec", "-i", "web", "sh", "-s")
        self.spot = Within(on="team/here", read=words, change=words, env={"INSIDE": "yes"}, terminal=terminal)
        self.blobs = bench.blobs
        (folder / "bin").mkdir()
        tool = folder / "bin" / "docker"
        tool.write_text(TOOL)
        tool.chmod(0o755)
        spots = {"team/web": self.spot}
        self.fleet = Fleet(bench.shell, never, spots.get, self.blobs, FakeClock(START), Outputs())

    async def ask(self, text: str, argv: tuple[str, ...] = (), tags: tuple[Tag, ...] = (), **env: str) -> StepFinished:
        intent = StepRequested(
            step="L1", text=text, target="team/web", effect=Effect.READ, digest="d", timeout_s=20, by="ana", argv=argv,
            tags=tags, bindings=env,
        )  # fmt: skip
        finished = await self.fleet.perform(Key("team-1", 7), intent)
        assert isinstance(finished, StepFinished)
        return finished

    async def say(self, text: str, argv: tuple[str, ...] = (), tags: tuple[Tag, ...] = ()) -> str:
        finished = await self.ask(text, argv, tags)
        return (await self.blobs.get(finished.stdout)).decode() if finished.stdout else ""


def never() -> Away:
    raise AssertionError("nothing of this goes to another machine")


@pytest.fixture
async def here(ground: Path, place: Path) -> Ground:
    return Ground(await set_up("found", ground, place), place)


async def test_a_single_command_runs_in_the_container_too_and_not_beside_its_tool(here: Ground) -> None:
    """Its words go with the step, for a target that needs no shell; here the tool alone may have it."""
    assert await here.say('printenv "INSIDE"', ("printenv", "INSIDE")) == "exec -i web sh -s\nyes\n"


async def test_a_terminal_reaches_into_the_container(ground: Path, place: Path) -> None:
    here = Ground(await set_up("found", ground, place), place)
    said = await here.say("test -t 0 && echo $INSIDE $(tty >/dev/null && echo in)", tags=(Tag.TERMINAL,))
    assert said.startswith("terminal of 1000 400\nexec -it web sh -c ") and said.endswith("\nyes in\n")


async def test_a_target_may_want_a_terminal_for_all_its_steps(ground: Path, place: Path) -> None:
    here = Ground(await set_up("found", ground, place), place, terminal=True)
    assert "terminal of 1000 400" in await here.say("echo x", ("echo", "x"))


async def test_what_is_too_long_for_one_word_of_a_command_is_not_begun(ground: Path, place: Path) -> None:
    here = Ground(await set_up("found", ground, place), place)
    with pytest.raises(NotBegun, match="Put it into a script"):
        await here.ask("true", tags=(Tag.TERMINAL,), VALUE="x" * MOST_ARGUMENT)
