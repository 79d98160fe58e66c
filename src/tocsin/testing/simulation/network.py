"""Channels that lose, delay, double, reorder and refuse pages, and write down what reached them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import Reach
from tocsin.errors import Rejected, Unavailable
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage
from tocsin.testing.simulation import faults
from tocsin.testing.simulation.disk import Alive
from tocsin.testing.simulation.faults import Mischief
from tocsin.testing.simulation.loop import OUTSIDE
from tocsin.testing.simulation.record import Arrived, Turned

CHANNELS = ("chat", "mail", "phone")
TIMEOUT_S = 8.0
LONGEST_DELAY_S = 6.0
LONGEST_QUEUE_S = 60.0

LOST = (faults.DROP, faults.FAIL, faults.REJECT, faults.OUTAGE)
"""What keeps a page from arriving."""

Hear = Callable[[Arrived], None]


class Channel:
    """One server's way to a channel. `hear` is called with each page that arrives, whatever becomes of the server."""

    def __init__(
        self, name: str, alive: Alive, mischief: Mischief, reach: Reach, hear: Hear, turned: list[Turned]
    ) -> None:
        self.name, self._turned = name, turned
        self._alive, self._mischief, self._reach, self._hear = alive, mischief, reach, hear
        self._loop = asyncio.get_running_loop()

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Put a page on the network; the vendor's answer, or an `OutsideError`."""
        self._alive.require()
        fault = self._mischief.strike_channel(self.name, self._loop.time())
        self._post(key, message, fault)
        self._reach("page.during_send")
        await self._answer(fault)
        self._alive.require()
        return "HTTP 200"

    def _post(self, key: Key, message: PageMessage, fault: str | None) -> None:
        """Let it arrive, if it does, whatever happens to the server meanwhile."""
        if fault in (*LOST, faults.LATE_ANSWER):
            self._turned.append(Turned(self._loop.time(), self.name))
        if fault in LOST:
            return
        roll = self._mischief.dice.roll()
        takes = {faults.DELAY: LONGEST_DELAY_S, faults.REORDER: LONGEST_QUEUE_S}.get(fault or "", 0.1) * roll
        self._deliver(key, message, takes)
        if fault == faults.DUPLICATE:
            self._deliver(key, message, takes + 3 * roll, copy=True)

    def _deliver(self, key: Key, message: PageMessage, takes: float, *, copy: bool = False) -> None:
        left_at = self._loop.time()

        def arrive() -> None:
            page = Arrived(
                left_at, self._loop.time(), self.name, str(key), message.responder, message.round, message.repeat, copy
            )
            self._hear(page)

        self._loop.call_later(takes, arrive, context=OUTSIDE)

    async def _answer(self, fault: str | None) -> None:
        match fault:
            case faults.DROP | faults.LATE_ANSWER:
                await asyncio.sleep(TIMEOUT_S)
                raise Unavailable("The channel did not answer in time.")
            case faults.DRIP:
                await asyncio.sleep(10 * TIMEOUT_S)
            case faults.OUTAGE | faults.FAIL:
                raise Unavailable("The channel answered 503.")
            case faults.REJECT:
                raise Rejected("The channel answered 400.")
            case faults.DELAY:
                await asyncio.sleep(LONGEST_DELAY_S)
            case None if self._mischief.dice.roll() < 0.2:
                await asyncio.sleep(0.1)
