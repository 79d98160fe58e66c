"""The heartbeat that goes out: whoever watches from outside hears it only while nothing of ours is overdue.

It says more than that the process lives: timers fire in time, pages leave, the data can be read, and the incident that
is made up now and then (`synthetic.py`) was paged. If any of that fails, nothing is sent, and the other side calls.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

import httpx
import msgspec

from tocsin.app.watch.metrics import Extra
from tocsin.app.watch.rest import rest
from tocsin.app.watch.unreached import Unreached
from tocsin.engine.contracts import CHANNEL, TARGET, Backlog, Queue
from tocsin.engine.loop import Engine

LOG = logging.getLogger("tocsin.heartbeat")

TIMEOUT_S = 10.0
LOOK_EVERY_S = 5.0
"""Whether there is a heartbeat in the settings now, where there was none."""


class HeartbeatTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[heartbeat]`: `url` is asked (GET) every `every_s` seconds while nothing is late by more than `overdue_s`.

    ``{node}`` in it is the name of the node that asks. Who holds such an address can pretend that we live: with
    `url_file` it stands in a file below the workspace instead.
    """

    url: str = ""
    url_file: str = ""
    every_s: float = 60.0
    overdue_s: float = 10.0


class Beating(msgspec.Struct, frozen=True, kw_only=True):
    """The heartbeat as it is sent now."""

    url: str
    every_s: float
    overdue_s: float


class Outgoing:
    """Sends it. `trouble` is why the last one was not sent or did not arrive, in words; empty if it was."""

    def __init__(
        self, engine: Engine, find: Callable[[], Beating | None], look: Callable[[], str], ask: Ask | None = None
    ) -> None:
        self._engine, self._find, self._look, self._ask = engine, find, look, ask or ask_outside
        self._unreached = Unreached(engine.journal)
        self._sent_at: datetime | None = None
        self.trouble = ""

    async def run(self) -> None:
        """Send it for ever, while it is in the settings."""
        while True:
            await self._go_round(self._find())

    async def _go_round(self, beating: Beating | None) -> None:
        if beating is not None:
            await self.turn(beating)
        await rest(beating.every_s if beating is not None else LOOK_EVERY_S, lambda: self._find() == beating)

    async def turn(self, beating: Beating) -> None:
        """Send it once, or say why not."""
        try:
            trouble = await self._find_trouble(beating)
        except Exception as error:
            LOG.exception("Whether anything is overdue could not be found out")
            trouble = f"the data could not be read ({type(error).__name__})"
        if not trouble:
            trouble = await self._try(beating.url)
        if not trouble:
            self._sent_at = self._engine.clock.now()
        elif trouble != self.trouble:
            LOG.critical("No heartbeat went out: %s.", trouble)
        self.trouble = trouble

    async def _try(self, url: str) -> str:
        try:
            return await self._ask(url)
        except Exception as error:  # noqa: BLE001 whatever it is, the server goes on; its text may hold the address
            return f"the monitor could not be asked ({type(error).__name__})"

    async def _find_trouble(self, beating: Beating) -> str:
        engine = self._engine
        if engine.is_sick:
            return "the engine has not turned for a while"
        before = engine.clock.now() - timedelta(seconds=beating.overdue_s)
        backlog = await engine.journal.store.backlog(before)
        broken = {to for to, since in engine.dispatch.breakers.list_open() if since <= before}
        return tell_overdue(backlog, broken) or self._unreached.tell(before) or self._look()

    def tell_figures(self) -> list[Extra]:
        """When the last one arrived, for `/metrics`."""
        if self._sent_at is None:
            return []
        what = "When the last outgoing heartbeat arrived, in seconds since 1970."
        return [Extra(name="tocsin_heartbeat_sent_timestamp_seconds", what=what, value=self._sent_at.timestamp())]


def tell_overdue(backlog: Backlog, broken: Collection[str] = ()) -> str:
    """What of a backlog is overdue, in words; empty if nothing is. Whatever waits for what is `broken` is, too.

    Steps may wait: no more than a few run at a time.
    """
    pages = [queue for queue in backlog.queues if queue.waiting and not queue.destination.startswith(TARGET)]
    late = [queue for queue in pages if queue.oldest is not None or queue.destination in broken]
    timers = [f"{backlog.wakes} timer{'' if backlog.wakes == 1 else 's'}"] if backlog.wakes else []
    found = timers + [_tell_queue(queue) for queue in late]
    return f"overdue: {', '.join(found)}" if found else ""


def _tell_queue(queue: Queue) -> str:
    return f"{queue.waiting} page{'' if queue.waiting == 1 else 's'} for {queue.destination.removeprefix(CHANNEL)}"


async def ask_outside(url: str) -> str:
    """Ask the address once; what went wrong, in words without the address, which is a secret.

    No redirect is followed: what answers with one is hardly the monitor, and the address would go on to wherever.
    """
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
            answer = await client.get(url)
    except Exception as error:  # noqa: BLE001 a port, a proxy or certificates that are none raise what httpx names not
        return f"the monitor did not answer ({type(error).__name__})"
    return "" if answer.is_success else f"the monitor answered {answer.status_code}"


Ask = Callable[[str], Awaitable[str]]
