"""What was changed on purpose about when an incident began: deployments, switches. Most incidents follow one."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.timeline.events import ChangeSeen
from tocsin.web.views.alerts import Pair, show_pairs
from tocsin.web.views.scene import Scene, View, clean, find_link

LOOK_BACK = timedelta(hours=24)
"""How long before an incident a change may lie to be shown in it."""
MOST_SHOWN, MOST_DETAILS = 20, 6


class ChangeView(View, frozen=True, kw_only=True):
    """One change. `before_s` is how long before the opening it was made, below 0 after it; `when` says it in words."""

    at: datetime
    before_s: int
    when: str
    summary: str
    source: str = ""
    link: str = ""
    details: tuple[Pair, ...] = ()


def show_changes(scene: Scene) -> tuple[ChangeView, ...]:
    """The team's changes from a day before the incident until its end, the latest first."""
    incident = scene.incident
    since, until = incident.opened_at - LOOK_BACK, incident.resolved_at or incident.closed_at or scene.now
    near = [change for change in scene.standing.changes if since <= change.done_at <= until]
    latest = sorted(near, key=lambda change: change.done_at, reverse=True)[:MOST_SHOWN]
    return tuple(_show(change, incident.opened_at) for change in latest)


def _show(change: ChangeSeen, opened_at: datetime) -> ChangeView:
    before = opened_at - change.done_at
    span = _spell(abs(before))
    return ChangeView(
        at=change.done_at,
        before_s=int(before.total_seconds()),
        when=f"{span} before it opened" if before >= timedelta(0) else f"{span} after it opened",
        summary=clean(change.summary, 300),
        source=clean(change.source, 100),
        link=find_link(change.link),
        details=show_pairs(dict(list(change.details.items())[:MOST_DETAILS])),
    )


def _spell(span: timedelta) -> str:
    """A stretch as people say it of something that lies back: ``45 s``, ``12 min``, ``3 h 20 min``."""
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
