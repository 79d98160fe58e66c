"""The machine under the steps: it writes down what ran, and answers; some statements hang until their time is over."""

from __future__ import annotations

import asyncio

from tocsin.engine.contracts import Blobs, Key
from tocsin.engine.failpoint import Reach
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.disk import Alive
from tocsin.testing.simulation.faults import Mischief
from tocsin.testing.simulation.record import Ran
from tocsin.timeline.events import Intent, Outcome, StepFinished, StepRequested

TIMED_OUT = 124


class Machine:
    """The performer of steps, with the failpoints of the one that ships."""

    handles = (StepRequested,)

    def __init__(
        self, alive: Alive, mischief: Mischief, dice: Dice, blobs: Blobs, reach: Reach, ran: list[Ran]
    ) -> None:
        self._alive, self._mischief, self._dice, self._blobs = alive, mischief, dice, blobs
        self._reach, self._ran = reach, ran
        self._time = asyncio.get_running_loop().time

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Run a statement."""
        assert isinstance(intent, StepRequested)
        word = "change" if intent.changes else "read"
        self._reach(f"{word}.before_spawn")
        self._ran.append(Ran(self._time(), str(key), intent.step, intent.changes, intent.by))
        hangs = self._mischief.hangs(word)
        self._reach(f"{word}.during")
        takes = intent.timeout_s if hangs else self._dice.wait(0.4, 20.0)
        await asyncio.sleep(takes)
        self._alive.require()
        self._reach(f"{word}.after")
        said = f"What {key} says." if self._dice.chance(0.8) else ""
        exit_code = TIMED_OUT if hangs else int(self._dice.chance(0.1))
        return StepFinished(
            answers=key.seq,
            step=intent.step,
            exit_code=exit_code,
            duration_s=round(takes, 3),
            stdout=await self._blobs.put(said.encode()) if said else "",
            stdout_head=said,
            why="It did not end in time." if hangs else "",
        )
