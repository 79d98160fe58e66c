"""The review planner: which reviews the playbook owes after the incident, and which are overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.incident.afterwards import find_turn, is_through, list_lines
from tocsin.incident.book import Book
from tocsin.incident.ledger import Kept, Wanted, settle
from tocsin.incident.obligation import REVIEW
from tocsin.incident.plan import Plan
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.playbook.model import Review
from tocsin.words import Status

OWED = frozenset({Status.RESOLVED, Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING})


def plan(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The ledger's changes for the duties afterwards."""
    wanted = _find(incident, book) if incident.status in OWED else ()
    return settle(incident, wanted, frozenset({REVIEW}), now)


def _find(incident: Incident, book: Book) -> Iterator[Wanted]:
    anew = frozenset(step.line for each in book.afterwards(incident) for step in each.steps)
    for review in book.playbook.reviews:
        from_alert = review.from_ == "alert"
        since = incident.started_at if from_alert else incident.resolved_at
        if since is None or not _applies(review, incident):
            continue
        key = first = f"review:{review.line}"
        if any(each.line in anew for each in list_lines(review)):
            key = find_turn(first, incident, since)
        begun = incident.opened_at if from_alert and key == first else since
        yield Wanted(
            key=key,
            duty=REVIEW,
            what=review.what,
            due_at=begun + timedelta(seconds=review.after_s),
            owner="incident commander",
            line=review.line,
            kept=_find_kept(review, incident, anew),
        )


def _find_kept(review: Review, incident: Incident, anew: frozenset[int]) -> Kept | None:
    if incident.resolved_at is None or not is_through(review, incident, anew):
        return None
    return Kept(by="tocsin", note=f"each of its {len(list_lines(review))} lines is done")


def _applies(review: Review, incident: Incident) -> bool:
    """Whether it is owed; of a false positive there is nothing to review."""
    return not incident.false_positive and (not review.severities or incident.severity in review.severities)
