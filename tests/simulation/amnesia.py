"""For each boundary at which a server can die, a bug that shows only there: what it held then is mishandled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tocsin.engine.contracts import Append, Errand, Write
from tocsin.testing.simulation.node import Gone, Node
from tocsin.timeline import events as e

Build = Callable[[Node], None]


class Amnesia:
    """A build that watches one boundary, and does its bug whenever a server dies there."""

    def __init__(self, boundary: str) -> None:
        self.boundary = boundary
        self.effect = EFFECTS[boundary]
        self.last: tuple[Append, ...] = ()
        self.gone: dict[tuple[str, int], Errand] = {}
        self.again = False
        self.liar: Node | None = None

    def __call__(self, node: Node) -> None:
        real_die, real_crash = node.die, node.ground.mischief.crashes_at
        at = ""

        def crashes_at(name: str) -> bool:
            nonlocal at
            at = name
            return real_crash(name)

        def die() -> None:
            dead = node.dead
            real_die()
            if at == self.boundary and not dead:
                self.effect(self, node)

        node.ground.mischief.crashes_at = crashes_at  # type: ignore[method-assign]
        node.die = die  # type: ignore[method-assign]
        self._watch(node)
        self._lie(node)
        if self.again:
            _begin_again(node)

    def _watch(self, node: Node) -> None:
        real = node.disk.write

        async def write(write: Write) -> None:
            store = node.ground.store
            closing = {(each.stream, seq) for each in write.appends for seq in each.closes}
            gone = {(each.stream, each.seq): each for each in store.errands.values()}
            await real(write)
            self.last = write.appends
            self.gone = {name: errand for name, errand in gone.items() if name in closing}

        node.disk.write = write  # type: ignore[method-assign]

    def _lie(self, node: Node) -> None:
        real = node.answer

        async def answer(asked: Any) -> Any:
            try:
                return await real(asked)
            except Gone:
                if node is self.liar:
                    return []
                raise

        node.answer = answer  # type: ignore[method-assign]


def _begin_again(node: Node) -> None:
    """What had begun is begun again, as if nobody had."""
    dispatch = node.engine.dispatch
    real = dispatch._start

    async def start(errand: Errand, intent: e.StepRequested) -> bool:
        await real(errand, intent)
        return True

    dispatch._start = start  # type: ignore[method-assign]


def _answer_all_the_same(bug: Amnesia, node: Node) -> None:
    """Whoever asked is told that it is done."""
    bug.liar = node


def _lose_claims(bug: Amnesia, node: Node) -> None:
    """What was handed out is never handed out again."""
    node.ground.store.claimed.clear()


def _lose_outbox(bug: Amnesia, node: Node) -> None:
    """The entries of the last commit are kept; what it put into the outbox, and its wake, is not."""
    store = node.ground.store
    for append in bug.last:
        for errand in append.errands:
            store._close(errand.stream, errand.seq)
        store._set_wake(append.stream, None)


def _lose_wakes(bug: Amnesia, node: Node) -> None:
    """What was being planned is not planned again."""
    store, now = node.ground.store, node.clock.now()
    for stream in [stream for stream, due in store._wakes.items() if due <= now]:
        store._set_wake(stream, None)


def _carry_again(bug: Amnesia, node: Node) -> None:
    """What has its outcome stands in the queue again."""
    for errand in bug.gone.values():
        node.ground.store._add(errand)


def _run_again(bug: Amnesia, node: Node) -> None:
    bug.again = True


def _tear_blobs(bug: Amnesia, node: Node) -> None:
    """A file under its final name holds half of what it should."""
    kept = node.ground.blobs
    last = list(kept)[-1]
    kept[last] = kept[last][:3]


def _tear_next_blob(bug: Amnesia, node: Node) -> None:
    """A file stands under its final name before it is written."""
    node.ground.blobs[node.blobs.putting] = b""


Effect = Callable[[Amnesia, Node], None]

EFFECTS: dict[str, Effect] = {
    "intake.before_commit": _answer_all_the_same,
    "intake.after_commit": _lose_outbox,
    "command.before_commit": _answer_all_the_same,
    "command.after_commit": _lose_outbox,
    "timer.before_commit": _lose_wakes,
    "timer.after_commit": _lose_outbox,
    "outcome.before_commit": _lose_claims,
    "outcome.after_commit": _carry_again,
    "start.before_commit": _lose_claims,
    "start.after_commit": _lose_claims,
    "claim.after_commit": _lose_claims,
    "page.before_send": _lose_claims,
    "page.during_send": _lose_claims,
    "page.after_send": _lose_claims,
    "page.before_outcome_commit": _lose_claims,
    "page.after_outcome_commit": _carry_again,
    "read.before_spawn": _lose_claims,
    "read.during": _lose_claims,
    "read.after": _lose_claims,
    "read.before_outcome_commit": _lose_claims,
    "read.after_outcome_commit": _carry_again,
    "change.before_start_commit": _lose_claims,
    "change.after_start_commit": _lose_claims,
    "change.during": _run_again,
    "change.after": _run_again,
    "change.before_outcome_commit": _run_again,
    "change.after_outcome_commit": _carry_again,
    "change.before_spawn": _lose_claims,
    "blob.before_write": _tear_next_blob,
    "blob.after_write": _tear_blobs,
}
