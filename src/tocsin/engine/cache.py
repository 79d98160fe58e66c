"""Streams as they are remembered: the ones used last, and how far those reach that others have appended to."""

from __future__ import annotations

from collections import OrderedDict

from tocsin.engine.change import Known

MOST_CACHED = 40_000
MOST_NOTED = 60_000
MOST_FORGOTTEN = 10_000


class Cache:
    """What is known of streams. What the database holds beyond it is loaded when somebody asks."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._reached: OrderedDict[str, int] = OrderedDict()
        self._forgotten: OrderedDict[str, int] = OrderedDict()
        self._before = 0
        self.moment = 0
        """How often a stream was forgotten: whoever loads one names the moment from before."""

    def find(self, stream: str) -> Known | None:
        """What is remembered of a stream, however old."""
        return self._known.get(stream)

    def find_current(self, stream: str) -> Known | None:
        """What is remembered, if the stream is not known to have gone on since."""
        known = self._known.get(stream)
        if known is None or known.seq < self._reached.get(stream, 0):
            return None
        self._known.move_to_end(stream)
        return known

    def note(self, stream: str, seq: int) -> None:
        """The stream has an entry `seq`; what is remembered of it may be behind."""
        self._reached[stream] = max(seq, self._reached.pop(stream, 0))
        while len(self._reached) > MOST_NOTED:
            self._known.pop(self._reached.popitem(last=False)[0], None)

    def settle(self, stream: str, seq: int | None) -> None:
        """The stream was read up to `seq`; null where there was nothing beyond what was known."""
        if seq is None or self._reached.get(stream, 0) <= seq:
            self._reached.pop(stream, None)

    def remember(self, stream: str, known: Known) -> None:
        """Keep it, unless something newer has been kept meanwhile."""
        before = self._known.pop(stream, known)
        self._known[stream] = known if known.seq >= before.seq else before
        while len(self._known) > MOST_CACHED:
            self._known.popitem(last=False)

    def forget(self, stream: str) -> None:
        """Only the disk knows, and what is being loaded may be from before."""
        self._known.pop(stream, None)
        self.moment += 1
        self._forgotten.pop(stream, None)
        self._forgotten[stream] = self.moment
        while len(self._forgotten) > MOST_FORGOTTEN:
            self._before = self._forgotten.popitem(last=False)[1]

    def was_forgotten(self, stream: str, since: int) -> bool:
        """Whether a stream was forgotten after that moment, or may have been: of long ago nobody knows."""
        return self._forgotten.get(stream, self._before) > since
