"""Executors for the fan-out bench: one small command on each of N targets by SSH that is kept open, journalled.

`kept_one_step` is how the product goes through a group: one step, one request and one outcome on the timeline, which
tells of each target. `kept_step_by_step` asks for a step of its own on each target, as many at a time as the bench
says: two synced entries for each. Both report only what has ended well and is on disk. `TOCSIN_BENCH_SSH` says where
the server is: port, user, and the files of the key and of known hosts.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from pathlib import Path

from journalled import TEAM, Journalled

from tocsin.engine.contracts import Blobs, Clock, Key
from tocsin.engine.output import Outputs
from tocsin.incident.book import TargetPolicy
from tocsin.integrations.fleet import Fleet
from tocsin.integrations.remote import Remote
from tocsin.integrations.ssh.link import Links
from tocsin.integrations.ssh.way import Far, Way
from tocsin.timeline.events import Fan, Intent, Outcome

OPENING = 8


class _NoLocal:
    async def perform(self, key: Key, intent: Intent) -> Outcome:
        raise AssertionError("nothing of this runs here")


class _Kept:
    """Connections opened before the clock starts, as the bare executor has it."""

    async def prepare(self, n: int, jobs: int) -> None:
        self.names = [f"t{at}" for at in range(n)]
        spots = {f"{TEAM}/{name}": _make_far(name) for name in self.names}
        self.links = Links()

        def make(blobs: Blobs, clock: Clock) -> Fleet:
            remote = Remote(self.links, blobs, clock, lambda name: None)
            return Fleet(_NoLocal(), lambda: remote, spots.get, blobs, clock, Outputs())

        self.ground = Journalled()
        policies = [TargetPolicy(name=name, kind="ssh") for name in spots]
        await self.ground.open(make, policies, max(1, min(n, jobs)))
        gate = asyncio.Semaphore(OPENING)

        async def connect(far: Far) -> None:
            async with gate:
                await self.links.find_for_reads(far.read)

        await asyncio.gather(*map(connect, spots.values()))

    async def finish(self) -> None:
        await self.ground.close()
        await self.links.close()


class _OneStep(_Kept):
    async def __call__(self, n: int, jobs: int, argv: list[str]) -> int:
        fan = Fan(members=tuple(f"{TEAM}/{name}" for name in self.names), at_once=jobs, stops=False)
        return n * await self.ground.run(self.ground.streams[0], "A1", shlex.join(argv), "all", fan=fan)


class _StepByStep(_Kept):
    async def __call__(self, n: int, jobs: int, argv: list[str]) -> int:
        left, text = list(enumerate(self.names)), shlex.join(argv)

        async def work(stream: str) -> int:
            done = 0
            while left:
                at, name = left.pop()
                done += await self.ground.run(stream, f"A{at}", text, name)
            return done

        return sum(await asyncio.gather(*map(work, self.ground.streams)))


def _make_far(name: str) -> Far:
    told = json.loads(os.environ["TOCSIN_BENCH_SSH"])
    way = Way(
        name=name,
        host="127.0.0.1",
        port=told["port"],
        user=told["user"],
        known=Path(told["known"]).read_bytes(),
        key=Path(told["key"]).read_bytes(),
        connect_s=60,
    )
    return Far(read=way, change=None, directory="", env={}, most=2**20)


kept_one_step, kept_step_by_step = _OneStep(), _StepByStep()
