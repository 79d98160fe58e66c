"""What the engine asks of the world: a clock, a store, a place for blobs, and performers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tocsin.alert.held import Held
from tocsin.alert.row import AlertRow
from tocsin.engine.carried import Name
from tocsin.timeline.entry import Sealed
from tocsin.timeline.events import Intent, Outcome


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return at `moment`, or at once if it has passed."""
        ...


class Key(msgspec.Struct, frozen=True):
    """Which intent a performer is at; as text it is the idempotency key, the same at every attempt.

    `again`: it had been handed out before a crash, so the outside may have seen it already.
    """

    stream: str
    seq: int
    again: bool = False

    def __str__(self) -> str:
        return f"{self.stream}:{self.seq}"


class Performer(Protocol):
    """The only thing that touches the world: it does what an intent asks, and says what came of it."""

    @property
    def handles(self) -> tuple[type[Intent], ...]:
        """The intents that it performs."""
        ...

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Do it. An `OutsideError` becomes the outcome that the intent's kind has for failure."""
        ...


class Lease(Protocol):
    """What this node may do where there are others."""

    async def holds(self, errand: int) -> bool:
        """Whether an errand is still this node's; one that slept too long has lost it to another."""
        ...

    def is_here(self, destination: str) -> bool:
        """Whether this node can reach a destination at all."""
        ...

    def renew_only(self, carried: Callable[[], Collection[Name]], begun: Callable[[], Collection[Name]]) -> None:
        """From now on renew the leases of errands that are carried, by stream and number, and of no other: what this
        node has and for whatever reason does not carry comes to another one soon. That one is not this node itself
        while it has `begun` the errand and not come to an end with it.
        """
        ...


class Blobs(Protocol):
    """Content-addressed bytes."""

    async def put(self, content: bytes) -> str:
        """Keep `content`, durably; its SHA-256 in hex is its name."""
        ...

    async def get(self, digest: str) -> bytes:
        """The content with this name. Raises `NotFound`."""
        ...


