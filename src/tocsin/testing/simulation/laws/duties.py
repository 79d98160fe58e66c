"""A duty that is owed is kept, set aside, or noted as late within a second of its time."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Audience, PublicStatus

ENDS = (e.ObligationArmed, e.ObligationDropped, e.ObligationMet, e.ObligationWaived, e.ObligationLate)
SLACK_S = 0.001
PAGE = ("status_page", *(f"status_page_{each}" for each in ("identified", "monitoring", "resolved")))


def check_duties(evidence: Evidence) -> Iterator[Violation]:
    """The law, for each time that a duty was armed."""
    for stream, entries in evidence.incidents.items():
        for at, entry in enumerate(entries):
            if isinstance(entry.event, e.ObligationArmed):
                yield from _follow(evidence, stream, entry, entry.event, entries[at + 1 :])


def _follow(
    evidence: Evidence, stream: str, entry: Entry, armed: e.ObligationArmed, later: list[Entry]
) -> Iterator[Violation]:
    end = next((each for each in later if _ends(each.event, armed)), None)
    if end is not None and not isinstance(end.event, e.ObligationLate):
        return
    due = evidence.seconds(armed.due_at)
    last = evidence.stretches[-1]
    noted = last.end + last.ahead if end is None else evidence.seconds(end.recorded_at)
    since = max([0.0, *evidence.find_moments(evidence.seconds(entry.recorded_at))])
    if noted > due + 1 and noted - SLACK_S > evidence.find_limit(due, since):
        how = "never" if end is None else f"at {noted:.3f}"
        yield Violation("duty not noted", stream, f"{armed.key} ran out at {due:.3f} and was noted {how}.")


def _ends(event: e.Event, armed: e.ObligationArmed) -> bool:
    if isinstance(event, ENDS):
        return event.key == armed.key
    if isinstance(event, e.Acknowledged):
        return armed.duty == "acknowledge"
    if isinstance(event, e.RoleTaken):
        return armed.key.casefold() == f"role:{event.role}".casefold()
    if isinstance(event, e.FixConfirmed | e.Resolved) and armed.duty == "verify":
        return True
    if _is_said(event, armed.duty):
        return True
    return isinstance(event, e.Closed | e.Dismissed | e.Merged)


def _is_said(event: e.Event, duty: str) -> bool:
    """Whether the public was told what a duty of the status page wants; what comes later says what was before it."""
    match event:
        case (
            e.UpdatePosted(audiences=audiences, status=status) | e.UpdateWithheld(audiences=audiences, status=status)
        ) if Audience.PUBLIC in audiences:
            told = status
        case e.AnnouncementRequested(status=status):
            told = status
        case _:
            return False
    return duty in PAGE and PAGE.index(duty) <= list(PublicStatus).index(told)
