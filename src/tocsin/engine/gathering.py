"""Changes of one stream that wait for their turn: they are decided one after the other, and committed as one.

While one commit of an incident is on its way to the disk, the steps that end meanwhile, the next that begin and what
people ask for gather. Each is decided on what the one before it has made of the incident, by its own rules, and is
refused alone; then the planners are asked once for all of them. So sixteen steps that end together cost one sync, and
nobody is told of anything before that sync.
"""

from __future__ import annotations

import asyncio
from asyncio import sleep
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tocsin.engine.change import Change
from tocsin.engine.contracts import Write
from tocsin.timeline.entry import Entry

MOST = 20
"""Changes that are decided together before others have a turn: a few milliseconds."""

FIRST = frozenset({"start", "outcome"})
"""That a step begins, and what came of it, is committed with the next to go, whatever else waits: until then the step,
or what follows it, is held up. As many of them as of others may be decided together.
"""
APART_S = 0.003
"""Of an incident of which many steps are under way these are committed so often at most."""
MOST_BUSY = 1000
ALONE = Write()


class Part:
    """One change among those of a commit, and what came of it: its own entries, or why there are none.

    It lets go of an error that it has told: an error knows the frames that it came through, and they know the part. For
    the same reason no frame here has a name for the lock of a stream, which is forgotten once nobody holds it.
    """

    __slots__ = ("cause", "change", "done", "entries", "error", "write")

    def __init__(self, change: Change, cause: str, write: Write, done: asyncio.Future[list[Entry]] | None) -> None:
        self.change, self.cause, self.write, self.done = change, cause, write, done
        self.entries: list[Entry] = []
        self.error: Exception | None = None

    def begin(self) -> None:
        """Forget what an earlier try has made of it."""
        self.entries, self.error = [], None

    def settle(self, planned: Sequence[Entry]) -> list[Entry]:
        """The entries that are its own, and what the planners have added; raises what it was refused with."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
            return [*self.entries, *planned]
        finally:
            del error

    def tell(self, planned: Sequence[Entry]) -> None:
        """Tell whoever waits for it, if anybody still does."""
        if self.done is None or self.done.done():
            return
        error, self.error = self.error, None
        if error is not None:
            self.done.set_exception(error)
        else:
            self.done.set_result([*self.entries, *planned])

    def fail(self, error: BaseException) -> None:
        """Nothing of the commit is known to be on disk."""
        if self.done is None or self.done.done():
            return
        if isinstance(error, Exception):
            self.done.set_exception(error)
        else:
            self.done.cancel()


def join_writes(parts: Sequence[Part]) -> Write:
    """What belongs to the transaction beside the stream's entries: of several parts, errands that are handed out."""
    if len(parts) == 1:
        return parts[0].write
    claims = tuple(errand for part in parts for errand in part.write.claims)
    patient = all(part.write.patient for part in parts)
    return msgspec.structs.replace(ALONE, claims=claims, patient=patient) if claims or patient else ALONE


class Gathering:
    """Those that wait, by stream. `carry` is given the parts of one commit once it is their turn."""

    def __init__(
        self,
        hold: Callable[[str], asyncio.Lock],
        carry: Callable[[str, Sequence[Part]], Awaitable[Sequence[Entry]]],
        is_busy: Callable[[str], bool],
    ) -> None:
        self._hold, self._carry, self._is_busy = hold, carry, is_busy
        self._next: dict[str, float] = {}
        self._waiting: dict[str, deque[list[Part]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def change(self, change: Change, cause: str, write: Write) -> list[Entry]:
        """Have a change decided and committed, with others of its stream if it must wait; its entries."""
        at_once = not (self._hold(change.stream).locked() or change.stream in self._waiting)
        if (at_once and not self._find_wait(change.stream, cause)) or not may_join(change, write):
            part = Part(change, cause, write, None)
            async with self._hold(change.stream):
                return part.settle(await self._carry(change.stream, (part,)))
        part = Part(change, cause, write, asyncio.get_running_loop().create_future())
        self._find_company(change.stream, cause).append(part)
        assert part.done is not None
        try:
            return await part.done
        finally:
            part.done = None

    def _find_company(self, stream: str, cause: str) -> list[Part]:
        """Those with whom a change is committed: the next to go where a step is held up by it, else the last."""
        waiting = self._waiting.setdefault(stream, deque())
        for company in waiting if cause in FIRST else [*waiting][-1:]:
            if len(company) < (2 * MOST if cause in FIRST else MOST):
                return company
        company = list[Part]()
        waiting.append(company)
        task = asyncio.create_task(self._go(stream, company))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return company

    def _find_wait(self, stream: str, cause: str) -> float:
        """How long it waits for company: where many steps of one incident begin and end, each commit is for several."""
        if cause not in FIRST or not self._is_busy(stream):
            return 0.0
        now = asyncio.get_running_loop().time()
        if len(self._next) >= MOST_BUSY:
            self._next.clear()
        left = self._next.get(stream, now) - now
        if left <= 0:
            self._next[stream] = now + APART_S
        return max(0.0, left)

    def _shut(self, stream: str, company: list[Part]) -> None:
        """Nobody joins it any more."""
        waiting = self._waiting.get(stream, deque())
        if any(each is company for each in waiting):
            self._waiting[stream] = deque(each for each in waiting if each is not company)
        if not self._waiting.get(stream):
            self._waiting.pop(stream, None)

    async def _go(self, stream: str, waiting: list[Part]) -> None:
        """Take the stream, shut the company, and have it carried out. Who has gone away meanwhile asks for nothing."""
        parts: Sequence[Part] = waiting
        try:
            if wait := self._find_wait(stream, waiting[0].cause) if waiting else 0.0:
                await sleep(wait)
            async with self._hold(stream):
                self._shut(stream, waiting)
                parts = [part for part in waiting if part.done is not None and not part.done.cancelled()]
                planned = await self._carry(stream, parts) if parts else ()
        except BaseException as error:
            self._shut(stream, waiting)
            for part in parts:
                part.fail(error)
            if not isinstance(error, Exception):
                raise
            return
        for part in parts:
            part.tell(planned)


def may_join(change: Change, write: Write) -> bool:
    """Whether it may be committed with others: what is counted on, or brings more than errands, goes alone."""
    if change.is_new or write is ALONE:
        return not change.is_new
    return write == msgspec.structs.replace(ALONE, claims=write.claims, patient=write.patient)
