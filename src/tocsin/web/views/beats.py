"""The demonstration's story so far, beat by beat: the world's side and the incident's, in one order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec

from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.pipe import tell_end, tell_failed
from tocsin.web.views.picture import Picture
from tocsin.web.views.scene import View, clean


class Beat(View, frozen=True, kw_only=True):
    """One beat of the story; `tone` as in the timeline, `after_s` counts from the break."""

    at: datetime
    text: str
    tone: str = "plain"
    after_s: float | None = None


def show_beats(picture: Picture, entries: Sequence[Entry], name: Callable[[str], str]) -> tuple[Beat, ...]:
    """All beats, the oldest first."""
    beats = (*_world_beats(picture, entries), *_server_beats(picture), *_incident_beats(entries, name))
    return tuple(_count(beat, picture.times.injected_at) for beat in sorted(beats, key=lambda beat: beat.at))


def _count(beat: Beat, start: datetime | None) -> Beat:
    """Orders may fail a moment before the fault is proved to be there, which starts the clock."""
    after = max(0.0, (beat.at - start).total_seconds()) if start is not None else None
    return msgspec.structs.replace(beat, after_s=after)


def _world_beats(picture: Picture, entries: Sequence[Entry]) -> Iterator[Beat]:
    """The world's side; the alert went out before the incident that it opened, whenever its receipt came."""
    times = picture.times
    if times.injected_at:
        yield Beat(at=times.injected_at, text=clean(f"Broken: {picture.fault.story or picture.fault.name}", 300))
    if times.red_at:
        yield Beat(at=times.red_at, text="Orders fail: the referee is red", tone="bad")
    if times.alert_at:
        at = min(times.alert_at, entries[0].at) if entries else times.alert_at
        yield Beat(at=at, text=clean(f"The alert {picture.fault.alert} went out", 200))
    if times.green_at:
        lost = picture.referee.lost_orders
        kept = "no order is lost" if not lost else f"{lost} orders are lost"
        yield Beat(at=times.green_at, text=f"Orders go through again: the referee is green, {kept}", tone="good")


def _server_beats(picture: Picture) -> Iterator[Beat]:
    server = picture.server
    if not picture.was_killed or server.killed_at is None:
        return
    yield Beat(at=server.killed_at, text="tocsin is killed: kill -9", tone="bad")
    if server.started_at is not None and server.started_at >= server.killed_at:
        yield Beat(at=server.started_at, text=f"tocsin starts again, as process {server.pid}", tone="good")


def _incident_beats(entries: Sequence[Entry], name: Callable[[str], str]) -> Iterator[Beat]:
    """What happened in the incident, each thing once: repeated pages and the ends of mere looks are left out."""
    looks: set[str] = set()
    told: set[str] = set()
    for entry in entries:
        event = entry.event
        if isinstance(event, e.StepRequested) and event.by == "tocsin":
            looks.add(event.step)
        if isinstance(event, e.StepFinished) and event.step in looks:
            looks.discard(event.step)
            continue
        beat = _tell(event, name)
        if beat is not None and not (isinstance(event, e.PageDelivered) and beat[0] in told):
            told.add(beat[0])
            yield Beat(at=entry.at, text=clean(beat[0], 300), tone=beat[1])


def _tell(event: e.Event, name: Callable[[str], str]) -> tuple[str, str] | None:
    """The beats of an incident that a spectator follows, and nothing else of its timeline."""
    match event:
        case e.IncidentOpened(number=number):
            return f"tocsin opened {number}", "plain"
        case e.PageDelivered(responder=responder, channel=channel, repeat=repeat):
            again = ", sent again after the restart" if repeat else ""
            return f"Page to {name(responder)} by {channel}{again}", "plain"
        case e.StepRequested(text=text, by="tocsin"):
            return f"Looked by itself: {text}", "quiet"
        case e.Acknowledged(by=by):
            return f"{name(by)} acknowledged", "good"
        case e.StepForbidden(rule=rule):
            return f"Refused. {rule}", "bad"
        case e.StepApproved(by=by, step=step):
            return f"{name(by)} approved step {step}", "plain"
        case e.StepInDoubt(step=step):
            return f"Step {step} was running when the server died: in doubt, a person must look", "bad"
        case e.StepFinished(step=step, exit_code=code):
            is_good = code == 0 and not tell_failed(event)
            return f"Step {step} {tell_end(event)}", "good" if is_good else "bad"
        case e.Resolved(by=by):
            return f"{name(by)} resolved it", "good"
    return None
