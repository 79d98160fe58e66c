"""The timed wait of a step, as the room shows it: until when, and how it ended."""

from __future__ import annotations

from datetime import datetime

from tocsin.playbook.model import Procedure, Step
from tocsin.run.until import LASTS_S, Until, find_until
from tocsin.run.wait import find_wait
from tocsin.web.views.scene import Scene, View, Who, clean


class WaitView(View, frozen=True, kw_only=True):
    """`seconds` it lasts by the playbook's words; `until` and `by` once it was begun, `ended_at` once it is over.

    `watches`: what fires again meanwhile reopens the incident. `look` is the statement of line `look_line` that is
    repeated until it says that it is over; `by_hand` is why a person must tell.
    """

    seconds: int = 0
    watches: bool = False
    begun_at: datetime | None = None
    until: datetime | None = None
    by: Who | None = None
    ended_at: datetime | None = None
    look: str = ""
    look_line: int = 0
    by_hand: str = ""


def show_wait(step_id: str, step: Step, procedure: Procedure, scene: Scene) -> WaitView | None:
    """The wait of a step; null where it neither says one nor has one."""
    wait, span = scene.incident.waits.get(step_id), find_wait(step)
    until = find_until(procedure, step_id) if span is None else ""
    told = until if isinstance(until, Until) else None
    look, line = (told.text, told.line) if told is not None else ("", 0)
    if wait is None and span is None:
        by_hand = "" if isinstance(until, Until) else until
        if not until:
            return None
        return WaitView(seconds=LASTS_S if look else 0, look=clean(look, 300), look_line=line, by_hand=by_hand)
    if wait is None:
        return WaitView(seconds=span.seconds, watches=span.watches) if span is not None else None
    return WaitView(
        seconds=span.seconds if span is not None else round((wait.until - wait.begun_at).total_seconds()),
        watches=wait.watches,
        begun_at=wait.begun_at,
        until=wait.until,
        by=None if wait.by == "tocsin" else scene.who(wait.by),
        ended_at=wait.ended_at,
        look=clean(look, 300),
        look_line=line,
    )
