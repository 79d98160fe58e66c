"""Sends a page over a channel, if that is in order or to be tried; what only tells goes round over another.

A page that calls has its next channel from the planner, in its own time. One that only tells is decided once, so its
other channels are asked here: it must not wait for the one that is out of order, nor be lost where that says no.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tocsin.engine.breaker import Breakers
from tocsin.engine.contracts import CHANNEL, Clock, Key
from tocsin.engine.gates import Gates
from tocsin.engine.journal import Journal
from tocsin.engine.together import Together
from tocsin.engine.undone import fail, withhold
from tocsin.incident.urgency import Ways
from tocsin.oncall.outsider import CONTACT
from tocsin.page.outside import list_channels
from tocsin.page.plan import find_answer, goes_on, list_detours
from tocsin.timeline.events import Outcome, PageDelivered, PageFailed, PageRequested


class Sending:
    """Asks channels, and notes which of them are out of order. `mended` is called when one no longer is."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        breakers: Breakers,
        gates: Gates,
        together: Together,
        mended: Callable[[], None],
    ) -> None:
        self._journal, self._clock, self._breakers = journal, clock, breakers
        self._gates, self._together, self._mended = gates, together, mended

    async def ask(self, key: Key, page: PageRequested) -> tuple[Outcome, bool]:
        """What its channel says, and whether that was tried at all."""
        to, begun = f"{CHANNEL}{page.channel}", self._clock.now()
        if not self._breakers.admit(to, begun):
            why = f"{page.channel} is {self._breakers.tell(to)}; it was not asked again."
            return fail(key.seq, page, why, passing=True), False
        outcome = await self._together.send(key, page)
        if isinstance(outcome, PageFailed) and outcome.passing:
            self._breakers.fail(to, begun, self._clock.now())
            self._gates.doubt(to)
            return outcome, True
        self._gates.show(to)
        if isinstance(outcome, PageDelivered) and self._breakers.mend(to, self._clock.now()):
            self._mended()
        return outcome, True

    async def go_round(self, key: Key, page: PageRequested, *, tried: bool) -> tuple[Outcome | None, bool]:
        """What another of the responder's channels says that takes a page which only tells, or why it is withheld by
        now; null if none takes it. And whether any may have taken it all the same, as one that was `tried` may have.
        """
        if not page.informs or page.responder.startswith(CONTACT):
            return None, tried
        for channel in await self._list_detours(key.stream, page):
            why = await self._wait(key, page, f"{CHANNEL}{channel}")
            if why:
                return withhold(key.seq, page, why), tried
            outcome, asked = await self.ask(replace(key, again=key.again or tried), replace(page, channel=channel))
            if isinstance(outcome, PageDelivered):
                said = f"{page.channel} did not take it"
                return replace(outcome, detail=f"{said}; {outcome.detail}" if outcome.detail else said), True
            tried = tried or asked
        return None, tried

    async def _wait(self, key: Key, page: PageRequested, to: str) -> str:
        """Wait at the gate of another channel; why it is not to be sent any more, empty if it is. The channel before
        may have taken its time.
        """
        while True:
            incident = await self._journal.incident(key.stream)
            assert incident is not None
            why = find_answer(incident, page, key.seq)
            if why or not await self._gates.hold_back(to):
                return why

    async def _list_detours(self, stream: str, page: PageRequested) -> tuple[str, ...]:
        incident, shelf = await self._journal.incident(stream), self._journal.shelf
        assert incident is not None
        book = await shelf.book(incident)
        ways = Ways(incident, book, shelf.rota(incident))
        return list_detours(page, ways.channels(page.responder), book.policy.sharing)

    async def goes_on(self, stream: str, page: PageRequested, *, tried: bool) -> bool:
        """Whether a page has failed for good on this channel, so that the planner asks the next; else it waits."""
        incident, now = await self._journal.incident(stream), self._clock.now()
        assert incident is not None
        shelf, who = self._journal.shelf, page.responder
        book = await shelf.book(incident)
        ways = Ways(incident, book, shelf.rota(incident))
        channels = list_channels(book, who) if who.startswith(CONTACT) else ways.channels(who)
        hopeful = [each for each in channels if self._breakers.is_hopeful(f"{CHANNEL}{each}", now)]
        return goes_on(incident, page, channels, hopeful, tried=tried)
