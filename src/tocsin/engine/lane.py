"""Lanes: what waits for one team is decided together, one batch after the other, and no team waits for another.

Two messages that speak of the same alert cannot open two incidents, and while one batch is on its way to the disk the
next one gathers. Whoever brought signals waits for all of theirs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping

from msgspec.structs import replace

from tocsin.alert.route import Destination
from tocsin.alert.row import AlertRow
from tocsin.errors import Unavailable

LOG = logging.getLogger("tocsin.intake")

MOST_IN_BATCH = 2000
"""Signals that are decided and committed together."""
MOST_FAILURES = 3
"""After so many signals of one message that could not be taken in, the rest is not tried: the fault is ours."""


class Backlog:
    """How many signals of all messages are on their way in, whether or not anybody still waits for them."""

    def __init__(self) -> None:
        self.count = 0


class Receipt:
    """One message: how many of its signals are to be taken in yet, how many could not be, and which count as beats."""

    __slots__ = ("_backlog", "_tell", "beats", "failed", "left")

    def __init__(self, count: int, backlog: Backlog) -> None:
        self.left, self.failed = count, 0
        self.beats: list[Item] = []
        self._backlog = backlog
        self._tell: Callable[[], None] | None = None
        backlog.count += count

    def done(self, count: int = 1) -> None:
        """Signals are on disk, or failed."""
        self.left -= count
        self._backlog.count -= count
        if not self.left and self._tell is not None:
            tell, self._tell = self._tell, None
            try:
                tell()
            except Exception:
                LOG.exception("What had come in is taken in, and whoever brought it could not be told.")

    def tell(self, told: Callable[[], None]) -> None:
        """Call `told` as soon as all are taken in, or failed, within that very turn of the loop: it must be quick."""
        assert self.left
        self._tell = told

    async def wait(self) -> None:
        """Wait until all are taken in, or failed."""
        if self.left:
            waits = asyncio.get_running_loop().create_future()
            self.tell(lambda: None if waits.done() else waits.set_result(None))
            await waits

    @property
    def is_settled(self) -> bool:
        """Whether it is known of each signal how it went, and of each beat."""
        return not self.left and not self.beats

    async def settle(self, watch: Callable[[str, str, AlertRow], Awaitable[None]]) -> None:
        """Wait until all are taken in, then have the beats heard; those that are not, stay."""
        await self.wait()
        while self.beats:
            item = self.beats[0]
            await watch(item.to.team or "", item.to.heartbeat, item.row)
            del self.beats[0]

    def fail(self, labels: Mapping[str, str]) -> None:
        """One could not be taken in; to be called where the error is at hand."""
        self.failed += 1
        self.done()
        LOG.exception("An alert (%s) could not be taken in.", labels.get("alertname", "without a name"))

    def check(self) -> None:
        """Raise `Unavailable` if anything could not be taken in."""
        if self.failed:
            count = "An alert" if self.failed == 1 else "Several alerts"
            raise Unavailable(f"{count} could not be taken in; the server's log says why. Send them again.")


class Item:
    """A signal on its way in: where it belongs, the row of its alert, and how its labels were spelt if that is known.
    What it says of its start is `began`, whatever becomes of the row.

    `again`: it is no message, but an alert that fires as far as is known and has no incident. It is that alert,
    whatever key of its source it once came with.
    """

    __slots__ = ("anew", "began", "form", "keyed", "receipt", "row", "to")

    def __init__(
        self,
        to: Destination,
        row: AlertRow,
        receipt: Receipt,
        keyed: str | None,
        form: tuple[bytes, int, int] | None,
        again: AlertRow | None = None,
    ) -> None:
        self.anew = again is not None
        row = row if again is None else replace(row, fingerprint=again.fingerprint)
        self.began = row.starts_at
        self.to, self.row, self.receipt, self.keyed, self.form = to, row, receipt, keyed, form


class Lane:
    """What waits for one team."""

    def __init__(self, take: Callable[[list[Item]], Awaitable[None]]) -> None:
        self._take = take
        self.lock = asyncio.Lock()
        self.waiting: deque[Item] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, items: Iterable[Item]) -> None:
        """Have signals taken in."""
        self.waiting.extend(items)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self.waiting:
                async with self.lock:
                    batch = [self.waiting.popleft() for _ in range(min(len(self.waiting), MOST_IN_BATCH))]
                    await self._take(batch)
        finally:
            self._task = None
