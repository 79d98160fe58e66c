"""A store and blobs in memory, with the promises of the real ones, for many simulated months in one minute.

What it promises is proved by the tests that every store has to pass. It keeps neither the chain of heads nor its mark:
those belong to the file. Nothing in it waits, so that whoever simulates adds the waiting, and the refusals, himself.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from tocsin.alert.held import Held, hold
from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Append, Backlog, Card, Errand, Joining, Queue, Tally, Write
from tocsin.engine.failpoint import Reach, pass_by
from tocsin.errors import NotFound, Stale
from tocsin.incident.state import OPEN
from tocsin.timeline.codec import unstamp
from tocsin.timeline.entry import Sealed


class MemoryStore:
    """What a database would hold; it outlives the engines that work on it."""

    def __init__(self) -> None:
        self.streams: dict[str, list[Sealed]] = {}
        self.counters: dict[str, int] = {}
        self.errands: dict[int, Errand] = {}
        self.claimed: set[int] = set()
        self._waiting: dict[int, Errand] = {}
        self._named: dict[tuple[str, int], int] = {}
        self._wakes: dict[str, datetime] = {}
        self._wake_heap: list[tuple[datetime, str]] = []
        self._alerts: dict[tuple[str, str], AlertRow] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._firing: dict[tuple[str, str], AlertRow] = {}
        self._heard: list[bytes] = []
        self._joining: dict[int, Joining] = {}
        self._cards: dict[str, Card] = {}
        self._open: dict[str, dict[str, None]] = {}
        self._newest: str | None = None
        self._last_id = 0

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, write: Write) -> None:
        """One transaction; raises `Stale` if a stream or counter has moved on."""
        self.commit(write)

    def commit(self, write: Write) -> None:
        """The same, at once."""
        self._expect(write)
        self.counters.update(write.counters)
        for append in write.appends:
            self._append(append)
        for claim in write.claims:
            self._claim(claim)
        for row in write.alerts:
            self._keep(row)
        self._hear(write)

    def _keep(self, row: AlertRow) -> None:
        key = (row.team, row.fingerprint)
        self._numbers.setdefault(key, len(self._numbers))
        self._alerts[key] = row
        if row.firing:
            self._firing[key] = row
        else:
            self._firing.pop(key, None)

    def _claim(self, claim: Errand) -> None:
        errand = self._named.get((claim.stream, claim.seq))
        if errand is not None:
            self._waiting.pop(errand, None)
            self.claimed.add(errand)

    def _hear(self, write: Write) -> None:
        for heard in write.heard:
            if heard.whole:
                self._heard.clear()
            self._heard.append(heard.body)
        self._joining.update({joining.n: joining for joining in write.joining})
        if write.joined is not None:
            for n in [n for n in self._joining if n <= write.joined]:
                del self._joining[n]

    def _expect(self, write: Write) -> None:
        for name, value in write.counters.items():
            if self.counters.get(name, 0) != value - write.spans.get(name, 1):
                raise Stale(f"The counter {name} has moved on.")
        ends: dict[str, int] = {}
        for append in write.appends:
            stream = append.stream
            last = ends.get(stream, len(self.streams.get(stream, ())))
            if last != append.expected_seq:
                raise Stale(f"{stream} has moved on to entry {last}.")
            ends[stream] = last + len(append.entries)

    def _append(self, append: Append) -> None:
        stream = append.stream
        if append.entries:
            self.streams.setdefault(stream, []).extend(append.entries)
            self._newest = append.entries[-1].recorded_at
        self._set_wake(stream, append.wake)
        for seq in append.closes:
            self._close(stream, seq)
        for errand in append.errands:
            self._add(errand)
        if append.release:
            self._release_held(stream, unstamp(append.entries[-1].recorded_at))
        if append.card is not None:
            self._put_card(append.card)

    def _set_wake(self, stream: str, wake: datetime | None) -> None:
        if wake is None:
            self._wakes.pop(stream, None)
        elif self._wakes.get(stream) != wake:
            self._wakes[stream] = wake
            heapq.heappush(self._wake_heap, (wake, stream))

    def _close(self, stream: str, seq: int) -> None:
        errand = self._named.pop((stream, seq), None)
        if errand is not None:
            del self.errands[errand]
            self._waiting.pop(errand, None)
            self.claimed.discard(errand)

    def _add(self, errand: Errand) -> None:
        self._last_id += 1
        added = replace(errand, id=self._last_id, attempts=0, claimed=False)
        assert (added.stream, added.seq) not in self._named, "an intent has one errand"
        self._named[added.stream, added.seq] = added.id
        self.errands[added.id] = added
        if errand.claimed:
            self.claimed.add(added.id)
        else:
            self._waiting[added.id] = added

    def _release_held(self, stream: str, now: datetime) -> None:
        for each in [each for each in self.errands.values() if each.stream == stream and each.due_at > now]:
            self._change(replace(each, due_at=now))

    def _change(self, errand: Errand) -> None:
        self.errands[errand.id] = errand
        if errand.id in self._waiting:
            self._waiting[errand.id] = errand

    def _put_card(self, card: Card) -> None:
        before = self._cards.get(card.id)
        self._cards[card.id] = card
        if before is not None and before.team != card.team:
            self._open[before.team].pop(card.id, None)
        open_ones = self._open.setdefault(card.team, {})
        if card.status in OPEN:
            open_ones[card.id] = None
        else:
            open_ones.pop(card.id, None)

    def hurry(self) -> None:
        """Nothing is written with patience here."""

    async def has_errands(self, now: datetime, full: Sequence[str]) -> bool:
        """Whether there is anything to claim."""
        return self.has_waiting(now, full)

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        """Errands that are due, marked as handed out."""
        return self.hand_out(now, limit, places, full)

    def hand_out(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        """The same, at once."""
        due = [each for _, each in sorted(self._waiting.items()) if each.due_at <= now and each.destination not in full]
        taken: Counter[str] = Counter()
        chosen: list[Errand] = []
        for errand in due[: 4 * limit]:
            if len(chosen) < limit and taken[errand.destination] < places(errand.destination):
                taken[errand.destination] += 1
                chosen.append(errand)
        for errand in chosen:
            del self._waiting[errand.id]
            self.claimed.add(errand.id)
        return chosen

    def has_waiting(self, now: datetime, full: Sequence[str] = ()) -> bool:
        """Whether any errand is due and not handed out, and its destination not full."""
        return any(each.due_at <= now and each.destination not in full for each in self._waiting.values())

    async def release(self, errand: Errand, due_at: datetime) -> None:
        """Take one errand back."""
        self.give_back(errand, due_at)

    def give_back(self, errand: Errand, due_at: datetime) -> None:
        """The same, at once."""
        found = self._named.get((errand.stream, errand.seq))
        if found is not None:
            self._take_back(found, due_at)

    async def postpone(self, names: Collection[tuple[str, int]], due_at: datetime, *, claimed: bool) -> None:
        """Errands, by stream and number, that are handed out from `due_at` on."""
        self.put_off(names, due_at, claimed=claimed)

    def put_off(self, names: Collection[tuple[str, int]], due_at: datetime, *, claimed: bool) -> None:
        """The same, at once."""
        for errand in sorted(self._named[name] for name in names if name in self._named):
            if (errand in self.claimed) is claimed:
                self.claimed.discard(errand)
                self.errands[errand] = self._waiting[errand] = replace(self.errands[errand], due_at=due_at)

    async def release_claims(self, held: Collection[tuple[str, int]] = (), *, tried: bool = True) -> int:
        """Take back everything that is handed out, except what is `held`."""
        return self.give_back_all(held, tried=tried)

    def give_back_all(self, held: Collection[tuple[str, int]] = (), *, tried: bool = True) -> int:
        """The same, at once."""
        released = sorted(each for each in self.claimed if _name(self.errands[each]) not in held)
        for errand in released:
            self._take_back(errand, self.errands[errand].due_at, tried=tried)
        return len(released)

    def _take_back(self, errand: int, due_at: datetime, *, tried: bool = True) -> None:
        before = self.errands[errand]
        self.claimed.discard(errand)
        self.errands[errand] = self._waiting[errand] = replace(
            before, attempts=before.attempts + int(tried), due_at=due_at
        )

    is_sole = True
    """There is one server at a time."""

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def load(self, stream: str, after_seq: int = 0) -> list[Sealed]:
        """A stream's entries after `after_seq`."""
        return self.streams.get(stream, [])[after_seq:]

    async def load_all(self, streams: Sequence[str]) -> dict[str, list[Sealed]]:
        """Those of the streams that are there."""
        return {stream: self.streams[stream][:] for stream in streams if stream in self.streams}

    async def count(self, counter: str) -> int:
        """A counter's value; 0 before its first use."""
        return self.counters.get(counter, 0)

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Streams whose wake has come, the longest overdue first."""
        found: dict[str, datetime] = {}
        while self._wake_heap and self._wake_heap[0][0] <= now and len(found) < limit:
            wake, stream = heapq.heappop(self._wake_heap)
            if self._wakes.get(stream) == wake:
                found[stream] = wake
        for stream, wake in found.items():
            heapq.heappush(self._wake_heap, (wake, stream))
        return list(found)

    async def coming(self, after: datetime, until: datetime, limit: int, *, take: bool) -> list[tuple[datetime, str]]:
        """Wakes that come in that stretch; there is one server."""
        return sorted((wake, stream) for stream, wake in self._wakes.items() if after < wake <= until)[:limit]

    async def newest(self) -> datetime | None:
        """When the last entry of all was recorded."""
        return None if self._newest is None else unstamp(self._newest)

    async def backlog(self, now: datetime) -> Backlog:
        """What was due before `now`, counted."""
        wakes = [due_at for due_at in self._wakes.values() if due_at < now]
        queues = (self._count_queue(name, now) for name in sorted({each.destination for each in self.errands.values()}))
        return Backlog(wakes=len(wakes), oldest=min(wakes, default=None), queues=tuple(queues))

    async def tally(self) -> Tally:
        """What there is, counted."""
        incidents = Counter((card.team, card.status) for card in self._cards.values() if not card.private)
        return Tally(incidents=incidents, firing=Counter(row.team for row in self._alerts.values() if row.firing))

    def _count_queue(self, destination: str, now: datetime) -> Queue:
        here = {name: each for name, each in self.errands.items() if each.destination == destination}
        handed_out = len(here.keys() & self.claimed)
        due = (each.due_at for name, each in here.items() if name not in self.claimed and each.due_at < now)
        oldest = min(due, default=None)
        return Queue(destination=destination, waiting=len(here) - handed_out, handed_out=handed_out, oldest=oldest)

    async def next_due(self) -> datetime | None:
        """The earliest wake or errand."""
        return self.find_next_due()

    def find_next_due(self) -> datetime | None:
        """The same, at once."""
        heap = self._wake_heap
        while heap and self._wakes.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        wake = heap[0][0] if heap else None
        if not self._waiting:
            return wake
        first = min([each.due_at for each in self._waiting.values()])
        return first if wake is None or first < wake else wake

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None:
        """One alert."""
        return self._alerts.get((team, fingerprint))

    async def alerts_by_fingerprint(self, team: str, fingerprints: Sequence[str]) -> dict[str, AlertRow]:
        """Those of a team's alerts that are there."""
        return {each: self._alerts[team, each] for each in fingerprints if (team, each) in self._alerts}

    async def held(self) -> tuple[list[Held], list[bytes]]:
        """All alerts as they are held in memory, and what was heard since."""
        rows = [hold(row) for row in self._alerts.values()]
        for held in rows:
            held.said = 0  # no store keeps that
        return rows, list(self._heard)

    async def joining(self) -> list[Joining]:
        """What is still to be put on timelines."""
        return [self._joining[n] for n in sorted(self._joining)]

    async def silent(self, after: datetime, until: datetime) -> list[AlertRow]:
        """Alerts of incidents whose end passed in that stretch without a word."""
        found = [key for key, row in self._firing.items() if row.incident and after < row.ends_at <= until]
        return [self._firing[key] for key in sorted(found, key=self._numbers.__getitem__)]

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]:
        """Alerts, by team, by whether they fire, and by the incident that they belong to."""
        rows = [
            row
            for row in (self._firing if firing else self._alerts).values()
            if team in (None, row.team) and firing in (None, row.firing) and incident in (None, row.incident or "")
        ]
        return sorted(rows, key=lambda row: (row.starts_at, row.fingerprint))

    async def cards(
        self, *, team: str | None = None, open_only: bool = False, private_only: bool = False
    ) -> list[Card]:
        """Incidents, the newest first."""
        if open_only:
            teams = list(self._open) if team is None else [team]
            found = [self._cards[each] for name in teams for each in self._open.get(name, ())]
        else:
            found = [card for card in self._cards.values() if team in (None, card.team)]
        found = [card for card in found if card.private] if private_only else found
        return sorted(found, key=lambda card: (card.opened_at, card.id), reverse=True)


def _name(errand: Errand) -> tuple[str, int]:
    return errand.stream, errand.seq


class MemoryBlobs:
    """Content-addressed bytes in memory; `kept` outlives whoever works on it."""

    def __init__(self, kept: dict[str, bytes] | None = None, reach: Reach = pass_by) -> None:
        self.kept = {} if kept is None else kept
        self._reach = reach
        self.putting = ""

    async def put(self, content: bytes) -> str:
        """Keep `content`; its name."""
        digest = self.putting = sha256(content).hexdigest()
        if digest not in self.kept:
            self._reach("blob.before_write")
            self.kept[digest] = content
            self._reach("blob.after_write")
        return digest

    async def get(self, digest: str) -> bytes:
        """The content named `digest`. Raises `NotFound`."""
        if digest not in self.kept:
            raise NotFound(f"There is no evidence {digest[:12]} here.")
        return self.kept[digest]
