"""Bugs of a node that shares its store with others: each is seen where a node hangs, dies, or hears nothing in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from msgspec.structs import replace

from tocsin.engine.contracts import Errand
from tocsin.engine.dispatch import Dispatch
from tocsin.engine.follow import Follower
from tocsin.engine.journal import Journal
from tocsin.testing.simulation.shared import Lease, SharedDisk, SharedStore
from tocsin.timeline import events as e

from .planting import Build, Planted, leave


@contextmanager
def trust_what_was_handed_out() -> Iterator[Build]:
    """A node that wakes from a long sleep goes on with what it had, and does not ask whether it is still its own."""

    async def holds(disk: SharedDisk, errand: int) -> bool:
        return True

    with patch.object(SharedDisk, "holds", holds):
        yield leave


@contextmanager
def wait_for_the_dead() -> Iterator[Build]:
    """What a node that died had in its hands is left to it for an hour."""

    def lease(store: SharedStore, node: str) -> Lease:
        return node, store.loop.now + 3600.0

    with patch.object(SharedStore, "_lease", lease):
        yield leave


@contextmanager
def take_over_as_new() -> Iterator[Build]:
    """What another node had in its hands goes out as if for the first time."""
    real = SharedDisk.claim

    async def claim(disk: SharedDisk, *args: object) -> list[Errand]:
        found = await real(disk, *args)  # type: ignore[arg-type]
        return [replace(each, attempts=0) if each.destination.startswith("channel:") else each for each in found]

    with patch.object(SharedDisk, "claim", claim):
        yield leave


@contextmanager
def hear_only_news() -> Iterator[Build]:
    """A node looks at what others did only when it is told, and every third time it is not."""

    def announce(store: SharedStore, disk: SharedDisk) -> None:
        announce.count += 1  # type: ignore[attr-defined]
        if announce.count % 3:  # type: ignore[attr-defined]
            disk.news.set()

    announce.count = 0  # type: ignore[attr-defined]
    with patch.object(SharedStore, "_announce", announce):
        yield leave


@contextmanager
def keep_what_stood() -> Iterator[Build]:
    """What another node has switched for a team is not read anew."""
    with patch.object(Journal, "forget_standing", lambda journal, team: None):
        yield leave


@contextmanager
def start_again() -> Iterator[Build]:
    """A changing step that another node has started is begun again by whoever takes it over."""

    async def start(dispatch: Dispatch, errand: Errand, intent: e.StepRequested) -> bool:
        return True

    with patch.object(Dispatch, "_start", start):
        yield leave


@contextmanager
def follow_nobody() -> Iterator[Build]:
    """What other nodes have appended is never taken in."""

    async def take(follower: Follower, stream: str) -> None:
        follower._waiting.pop(stream)

    with patch.object(Follower, "_take", take):
        yield leave


SHARED_BUGS: Sequence[tuple[Planted, str]] = (
    (trust_what_was_handed_out, "repeat not marked"),
    (wait_for_the_dead, "page too late"),
    (take_over_as_new, "repeat not marked"),
    (keep_what_stood, "paged while hushed"),
    (hear_only_news, "paged while hushed"),
    (follow_nobody, "paged while hushed"),
    (start_again, "changed twice"),
)
"""Each bug, and a law that sees it."""
