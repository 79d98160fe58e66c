"""What goes wrong, where, and how often it has: a fault strikes at a boundary, by its rate or because it was armed.

Boundaries are the engine's own failpoints, the verbs of the store, the channels, the sources' way in, and what people
do. Arming takes one pair of fault and boundary after the other, in an order of the seed's own, and each waits until its
boundary is reached: so every month meets every pair, and the rates add what nobody thought of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tocsin.engine.failpoint import NAMES
from tocsin.testing.simulation.dice import Dice

CRASH, REFUSE, COMMIT_THEN_ERROR = "crash", "refuse", "commit then error"
DROP, DELAY, DUPLICATE, REORDER = "drop", "delay", "duplicate", "reorder"
REJECT, FAIL, LATE_ANSWER, DRIP, OUTAGE = "4xx", "5xx", "2xx then timeout", "drip", "outage"
HANG, LOST_ANSWER = "hang", "answer lost"
LOST_NEWS, LATE_NEWS, TWICE_NEWS = "lost", "late", "twice"

COMMITS = ("intake", "command", "timer", "outcome", "start")
"""What a commit of the journal is for; each stands between two failpoints."""
CRASHES = tuple(
    dict.fromkeys(
        [*NAMES, "change.before_spawn", *(f"{cause}.{at}_commit" for cause in COMMITS for at in ("before", "after"))]
    )
)
ROWS = ("row.write", "heard.write", "joined.write", "team.write", "beat.write")
WRITES = (*(f"{cause}.write" for cause in COMMITS), *ROWS, "claim", "release", "release_claims")
READS = ("load", "due", "alert", "count", "cards", "held", "joining", "silent", "beat", "beats")
CHANNEL_FAULTS = (DROP, DELAY, DUPLICATE, REORDER, REJECT, FAIL, LATE_ANSWER, DRIP, OUTAGE)
WAY_IN_FAULTS = (DROP, DELAY, DUPLICATE, REORDER, LOST_ANSWER)

ALONE = ("heard.write", "joined.write", "held", "joining", "running", "down")
"""Boundaries that only a server has that shares its store with none."""
NEWS_FAULTS = (LOST_NEWS, LATE_NEWS, TWICE_NEWS)
DISK_RATE, NET_RATE, HANG_RATE, NEWS_RATE = 0.0006, 0.02, 0.02, 0.1


def list_armed() -> list[tuple[str, str]]:
    """Every fault that is armed at its boundary in each month."""
    return [
        *((CRASH, name) for name in CRASHES),
        *((REFUSE, name) for name in (*WRITES, *READS)),
        *((COMMIT_THEN_ERROR, name) for name in WRITES),
    ]


def list_hangs() -> list[tuple[str, str]]:
    """Where a node hangs, that has others beside it."""
    return [(HANG, name) for name in CRASHES]


class Mischief:
    """Decides what fails now; `end` ends all of it."""

    def __init__(self, seed: int, pairs: Sequence[tuple[str, str]] = (), *, shared: bool = False) -> None:
        self._pairs = pairs or [*list_armed(), *(list_hangs() if shared else ())]
        self.dice, self._disk_dice = Dice(seed, "faults"), Dice(seed, "disk faults")
        self.struck: Counter[str] = Counter()
        self.over = False
        self._armed: dict[str, str] = {}
        self._ahead = self.dice.shuffle(self._pairs)
        self._out: dict[str, float] = {}

    def arm_next(self) -> None:
        """Arm the next pair; the last of a boundary counts."""
        if not self._ahead:
            self._ahead = self.dice.shuffle(self._pairs)
        fault, boundary = self._ahead.pop()
        self._armed[boundary] = fault

    def end(self) -> None:
        """From now on nothing fails."""
        self.over = True
        self._armed.clear()

    def note(self, fault: str, boundary: str) -> str:
        """Count a fault that was done; it."""
        self.struck[f"{fault} × {boundary}"] += 1
        return fault

    def crashes_at(self, name: str) -> bool:
        """Whether the server dies at a failpoint."""
        return self._armed.get(name) == CRASH and self._spend(CRASH, name)

    def hangs_at(self, name: str) -> bool:
        """Whether the server hangs at a failpoint."""
        return self._armed.get(name) == HANG and self._spend(HANG, name)

    def _spend(self, fault: str, name: str) -> bool:
        del self._armed[name]
        return bool(self.note(fault, name))

    def strike_disk(self, boundary: str, *, writes: bool) -> str | None:
        """What the disk does wrong."""
        fault = self._armed.pop(boundary, None) if self._armed else None
        if fault is None:
            if self.over or self._disk_dice.roll() >= DISK_RATE:
                return None
            fault = COMMIT_THEN_ERROR if writes and self._disk_dice.chance(0.5) else REFUSE
        return self.note(fault, boundary)

    def strike_channel(self, channel: str, now: float) -> str | None:
        """What the network, or the vendor, does to a page."""
        if self.over:
            return None
        if now < self._out.get(channel, 0.0):
            return self.note(OUTAGE, channel)
        if not self.dice.chance(NET_RATE * len(CHANNEL_FAULTS)):
            return None
        fault = self.dice.pick(CHANNEL_FAULTS)
        if fault == OUTAGE:
            if not self.dice.chance(0.2):
                return None
            self._out[channel] = now + self.dice.wait(600.0, 7200.0)
        return self.note(fault, channel)

    def strike_way_in(self) -> str | None:
        """What the network does to what a source says."""
        if self.over or not self.dice.chance(NET_RATE * len(WAY_IN_FAULTS)):
            return None
        return self.note(self.dice.pick(WAY_IN_FAULTS), "way in")

    def strike_news(self) -> str | None:
        """What becomes of the news that a node has for another."""
        if self.over or not self.dice.chance(NEWS_RATE):
            return None
        return self.note(self.dice.pick(NEWS_FAULTS), "news")

    def hangs(self, word: str) -> bool:
        """Whether a statement never ends by itself."""
        return not self.over and self.dice.chance(HANG_RATE) and bool(self.note(HANG, word))


def list_pairs(channels: tuple[str, ...], *, shared: bool = False) -> list[str]:
    """Every pair of fault and boundary that a month can meet, as coverage names them; `shared` by several nodes."""
    if shared:
        of_all = [pair for pair in list_pairs(channels) if pair.partition(" × ")[2] not in ALONE]
        return [
            *of_all,
            *(f"{fault} × news" for fault in NEWS_FAULTS),
            *(f"{HANG} × {name}" for _, name in list_hangs()),
        ]
    pairs = [
        *list_armed(),
        *((fault, channel) for channel in channels for fault in CHANNEL_FAULTS),
        *((fault, "way in") for fault in WAY_IN_FAULTS),
        *((HANG, word) for word in ("read", "change")),
        *(("clock forward", "running"), ("clock back", "running"), ("clock step", "down")),
        *(("double click", verb) for verb in ("acknowledge", "approve", "resolve")),
        *((kind, "source") for kind in ("storm", "flapping", "resolve before fire", "silent")),
        *((kind, "hush") for kind in ("silence", "maintenance", "ended early", "lengthened")),
        *((kind, "job") for kind in ("missed", "failed", "never ended")),
    ]
    return [f"{fault} × {boundary}" for fault, boundary in pairs]
