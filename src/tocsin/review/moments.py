"""The moments of an incident that matter afterwards: a timeline that somebody reads, not six thousand entries.

What was decided, said or found stands by itself; what repeats is folded (`folds.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.incident.obligation import put_in_words
from tocsin.incident.state import Incident
from tocsin.review.folds import fold_alerts, fold_callings, fold_refusals, fold_runs, name_of
from tocsin.review.moment import Mark, Moment
from tocsin.review.runs import Run
from tocsin.review.timeline import Timeline
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.tell import Name, tell
from tocsin.words import Audience, ObligationState

MOST_NOTES = 60


def find_moments(incident: Incident, timeline: Timeline, runs: Sequence[Run], name: Name) -> tuple[Moment, ...]:
    """The moments of a timeline, in their order."""
    in_time = {key for key, duty in incident.obligations.items() if duty.state is ObligationState.MET}
    found = [
        *_single(timeline, name, in_time),
        *_notes(timeline, name),
        *fold_callings(timeline, name),
        *fold_alerts(timeline),
        *fold_runs(runs, name),
        *fold_refusals(timeline, name),
    ]
    return tuple(sorted(found, key=lambda moment: (moment.at, moment.mark is not Mark.FIRED, moment.seq)))


_MARKS: dict[type[e.Event], Mark] = {
    e.Acknowledged: Mark.ACKNOWLEDGED,
    e.CauseIdentified: Mark.CAUSE,
    e.Mitigated: Mark.MITIGATED,
    e.Resolved: Mark.RESOLVED,
    e.Closed: Mark.CLOSED,
    e.IncidentOpened: Mark.OPENED,
}
_DUTIES = (e.ObligationLate, e.ObligationMet, e.ObligationWaived)
_TOLD = (
    e.IncidentOpened, e.ScenarioChosen, e.Declared, e.Acknowledged, e.AcknowledgementExpired, e.SeveritySet,
    e.RoleTaken, e.CauseIdentified, e.Mitigated, e.Resolved, e.Reopened, e.Closed, e.Dismissed, e.Merged,
    e.EscalationAsked, e.WayTaken, e.ScenarioPursued, e.StepDone, e.DoubtSettled, e.ProhibitionLifted,
    e.RecoveryPointTold,
)  # fmt: skip


def _single(timeline: Timeline, name: Name, in_time: set[str]) -> Iterator[Moment]:
    """Events that are each a moment of their own; a duty that was met in the very second of its end is not late."""
    duties = {event.key: event for _, event in timeline.each(e.ObligationArmed)}
    taken: set[str] = set()
    for entry in timeline.of(*_TOLD, *_DUTIES, e.UpdatePosted, e.LevelJoined):
        event = entry.event
        if isinstance(event, e.Acknowledged):
            if event.by in taken:
                continue
            taken.add(event.by)
        elif isinstance(event, e.AcknowledgementExpired | e.Reopened):
            taken.clear()
        text = _tell_single(event, duties, in_time, name)
        if text is not None:
            yield _moment(entry, text, name)


def _tell_single(event: e.Event, duties: dict[str, e.ObligationArmed], in_time: set[str], name: Name) -> str | None:
    match event:
        case e.ObligationLate(key=key) if key in in_time:
            return None
        case e.ObligationLate() | e.ObligationMet() | e.ObligationWaived():
            return tell(put_in_words(event, duties), lambda by: name_of(by, name))
        case e.UpdatePosted(text=text):
            return f"{_readers(event)}: {text}"
        case e.LevelJoined() if not _matters(event):
            return None
    return tell(event, name)


def _notes(timeline: Timeline, name: Name) -> Iterator[Moment]:
    """The first notes; of more than anybody reads only how many there are."""
    notes = timeline.each(e.NoteAdded)
    for entry, event in notes[:MOST_NOTES]:
        yield _moment(entry, tell(event, name), name)
    if len(notes) > MOST_NOTES:
        last = notes[-1][0]
        text = f"{len(notes) - MOST_NOTES} more notes stand in the incident's own timeline"
        yield Moment(at=last.at, seq=last.seq, mark=Mark.OTHER, text=text)


def _moment(entry: Entry, text: str, name: Name) -> Moment:
    event = entry.event
    mark = _MARKS.get(type(event), Mark.OTHER)
    if isinstance(event, e.RoleTaken) and "commander" in event.role.casefold():
        mark = Mark.COMMANDER
    if isinstance(event, e.UpdatePosted):
        mark = Mark.POSTED
    by = event.responder if isinstance(event, e.RoleTaken) else getattr(event, "by", "")
    return Moment(at=entry.at, seq=entry.seq, mark=mark, text=text, who=name_of(str(by), name))


def _readers(event: e.UpdatePosted) -> str:
    return f"Status page ({event.status})" if Audience.PUBLIC in event.audiences else "Update to the responders"


def _matters(event: e.LevelJoined) -> bool:
    """A line of the playbook called somebody in, or nobody answers to a name; the ladder's rungs show as pages."""
    return not event.responders or event.key.startswith("line:") or event.late_s > 0
