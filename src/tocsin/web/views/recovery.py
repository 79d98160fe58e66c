"""How much data is lost, as the room shows it: what the playbook allows, and what somebody has said."""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.recovery import find_asking, find_beginning, find_point, find_time
from tocsin.playbook.duration import say
from tocsin.timeline.tell_recovery import spell_lost
from tocsin.web.views.scene import Cite, Scene, View, Who, clean


class RecoveryView(View, frozen=True, kw_only=True):
    """`point` is the moment to which the data can be brought back and `until` the last write that is lost (before
    anybody has said so: when the incident began); `text` says what that means. `allowed` is the line that states how
    much may be lost, `back` the one that states how long it may take, until `back_at`.
    """

    until: datetime
    point: datetime | None = None
    lost_s: float | None = None
    is_kept: bool | None = None
    text: str = ""
    note: str = ""
    by: Who | None = None
    at: datetime | None = None
    allowed: Cite | None = None
    allowed_s: int | None = None
    back: Cite | None = None
    back_s: int | None = None


def show_recovery(scene: Scene) -> RecoveryView | None:
    """What is known of lost data; null where neither the playbook nor anybody speaks of it."""
    incident, book = scene.incident, scene.book
    told, point, time = incident.recovery, find_point(incident, book), find_time(incident, book)
    if told is None and time is None and not find_asking(incident, book):
        return None
    line, allowed_s = (point.line, point.seconds) if point is not None else (None, None)
    if told is not None:
        line, allowed_s = told.line, told.allowed_s
    return RecoveryView(
        until=told.until if told is not None else find_beginning(incident),
        point=told.point if told is not None else None,
        lost_s=told.lost_s if told is not None else None,
        is_kept=told.is_kept if told is not None else None,
        text=_tell(scene),
        note=clean(told.note) if told is not None else "",
        by=scene.who(told.by) if told is not None else None,
        at=told.at if told is not None else None,
        allowed=scene.cite(line),
        allowed_s=allowed_s,
        back=scene.cite(time.line) if time is not None else None,
        back_s=time.seconds if time is not None else None,
    )


def _tell(scene: Scene) -> str:
    """What is lost, beside what may be; empty until somebody has said it."""
    told = scene.incident.recovery
    if told is None:
        return ""
    lost = f"{spell_lost(told.lost_s)} of data is lost" if told.lost_s else "No data is lost"
    if told.allowed_s is None:
        return f"{lost}."
    allowed = f"{say(told.allowed_s)} may be" if told.allowed_s else "none may be"
    where = f" (line {told.line})" if told.line else ""
    over = f"missed by {spell_lost(told.lost_s - told.allowed_s)}"
    return f"{lost}; {allowed}{where}: {'kept' if told.is_kept else over}."
