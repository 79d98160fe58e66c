"""A fleet of sshds for tests, and what its steps print while they run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.sshd import ME, Sshd

from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.engine.output import Outputs
from tocsin.engine.stops import Stops
from tocsin.integrations.fleet import Fleet, Spot
from tocsin.integrations.remote import Remote
from tocsin.integrations.ssh.link import Links
from tocsin.integrations.ssh.way import Far, Way
from tocsin.store.blobs import FileBlobs
from tocsin.store.sealed import Sealed
from tocsin.testing.clock import FakeClock
from tocsin.testing.story import START
from tocsin.timeline.events import Fan, Intent, OnTarget, Outcome, StepFinished, StepRequested
from tocsin.words import Effect

KEY = Key("team-1", 7)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sshd]:
    """A server for one test alone, which it may kill."""
    server = Sshd(tmp_path / "own")
    yield server
    server.stop()


class NoLocal:
    """Nothing of these tests runs on this machine itself."""

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        raise AssertionError("it was to run elsewhere")


class Range:
    """A fleet with an inventory, and what its steps print while they run."""

    def __init__(self, folder: Path) -> None:
        self.spots: dict[str, Spot] = {}
        self.blobs, clock = FileBlobs(folder, pass_by), FakeClock(START)
        self.links = Links()
        self.originals = Sealed(self.blobs, bytes(range(32)))
        self.stops = Stops()
        remote = Remote(self.links, self.blobs, clock, lambda name: None, self.originals, self.stops)
        self.fleet = Fleet(NoLocal(), lambda: remote, self.spots.get, self.blobs, clock, Outputs(), self.stops)

    def add(self, name: str, server: Sshd, **changes: Any) -> Far:
        way = Way(
            name=name, host="127.0.0.1", port=server.port, user=ME, known=server.known.encode(), key=server.key(),
            connect_s=60,
        )  # fmt: skip
        way = replace(way, **{each: changes.pop(each) for each in tuple(changes) if each in way.__struct_fields__})
        told: dict[str, Any] = {
            "read": way, "change": replace(way, key=server.key("changer")), "directory": "", "env": {}, "most": 2**20,
        }  # fmt: skip
        spot = self.spots[f"team/{name}"] = Far(**{**told, **changes})
        return spot

    async def ask(self, text: str, target: str = "web", **changes: Any) -> Any:
        told: dict[str, Any] = {
            "step": "L1", "text": text, "target": f"team/{target}", "effect": Effect.READ, "digest": "d",
            "timeout_s": 20, "by": "ana",
        }  # fmt: skip
        if changes.get("changes"):
            told["effect"] = Effect.MUTATE
        return await self.fleet.perform(KEY, StepRequested(**{**told, **changes}))

    async def read(self, text: str, target: str = "web", **changes: Any) -> str:
        finished = await self.ask(text, target, **changes)
        assert isinstance(finished, StepFinished)
        return (await self.blobs.get(finished.stdout)).decode() if finished.stdout else ""

    async def fan(
        self, text: str, members: list[str], *, changes: bool = False, timeout_s: int = 20, **fan: Any
    ) -> Any:
        told = Fan(members=tuple(f"team/{each}" for each in members), **fan)
        return await self.ask(text, "all", changes=changes, timeout_s=timeout_s, fan=told)


@pytest.fixture
async def range_(tmp_path: Path) -> AsyncIterator[Range]:
    made = Range(tmp_path / "blobs")
    yield made
    await made.fleet.close()


def states(ends: tuple[OnTarget, ...]) -> list[str]:
    return [end.state for end in ends]
