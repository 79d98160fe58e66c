"""A shell with its target and its blobs, to run statements for real."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.engine.output import Outputs
from tocsin.engine.stops import Stops
from tocsin.integrations.box import Box
from tocsin.integrations.doors import OPEN
from tocsin.integrations.isolation import STEP_UID, Isolation, find_isolation
from tocsin.integrations.local import LocalTarget, Place
from tocsin.integrations.scratch import Scratches
from tocsin.integrations.shell import Shell
from tocsin.store.blobs import FileBlobs
from tocsin.timeline.events import StepFinished, StepRequested
from tocsin.words import Effect, Tag

KINDS = ["found", "uid"] if os.geteuid() == 0 else ["found"]


class Bench:
    """A shell, its target and its blobs."""

    def __init__(self, shell: Shell, blobs: FileBlobs, secret: Path) -> None:
        self.shell, self.blobs, self.secret = shell, blobs, secret
        self._seq = 0

    async def run(
        self,
        text: str,
        *,
        changes: bool = False,
        timeout_s: int = 20,
        incident: str = "team-1",
        argv: tuple[str, ...] = (),
        tags: tuple[Tag, ...] = (),
        **env: str,
    ) -> StepFinished:
        self._seq += 1
        intent = StepRequested(
            step=f"L{self._seq}", text=text, target="team/here", effect=Effect.MUTATE if changes else Effect.READ,
            digest="d", timeout_s=timeout_s, bindings=env, changes=changes, by="ana", argv=argv,
            tags=tags,
        )  # fmt: skip
        outcome = await self.shell.perform(Key(incident, self._seq), intent)
        assert isinstance(outcome, StepFinished)
        return outcome

    async def out(self, finished: StepFinished) -> str:
        return (await self.blobs.get(finished.stdout)).decode() if finished.stdout else ""


async def set_up(
    kind: str,
    ground: Path,
    place: Path,
    outputs: Outputs | None = None,
    uid: int = STEP_UID,
    stops: Stops | None = None,
    **settings: Any,
) -> Bench:
    """A bench whose target lies in `place`, in a server with a secret; with mounts its ``keys`` are too. Where the
    server is root, its steps are `uid`.
    """
    data = ground / "data"
    data.mkdir(mode=0o700)
    (data / "secret").write_text("the chain's key")
    network = settings.get("change_network", OPEN)
    private = (data, place / "keys") if kind == "found" else (data,)
    readable = tuple(map(Path, settings.get("readable", ())))
    box = Box(directory=place, readable=readable, writable=(place,), private=private, network=network)
    isolation = await find_isolation([box]) if kind == "found" else await _own_uid(box)
    if isinstance(isolation, str):
        pytest.skip(isolation)
    if isolation.uid is not None:
        isolation = msgspec.structs.replace(isolation, uid=uid)
    blobs = FileBlobs(data / "blobs", pass_by)
    env = {"TEAM": "blue", **settings.pop("env", {})}
    target = LocalTarget(path=("bin",), env=env, **settings)
    found = Place(target=target, directory=place, box=box)
    scratches = Scratches(data / "scratch")
    shell = Shell(lambda name: found, isolation, blobs, SystemClock(), pass_by, scratches, outputs, stops=stops)
    return Bench(shell, blobs, data / "secret")


async def _own_uid(box: Box) -> Isolation:
    """The fall-back without bubblewrap, as good as this machine lets it be."""
    best = await find_isolation([box])
    if isinstance(best, str):
        return Isolation(uid=STEP_UID)
    return msgspec.structs.replace(best, bwrap=None, uid=STEP_UID)
