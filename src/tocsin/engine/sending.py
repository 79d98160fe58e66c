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
from tocsin.engine.undone import fail
from tocsin.incident.urgency import Ways
from tocsin.oncall.outsider import CONTACT
from tocsin.page.outside import list_channels
from tocsin.page.plan import goes_on, list_detours
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

    async def go_round(self, key: Key, page: PageRequested, *, tried: bool) -> PageDelivered | None:
        """What another of the responder's channels says that takes a page which only tells; null if none does.

        A channel that was `tried` may have taken it all the same: then it goes out as sent again.
        """
        if not page.informs or page.responder.startswith(CONTACT):
            return None
        again = key.again or tried
        for channel in await self._list_detours(key.stream, page):
            while await self._gates.hold_back(f"{CHANNEL}{channel}"):
                continue
            outcome, asked = await self.ask(replace(key, again=again), replace(page, channel=channel))
            if isinstance(outcome, PageDelivered):
                why = f"{page.channel} did not take it"
                return replace(outcome, detail=f"{why}; {outcome.detail}" if outcome.detail else why)
            again = again or asked
        return None

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
