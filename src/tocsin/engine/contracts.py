"""What the engine asks of the world: a clock, a store, a place for blobs, and performers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tocsin.alert.row import AlertRow
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


class Blobs(Protocol):
    """Content-addressed bytes."""

    async def put(self, content: bytes) -> str:
        """Keep `content`, durably; its SHA-256 in hex is its name."""
        ...

    async def get(self, digest: str) -> bytes:
        """The content with this name. Raises `NotFound`."""
        ...


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What lists show of an incident: a read row that could be thrown away and made anew from the timeline."""

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


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """An intent on its way out: `destination` names the queue, `due_at` the earliest moment."""

    stream: str
    seq: int
    destination: str
    due_at: datetime
    id: int = 0
    attempts: int = 0


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """What one change adds to one stream.

    `expected_seq` is where the stream must end; `wake` when it must be planned again (null: only on an event);
    `closes` the intents that now have their outcome; `release` lets held errands of the stream go at once.
    """

    stream: str
    expected_seq: int
    entries: tuple[Sealed, ...] = ()
    wake: datetime | None = None
    errands: tuple[Errand, ...] = ()
    closes: tuple[int, ...] = ()
    release: bool = False
    card: Card | None = None


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction: streams, alerts, and counters that must still stand at one less than their new value."""

    appends: tuple[Append, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    counters: dict[str, int] = {}


class Store(Protocol):
    """Our data. `write` is one transaction and durable when it returns; it raises `Stale` if it came too late."""

    async def write(self, write: Write) -> None: ...

    async def load(self, stream: str, after_seq: int = 0) -> list[Sealed]: ...

    async def count(self, counter: str) -> int: ...

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Streams whose wake has come, the longest overdue first."""
        ...

    async def newest(self) -> datetime | None:
        """When the last entry of all was recorded."""
        ...

    async def next_due(self) -> datetime | None:
        """The earliest moment at which a wake or an errand is due."""
        ...

    async def claim(self, now: datetime, limit: int, places: Callable[[str], int], full: Sequence[str]) -> list[Errand]:
        """Errands that are due, marked as handed out before they are returned.

        At most `places(destination)` for each destination, and none for those that are `full`; the oldest first.
        """
        ...

    async def release(self, errand: int, due_at: datetime) -> None:
        """Take one errand back, to be handed out again from `due_at` on."""
        ...

    async def release_claims(self, held: Collection[int] = ()) -> int:
        """Take back what was handed out and is in nobody's hands: all but the errands `held`; how many there were."""
        ...

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None: ...

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]: ...

    async def cards(self, *, team: str | None = None, open_only: bool = False) -> list[Card]:
        """Incidents, the newest first."""
        ...
