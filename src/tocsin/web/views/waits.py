"""The timed wait of a step, as the room shows it: until when, and how it ended."""

from __future__ import annotations

from datetime import datetime

from tocsin.playbook.model import Step
from tocsin.run.wait import find_wait
from tocsin.web.views.scene import Scene, View, Who


class WaitView(View, frozen=True, kw_only=True):
    """`seconds` it lasts by the playbook's words; `until` and `by` once it was begun, `ended_at` once it is over.

    `watches`: what fires again meanwhile reopens the incident.
    """

    seconds: int = 0
    watches: bool = False
    begun_at: datetime | None = None
    until: datetime | None = None
    by: Who | None = None
    ended_at: datetime | None = None


def show_wait(step_id: str, step: Step, scene: Scene) -> WaitView | None:
    """The wait of a step; null where it neither says one nor has one."""
    wait, span = scene.incident.waits.get(step_id), find_wait(step)
    if wait is None:
        return WaitView(seconds=span.seconds, watches=span.watches) if span is not None else None
    return WaitView(
        seconds=span.seconds if span is not None else round((wait.until - wait.begun_at).total_seconds()),
        watches=wait.watches,
        begun_at=wait.begun_at,
        until=wait.until,
        by=None if wait.by == "tocsin" else scene.who(wait.by),
        ended_at=wait.ended_at,
    )
