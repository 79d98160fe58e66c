"""Steps go to the performer of their target's kind, and those of several targets to all of them, in their order.

This machine's own go to its shell, other machines are reached by SSH, and what runs in a container or a cluster is
carried by its tool on one of the two. What became of a step is told for each target; where nobody knows it for one
that may have changed, the step as a whole is in doubt and is not repeated anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from tocsin.engine.contracts import Blobs, Clock, Key
from tocsin.engine.output import Outputs
from tocsin.engine.stops import Stops
from tocsin.errors import NotBegun, OutsideError
from tocsin.integrations.fan import Gate, join, list_waves
from tocsin.integrations.recent import Recent, name_read
from tocsin.integrations.ssh.way import Far
from tocsin.integrations.within import Within, wrap
from tocsin.timeline.events import Fan, Intent, OnTarget, Outcome, StepFinished, StepRequested

Spot = Far | Within
"""Where a target is that is not this machine."""

MOST_OF_ALL = 64 * 2**20
LEAST_OF_EACH = 65536
"""Bytes of each stream that are kept: of all targets of a step together, and of each of very many."""


class Local(Protocol):
    """What performs steps on this machine."""

    async def perform(self, key: Key, intent: Intent) -> Outcome: ...


class Away(Protocol):
    """What performs steps on other machines."""

    async def run(
        self,
        key: Key,
        intent: StepRequested,
        far: Far,
        hear: Callable[[str, bytes], None],
        gate: Gate | None,
        most: int,
    ) -> StepFinished: ...

    async def close(self) -> None: ...


class Fleet:
    """The performer of steps, wherever they run. `spots` is looked up each time, so that a changed setting holds;
    `away` is only made once something runs elsewhere.
    """

    handles = (StepRequested,)

    def __init__(
        self,
        local: Local,
        away: Callable[[], Away],
        spots: Callable[[str], Spot | None],
        blobs: Blobs,
        clock: Clock,
        outputs: Outputs,
        stops: Stops | None = None,
    ) -> None:
        self._stops = stops or Stops()
        self._local, self._away, self._spots = local, away, spots
        self._blobs, self._outputs = blobs, outputs
        self._recent = Recent(clock)
        self._has_gone = False

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Run the step on its target, or on each of them. `NotBegun`: nothing was run anywhere."""
        assert isinstance(intent, StepRequested)
        if intent.fan is None and self._spots(intent.target) is None:
            return await self._local.perform(key, intent)
        same = name_read(intent)
        shared = self._recent.find(same, key, intent)
        if shared is not None:
            return shared
        begun = self._recent.begin(intent)
        output = self._outputs.begin(key.stream, intent.step)
        try:
            if intent.fan is not None:
                outcome = await self._fan_out(key, intent, intent.fan, lambda line: output.hear("out", line))
            else:
                outcome = await self._run(key, intent, intent.target, output.hear, None, MOST_OF_ALL)
        finally:
            self._outputs.end(key.stream, intent.step)
        if intent.changes or not self._stops.find(key):
            self._recent.end(begun, same, key, intent, outcome)
        return outcome

    async def close(self) -> None:
        """Leave the other machines, if any was ever reached."""
        if self._has_gone:
            await self._away().close()

    async def _run(
        self,
        key: Key,
        intent: StepRequested,
        target: str,
        hear: Callable[[str, bytes], None],
        gate: Gate | None,
        most: int,
    ) -> StepFinished:
        spot, one = self._spots(target), msgspec.structs.replace(intent, target=target, fan=None)
        if isinstance(spot, Within):
            one, within = wrap(one, spot), spot
            finished = await self._run(key, one, spot.on, hear, gate, most)
            return within.tell(finished, target, changes=intent.changes)
        if isinstance(spot, Far):
            self._has_gone = True
            return await self._away().run(key, one, spot, hear, gate, most)
        if gate is not None:
            await gate.arrive()
        outcome = await self._local.perform(key, one)
        assert isinstance(outcome, StepFinished)
        return outcome

    async def _fan_out(self, key: Key, intent: StepRequested, fan: Fan, tell: Callable[[bytes], None]) -> Outcome:
        gate = Gate(len(fan.members)) if fan.together else None
        places = asyncio.Semaphore(len(fan.members) if gate else fan.at_once)
        most = max(LEAST_OF_EACH, MOST_OF_ALL // len(fan.members))
        ends: dict[str, OnTarget] = {}

        async def go(target: str) -> None:
            async with places:
                stopped = self._stops.find(key)
                if stopped:
                    ends[target] = OnTarget(target=target, state="not_run", why=f"Not begun: {stopped}")
                    return
                bad = next((each for each in ends.values() if each.state != "ok"), None)
                if bad is not None and gate is None and (fan.stops or bad.target in held):
                    ends[target] = _skip(target, bad)
                    return
                ends[target] = await self._try(key, intent, target, gate, most)
            tell(_spell_line(ends[target]))

        held: set[str] = set()
        with self._stops.watch(key, gate.give_up if gate is not None else _leave_be):
            for wave in list_waves(fan):
                async with asyncio.TaskGroup() as group:
                    for target in wave:
                        group.create_task(go(target))
                if fan.order == "canary":
                    held = set(fan.members[:1])
        return await join(key, intent, [ends[each] for each in fan.members], self._blobs.put)

    async def _try(self, key: Key, intent: StepRequested, target: str, gate: Gate | None, most: int) -> OnTarget:
        """What became of it on one target; only being told to stop goes further."""
        try:
            ended = await self._run(key, intent, target, lambda name, chunk: None, gate, most)
        except NotBegun as error:
            if gate is not None:
                gate.give_up(f"{_name(target)} is not ready. {error}")
            return OnTarget(target=target, state="not_run", why=str(error))
        except OutsideError as error:
            return OnTarget(target=target, state="in_doubt" if intent.changes else "failed", why=str(error))
        if ended.on:
            return msgspec.structs.replace(ended.on[0], target=target)
        return OnTarget(
            target=target,
            state="ok" if ended.exit_code == 0 else "failed",
            exit_code=ended.exit_code,
            duration_s=ended.duration_s,
            stdout=ended.stdout,
            stderr=ended.stderr,
            head=ended.stdout_head,
            cut=ended.cut,
            why=ended.why,
            stdout_sealed=ended.stdout_sealed,
            stderr_sealed=ended.stderr_sealed,
        )


def _leave_be(why: str) -> None:
    """Those that run hear it themselves."""


def _skip(target: str, bad: OnTarget) -> OnTarget:
    return OnTarget(target=target, state="not_run", why=f"Not begun, since {_name(bad.target)} did not go well.")


def _name(target: str) -> str:
    return target.partition("/")[2] or target


def _spell_line(end: OnTarget) -> bytes:
    code = f", exit {end.exit_code}" if end.exit_code is not None else ""
    return f"{_name(end.target)}: {end.state.replace('_', ' ')}{code}\n".encode()


def list_targets(intent: StepRequested) -> Sequence[str]:
    """All that a step runs on."""
    return intent.fan.members if intent.fan is not None else (intent.target,)
