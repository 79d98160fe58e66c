"""The attempts at reaching one person: over which channel first, over which next, and when.

Whoever has rules of their own is called by these: each attempt in its time, then the last one again and again at the
severity's pace. For everybody else the channels are climbed at that pace. What is not urgent waits for the end of the
person's quiet hours, repeats too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.incident.book import Book
from tocsin.incident.calling import Call
from tocsin.incident.state import Incident
from tocsin.incident.urgency import Ways
from tocsin.oncall.rota import Rota
from tocsin.page.clocks import Clocks, wait_after, wait_between
from tocsin.page.means import choose_channel, find_channel_means
from tocsin.words import Means, PageState


class Attempts:
    """How each person is called for one incident."""

    def __init__(self, incident: Incident, book: Book, rota: Rota, clocks: Clocks) -> None:
        self._rota, self._clocks, self._means = rota, clocks, book.policy.means
        self.ways = Ways(incident, book, rota)

    def choose_first(self, responder: str, by: Means | None) -> str:
        """The channel to begin with; a line that asks for a means comes before the rule, if they have that means."""
        own, tries = self._rota.channels(responder), self.ways.tries(responder)
        fits = any(by is not None and find_channel_means(each, self._means) is by for each in own)
        if tries and not fits and by is not Means.CALL:
            return tries[0].channel
        return choose_channel(own, by, self._means)

    def choose_next(self, call: Call) -> str:
        """The channel of a call's next page; after a failure the next of all, in turn."""
        if call.state is PageState.PUT_OFF:
            return call.channel
        channels = self.ways.channels(call.responder)
        at = channels.index(call.channel) if call.channel in channels else -1
        if call.state is PageState.FAILED:
            return channels[(at + 1) % len(channels)]
        tries = self.ways.tries(call.responder)
        if tries:
            return tries[min(self._find_step(call.responder, call.channel, call.round), len(tries) - 1)].channel
        return channels[min(at + 1, len(channels) - 1)]

    def find_next_page(self, call: Call, resumed: datetime | None, now: datetime) -> datetime | None:
        """When somebody is paged again; null if only something new would. What a hush withheld until `resumed` is made
        up for.
        """
        due = self._find_due(call, resumed)
        return None if due is None else self.ways.quiet_until(call.responder, max(due, now), call.line) or due

    def _find_due(self, call: Call, resumed: datetime | None) -> datetime | None:
        if call.answered_at is not None:
            return None
        if call.state is PageState.PUT_OFF:
            return call.last_at
        if call.state is PageState.WITHHELD and resumed is not None and call.last_at < resumed:
            return resumed
        if call.state is PageState.FAILED:
            waits: float | None = wait_after(call, self._clocks, len(self.ways.channels(call.responder)))
        else:
            waits = self.wait_after_round(call.responder, call.channel, call.round)
        return None if waits is None else call.last_at + timedelta(seconds=waits)

    def wait_after_round(self, responder: str, channel: str, turn: int) -> float | None:
        """Seconds from the page of a round over a channel to the next, while nothing fails; null if none follows."""
        tries, step = self.ways.tries(responder), self._find_step(responder, channel, turn)
        if step < len(tries):
            return max(float(tries[step].after_s), self._clocks.least)
        return None if self._clocks.quiet else wait_between(turn, self._clocks)

    def _find_step(self, responder: str, channel: str, turn: int) -> int:
        """The attempt of the rule that comes after the page of a round over a channel, counted from 0: one that a line
        began with further up is not gone back from.
        """
        at = next((at for at, each in enumerate(self.ways.tries(responder)) if each.channel == channel), -1)
        return max(turn, at + 1)
