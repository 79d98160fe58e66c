"""The duties to tell people: the first public word, the updates after it, the bridge.

Each comes from a line of the playbook. A promise inside an update that was sent ("next update in 10 minutes") replaces
the cadence for that one time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.comms.gate import find_lock
from tocsin.comms.silence import find_silence
from tocsin.incident.book import Book, is_quiet, within_s
from tocsin.incident.ledger import Wanted
from tocsin.incident.obligation import BRIDGE, STATUS_PAGE, UPDATE
from tocsin.incident.state import Incident
from tocsin.playbook.model import AudienceWay, Severity
from tocsin.words import Audience

OWNER = "communications lead"
SILENT = frozenset({"optional", "none"})
"""What a severity says of its status page where nobody owes a word there."""
LOOKED_INTO = "Say on the status page that it is being looked into"


def find_duties(incident: Incident, book: Book) -> Iterator[Wanted]:
    """Every duty to tell somebody that the open incident owes, met ones included."""
    severity = book.severity(incident)
    since = incident.severity_at or incident.started_at
    yield from _status_page(incident, book, severity, since)
    yield from _next_update(incident, severity, since)
    yield from _bridge(incident, book, severity, since)


def _status_page(incident: Incident, book: Book, severity: Severity | None, since: datetime) -> Iterator[Wanted]:
    """Nobody owes the public a word that the playbook forbids. A page that is to be kept up to date without a word on
    how soon ("Update status page") has until the incident must have been taken; where the playbook says of no severity
    whether it wants one, at those that do not wait for the day.
    """
    within, line = book.playbook.document.status_page_within_s, None
    if severity is not None and severity.status_page in SILENT:
        return
    if severity is not None:
        own = severity.status_page_within_s
        if own is None and within is None and severity.status_page == "required":
            own = within_s(severity, book.playbook.severities)
        if own is not None:
            within, line = own, severity.status_page_line or severity.line
        elif within is None and (way := _find_public_way(book)) and not is_quiet(severity.response):
            within, line = within_s(severity, book.playbook.severities), way.line
    if within is None or find_silence(incident, book) is not None:
        return
    lock = find_lock(incident, book)
    yield Wanted(
        key=_key(STATUS_PAGE, incident),
        duty=STATUS_PAGE,
        what=LOOKED_INTO + (f", in words that {lock.role} has approved" if lock is not None else ""),
        due_at=since + timedelta(seconds=within),
        owner=OWNER,
        line=line or book.playbook.document.status_page_line,
    )


def _find_public_way(book: Book) -> AudienceWay | None:
    """The line by which the public is told on the status page, whatever the severity; none where severities say it."""
    if any(each.status_page is not None for each in book.playbook.severities):
        return None
    return next((each for each in book.playbook.audience_ways if each.audience is Audience.PUBLIC), None)


def _next_update(incident: Incident, severity: Severity | None, since: datetime) -> Iterator[Wanted]:
    """A promise stands as it was given; a severity that was changed after it may only demand the word sooner."""
    said = sorted((*incident.updates, *incident.unsaid), key=lambda each: each.seq)
    counted = [each for each in said if each.in_form]
    last = counted[-1] if counted and counted[-1].at >= incident.started_at else None
    every = severity.update_every_s if severity else None
    promised = last.at + timedelta(seconds=last.promise_s) if last and last.promise_s else None
    regular = max(since, last.at if last else since) + timedelta(seconds=every) if every else None
    stands = last is not None and since <= last.at
    by_promise = promised is not None and (regular is None or stands or promised <= regular)
    due = promised if by_promise else regular
    if due is None:
        return
    yield Wanted(
        key=f"{UPDATE}:{len(counted) + 1}",
        duty=UPDATE,
        what="Post the next update, as promised" if by_promise else _say(severity),
        due_at=due,
        owner=OWNER,
        line=None if by_promise else (severity.update_line or severity.line if severity else None),
    )


def _say(severity: Severity | None) -> str:
    form = severity.update_form if severity else None
    return f"Post the next update: {form}" if form else "Post the next update"


def _bridge(incident: Incident, book: Book, severity: Severity | None, since: datetime) -> Iterator[Wanted]:
    """A bridge that starts "immediately" is late once the response time has passed."""
    if severity is None or severity.bridge_within_s is None:
        return
    seconds = severity.bridge_within_s or within_s(severity, book.playbook.severities) or 0
    yield Wanted(
        key=_key(BRIDGE, incident),
        duty=BRIDGE,
        what="Open the bridge" if severity.bridge_within_s else "Open the bridge at once",
        due_at=since + timedelta(seconds=seconds),
        owner="incident commander",
        line=severity.bridge_line or severity.line,
    )


def _key(duty: str, incident: Incident) -> str:
    return f"{duty}:{incident.reopened + 1}" if incident.reopened else duty
