"""A step on several targets, and one that several people do at the same moment, as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.timeline.events import OnTarget
from tocsin.web.views.scene import Scene, View, Who, clean


class TargetRan(View, frozen=True, kw_only=True):
    """What became of it on one target: `state` is ok, failed, not_run or in_doubt, `identity` as whom it ran there."""

    target: str
    state: str
    identity: str = ""
    exit_code: int | None = None
    duration_s: float | None = None
    stdout: str = ""
    stderr: str = ""
    cut: int = 0
    why: str = ""


class BarrierView(View, frozen=True, kw_only=True):
    """Who must be ready, who is (and where they stand), and when it goes; `held` says why it did not the last time."""

    awaited: tuple[Who, ...]
    ready: tuple[Who, ...]
    where: tuple[str, ...]
    countdown_s: int
    held: str = ""
    go_at: datetime | None = None
    passed_at: datetime | None = None
    disagrees: bool = False


def show_targets(on: tuple[OnTarget, ...]) -> tuple[TargetRan, ...]:
    """What is known of each target."""
    return tuple(
        TargetRan(
            target=each.target,
            state=each.state,
            identity=clean(each.identity, 300),
            exit_code=each.exit_code,
            duration_s=each.duration_s,
            stdout=each.stdout,
            stderr=each.stderr,
            cut=each.cut,
            why=clean(each.why, 500),
        )
        for each in on
    )


def show_barrier(step: str, scene: Scene) -> BarrierView | None:
    """The barrier of a step, if somebody called one."""
    barrier = scene.incident.barriers.get(step)
    if barrier is None:
        return None
    ready = [(who, clean(where, 200)) for who, where in barrier.ready.items()]
    return BarrierView(
        awaited=_name_each(barrier.awaited, scene),
        ready=_name_each([who for who, _ in ready], scene),
        where=tuple(where for _, where in ready),
        countdown_s=barrier.countdown_s,
        held=clean(barrier.held, 500),
        go_at=barrier.go_at,
        passed_at=barrier.passed_at,
        disagrees=not barrier.awaited and not barrier.is_ready,
    )


def _name_each(people: Sequence[str], scene: Scene) -> tuple[Who, ...]:
    return tuple(Who(id=each, name=scene.name(each)) for each in people)
