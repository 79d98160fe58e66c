"""What the world wrote down: the only thing that the checker reads, beside the settings that everybody knows.

Times are simulated seconds since the month began. Nothing here is taken from the engine's memory: the senders know what
was answered, people know what they were told, channels and machines know what reached them, the supervisor knows when
the server ran and what its machine's clock said, and the timeline is what the store holds at the end.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.timeline.entry import Sealed


class Sent(msgspec.Struct, frozen=True):
    """A source told of an alert; `answered_at` is when it was told 2xx (null: it was not).

    `until` is until when it promised to be heard of again, `together` how many alerts one message held.
    """

    at: float
    team: str
    labels: dict[str, str]
    firing: bool
    answered_at: float | None
    until: float | None = None
    begun: float = 0.0
    together: int = 1


class Asked(msgspec.Struct, frozen=True):
    """A person asked for something, first `at`, and was told that it is done. `about` is a step or the like."""

    at: float
    answered_at: float
    by: str
    stream: str
    verb: str
    about: str = ""


class Hushed(msgspec.Struct, frozen=True):
    """A person asked that alerts of a team page nobody from `begins` to `ends`, by the clock on their wall.

    `answered_at` is when they were told its id (null: they were not); `again` is the id of one that they lengthened.
    `matchers` are name and expression of labels; without any it is over the whole team.
    """

    at: float
    answered_at: float | None
    team: str
    matchers: tuple[tuple[str, str], ...]
    begins: float
    ends: float
    window: bool
    silence: str = ""
    again: str = ""


class Unhushed(msgspec.Struct, frozen=True):
    """A person asked that a silence end before its time."""

    at: float
    answered_at: float | None
    team: str
    silence: str


class Pinged(msgspec.Struct, frozen=True):
    """A job said how it is doing; `answered_at` is when it was told 2xx (null: it was not)."""

    at: float
    answered_at: float | None
    team: str
    name: str
    word: str


class Arrived(msgspec.Struct, frozen=True):
    """A page reached a channel: it left at `left_at`. `copies` of one sending are the network's own."""

    left_at: float
    at: float
    channel: str
    key: str
    responder: str
    round: int
    repeat: bool
    copy: bool = False

    @property
    def stream(self) -> str:
        """The incident."""
        return self.key.rpartition(":")[0]


class Turned(msgspec.Struct, frozen=True):
    """A channel took no page, or gave no answer: it left at `left_at`."""

    left_at: float
    channel: str


class Ran(msgspec.Struct, frozen=True):
    """A machine ran a statement."""

    at: float
    key: str
    step: str
    changes: bool
    by: str

    @property
    def stream(self) -> str:
        """The incident."""
        return self.key.rpartition(":")[0]


class Life(msgspec.Struct):
    """The server, or one of them, ran from `up` to `down`, and stood still in between when it was `hung`.

    `offsets` is by how much its machine's clock was wrong, from each moment on; `newest` the last moment that the
    record spoke of when it started.
    """

    up: float
    newest: datetime | None
    offsets: list[tuple[float, float]]
    down: float = float("inf")
    node: str = ""
    hung: list[tuple[float, float]] = []


class Kept(msgspec.Struct, frozen=True):
    """An export in between: how long each stream was, and the seal of its last entry."""

    at: float
    ends: dict[str, tuple[int, bytes]]


class Rest(msgspec.Struct, frozen=True):
    """What the server's own metrics say when all is over."""

    errands: int
    overdue: int
    tasks: int
    locks: int
    waiting: int


class Record(msgspec.Struct):
    """Everything about one month. `refused` are moments at which the disk refused; `calm_from` is the end of faults.

    `blobs` are the names of what was kept, each with the digest of what is there.
    """

    seed: int
    start: datetime
    days: float
    key: bytes
    nodes: int = 1
    sent: list[Sent] = []
    asked: list[Asked] = []
    hushed: list[Hushed] = []
    unhushed: list[Unhushed] = []
    pinged: list[Pinged] = []
    arrived: list[Arrived] = []
    turned: list[Turned] = []
    ran: list[Ran] = []
    lives: list[Life] = []
    refused: list[float] = []
    exports: list[Kept] = []
    timeline: dict[str, list[Sealed]] = {}
    blobs: dict[str, str] = {}
    rest: Rest | None = None
    calm_from: float = 0.0
    ended_at: float = 0.0
    coverage: dict[str, int] = {}
