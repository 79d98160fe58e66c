"""What became of a step, as it is shown."""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.state import StepRecord
from tocsin.web.views.scene import Scene, View, Who, clean
from tocsin.web.views.targets import TargetRan, show_targets
from tocsin.web.views.verdict import MOST_HEAD_LINES
from tocsin.words import StepState


class LeftView(View, frozen=True, kw_only=True):
    """A file that a step left in its `/tmp`, as a step sees it; `digest` names its text as evidence, if it is one."""

    path: str
    size: int
    digest: str = ""


class Ran(View, frozen=True, kw_only=True):
    """What became of a step. `stdout` and `stderr` name the full outputs, `cut` is what they lack, in bytes.

    `outcome` says in words what `state` alone does not: a step whose state is `ok` may have *failed in part* or *found
    nothing*. `partly` says which parts of a pipe failed before its last, `finds_nothing` that a search found nothing;
    `left` are the files that it left in its `/tmp`, `more_left` how many are not named; where there are steps `beside`
    it, any of them may have written those. `on` tells it for each target
    that is another machine, or one of several; `stopped_by` who wanted it ended.
    """

    state: str
    outcome: str
    by: Who | None = None
    requested_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    duration_s: float | None = None
    head: str = ""
    stdout: str = ""
    stderr: str = ""
    cut: int = 0
    why: str = ""
    partly: str = ""
    finds_nothing: bool = False
    left: tuple[LeftView, ...] = ()
    more_left: int = 0
    beside: tuple[str, ...] = ()
    on: tuple[TargetRan, ...] = ()
    stopped_by: Who | None = None


def show_run(record: StepRecord | None, scene: Scene) -> Ran | None:
    """What became of it; nothing to say of a typed step that only waits."""
    if record is None or record.state is StepState.PLANNED:
        return None
    if record.state is StepState.WAITING and not record.approved_by and not record.why:
        return None
    return Ran(
        state=record.state,
        outcome=record.outcome,
        by=scene.who(record.approved_by),
        requested_at=record.requested_at,
        ended_at=record.ended_at,
        exit_code=record.exit_code,
        duration_s=record.duration_s,
        head="\n".join(clean(record.stdout_head).splitlines()[:MOST_HEAD_LINES]),
        stdout=record.stdout,
        stderr=record.stderr,
        cut=record.cut,
        why=clean(record.why, 500),
        partly=clean(record.partly, 300),
        finds_nothing=record.finds_nothing,
        left=tuple(LeftView(path=clean(each.path, 300), size=each.size, digest=each.digest) for each in record.left),
        more_left=record.more_left,
        beside=record.beside,
        on=show_targets(record.on),
        stopped_by=scene.who(record.stopped_by or None),
    )