class Card(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What lists show of an incident: a read row that could be thrown away and made anew from the timeline.

    By `scenario` and `grouping` alerts find it; `forbids`: its scenario may forbid something that holds for others.
    `private`: it stands in nobody's list who may not see it (`incident/sight.py`).
    """

    id: str
    number: str
    team: str
    title: str
    scenario: str | None
    severity: str | None
    status: str
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    seq: int
    public: bool = False
    grouping: str = ""
    forbids: bool = False
    private: bool = False


CHANNEL, TARGET, SHARE = "channel:", "target:", "share:"
"""How the name of a queue begins: of pages to a channel, of steps on a target, of what another pager is told."""


class Errand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An intent on its way out: `destination` names the queue, `due_at` the earliest moment.

    `claimed`: it is handed out in the transaction that makes it, since a place was free.
    """

    stream: str
    seq: int
    destination: str
    due_at: datetime
    id: int = 0
    attempts: int = 0
    claimed: bool = False


class Append(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one change adds to one stream.

    `expected_seq` is where the stream must end; `wake` when it must be planned again (null: only on an event), as was
    found at `planned_at`: a wake between the two that somebody else has set stays, unless there are entries;
    `closes` the intents that now have their outcome; `release` lets held errands of the stream go at once.
    """

    stream: str
    expected_seq: int
    entries: tuple[Sealed, ...] = ()
    wake: datetime | None = None
    planned_at: datetime | None = None
    errands: tuple[Errand, ...] = ()
    closes: tuple[int, ...] = ()
    release: bool = False
    card: Card | None = None


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """That alerts which fire already were heard of again: later ends, packed (`alert/held.py`).

    `whole`: all such that are later than their rows say, so that what was written before is not needed any more.
    """

    body: bytes
    whole: bool = False


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts whose rows name their incident, and which its timeline does not name yet: the `n`-th such message."""

    n: int
    body: bytes


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction: streams, alerts, and counters that must still stand at their new value less their span (1).

    `claims` are errands that are handed out with it. With `joined`, all `joining` up to that number are on timelines.
    `patient`: it may wait a moment for another one, to be committed with it.
    """

    appends: tuple[Append, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    counters: dict[str, int] = {}
    spans: dict[str, int] = {}
    claims: tuple[Errand, ...] = ()
    heard: tuple[Heard, ...] = ()
    joining: tuple[Joining, ...] = ()
    joined: int | None = None
    patient: bool = False


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """What is on its way to one destination: how many wait, since when the oldest is due, how many are handed out."""

    destination: str
    waiting: int = 0
    handed_out: int = 0
    oldest: datetime | None = None


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What is due and has not been done: wakes that have come, the oldest of them, and the queues."""

    wakes: int = 0
    oldest: datetime | None = None
    queues: tuple[Queue, ...] = ()


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is: incidents by team and status but those that are private, and alerts that fire by team."""

    incidents: dict[tuple[str, str], int] = {}
    firing: dict[str, int] = {}


class Store(Protocol):
    """Our data. `write` is one transaction and durable when it returns; it raises `Stale` if it came too late."""

    async def write(self, write: Write) -> None: ...

    def hurry(self) -> None:
        """Somebody waits for what is written with patience: it waits no longer."""
        ...

    async def load(self, stream: str, after_seq: int = 0) -> list[Sealed]: ...

    async def load_all(self, streams: Sequence[str]) -> dict[str, list[Sealed]]:
        """Those of the streams that are there, each from its first entry on."""
        ...

    async def count(self, counter: str) -> int: ...

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Streams whose wake has come, the longest overdue first."""
        ...

    async def coming(self, after: datetime, until: datetime, limit: int, *, take: bool) -> list[tuple[datetime, str]]:
        """Wakes that come after `after` and not after `until`, the first ones first.

        With `take` they are this node's for a while, and those that another has are left out.
        """
        ...

    async def newest(self) -> datetime | None:
        """When the last entry of all was recorded."""
        ...

    async def next_due(self) -> datetime | None:
        """The earliest moment at which a wake or an errand is due."""
        ...

    async def backlog(self, now: datetime) -> Backlog:
        """What was due before `now`, counted."""
        ...

    async def tally(self) -> Tally:
        """What there is, counted."""
        ...

    async def has_errands(self, now: datetime, full: Sequence[str]) -> bool:
        """Whether there may be something to `claim`: cheaper to ask, and a shared store may always say yes."""
        ...

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        """Errands that are due, marked as handed out before they are returned.

        At most `places(destination)` for each destination, and none for those that are `full`; the oldest first.
        """
        ...

    async def release(self, errand: Errand, due_at: datetime) -> None:
        """Take one errand back, by its stream and number, to be handed out again from `due_at` on."""
        ...

    async def postpone(self, names: Collection[tuple[str, int]], due_at: datetime, *, claimed: bool) -> None:
        """Have errands, by stream and number, handed out from `due_at` on: those that are `claimed` (by this node), as
        if they had never been handed out, or those that are not.
        """
        ...

    async def release_claims(self, held: Collection[tuple[str, int]] = (), *, tried: bool = True) -> int:
        """Take back what was handed out and is in nobody's hands; how many there were.

        That is all but the errands `held`, by stream and number. Unless they may have been `tried`, they are handed out
        as if for the first time.
        """
        ...

    @property
    def is_sole(self) -> bool:
        """Whether one process owns the data, so that it may hold in memory what it has written."""
        ...

    async def held(self) -> tuple[list[Held], list[bytes]]:
        """All alerts as they are held in memory, and what was `heard` since, in its order."""
        ...

    async def joining(self) -> list[Joining]:
        """What is still to be put on timelines, in its order."""
        ...

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None: ...

    async def alerts_by_fingerprint(self, team: str, fingerprints: Sequence[str]) -> dict[str, AlertRow]:
        """Those of a team's alerts that are there."""
        ...

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]:
        """Alerts, by team, by whether they fire, and by the incident that they belong to (empty: to none)."""
        ...

    async def silent(self, after: datetime, until: datetime) -> list[AlertRow]:
        """Alerts of incidents that fire, as far as is known, and whose end lies after `after` and not after `until`."""
        ...

    async def cards(
        self, *, team: str | None = None, open_only: bool = False, private_only: bool = False
    ) -> list[Card]:
        """Incidents, the newest first."""
        ...
