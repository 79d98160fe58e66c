"""The duties to tell somebody something that stand in checklists, after the incident, and below a severity.

"Users notified (status page)" at T+10 is a duty with a deadline like any other; so is "Notify stakeholders" within a
day of the end, and the mail to customers once an outage has lasted half an hour. What is already said is not owed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.comms.called import find_call
from tocsin.comms.silence import find_silence
from tocsin.incident.afterwards import find_ticked
from tocsin.incident.book import Book, number_steps, within_s
from tocsin.incident.ledger import Kept, Wanted
from tocsin.incident.obligation import (
    NOTIFICATION,
    STATUS_PAGE,
    STATUS_PAGE_IDENTIFIED,
    STATUS_PAGE_MONITORING,
    STATUS_PAGE_RESOLVED,
    TELL,
    name_telling,
)
from tocsin.incident.phase import Part, find_parts
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Notice, Playbook, StatusDuty, Step
from tocsin.words import Audience, Status, StepKind, StepState

OWNER = "communications lead"
SOON_S = 300
"""Where a playbook says only on what the status page is to follow ("when root cause known"), and not how soon."""
BLAST_S = 900
"""So long there is for a notice whose time has come, where no cadence says how often people are told."""
NOTES_S = 7 * 86400
PAGE = compile_late(r"\bstatus page\b", re.IGNORECASE)
_OVER = compile_late(r"\bresolved\b|\brestored\b|\bresolution\b", re.IGNORECASE)
_STAKEHOLDERS = compile_late(
    r"\bstakeholders?\b[^.]*\b(?:notified|updated|told|informed)\b"
    r"|\b(?:notify|update|tell|inform|summary to)\b[^.]*\bstakeholders?\b",
    re.IGNORECASE,
)
_USERS = compile_late(
    r"\b(?:users?|customers?)\b[^.]*\b(?:notified|told|informed)\b|\b(?:notify|tell|inform)\b[^.]*\b(?:users?|customers?)\b"
    r"|\bsend resolution (?:notice|notification)\b",
    re.IGNORECASE,
)
ENDINGS = frozenset({STATUS_PAGE_RESOLVED, *(name_telling(each, ending=True) for each in Audience)})
"""The kinds of duty that outlast the incident."""
_FOLLOWS = {
    "identified": STATUS_PAGE_IDENTIFIED,
    "monitoring": STATUS_PAGE_MONITORING,
    "resolved": STATUS_PAGE_RESOLVED,
}
_OUTWARD = compile_late(
    r"\b(?:contact|notify|call|inform)\b[^.]*\b(?:operators?|providers?|support|part(?:y|ies)|partners?|customers?|users?|stakeholders?)\b"
    r"|^post in #\w",
    re.IGNORECASE,
)
_CUSTOMERS = compile_late(r"\b(?:customers?|users?)\b", re.IGNORECASE)
_LAW = compile_late(r"\bnotification (?:requirements?|duties|obligations?)\b", re.IGNORECASE)
LAW_S = 72 * 3600
"""The strictest of the laws that playbooks have in mind: a breach is reported within 72 hours (GDPR, article 33)."""
_BY_TICK = Kept(by="tocsin", note="its line is ticked")
_TICKED = frozenset({StepState.OK, StepState.SKIPPED})


def find_telling(incident: Incident, book: Book, now: datetime) -> Iterator[Wanted]:
    """What must be told while it goes on, and after it. What never was real is over for those alone who heard of it."""
    found = _find_all(incident, book, now)
    if not incident.false_positive:
        return found
    heard = {audience for update in (*incident.updates, *incident.unsaid) for audience in update.audiences}
    kinds = {name_telling(each, ending=ending) for each in heard for ending in (True, False)}
    kinds |= {STATUS_PAGE_RESOLVED} if Audience.PUBLIC in heard else set()
    return (each for each in found if each.duty in kinds)


def _find_all(incident: Incident, book: Book, now: datetime) -> Iterator[Wanted]:
    silent = find_silence(incident, book) is not None
    if incident.status is not Status.TRIAGE:
        for part in find_parts(incident, book):
            yield from _by_phase(part, incident, silent=silent)
        yield from _by_scenario(incident, book)
    if not silent:
        yield from _by_status(incident, book)
        yield from _by_notice(incident, book, now)
    if incident.resolved_at is not None:
        yield from _by_review(incident, book, incident.resolved_at, silent=silent)


def list_told(playbook: Playbook) -> Iterator[tuple[str, int, str]]:
    """Every line of a playbook that has somebody told, whatever the severity: the kind of duty, the line, the text."""
    for process in playbook.processes:
        for step in process.steps:
            if step.kind in (StepKind.CHECKLIST, StepKind.MANUAL):
                yield _read(step.text, ending=False), step.line, step.text
    for scenario in playbook.scenarios:
        for step in scenario.steps:
            if step.kind is not StepKind.STATEMENT:
                yield _read_outside(step.text), step.line, step.text
    for review in playbook.reviews:
        yield from ((_read(item.text, ending=False), item.line, item.text) for item in review.items)


def find_notices(incident: Incident, book: Book) -> tuple[Notice, ...]:
    """How customers are told at the incident's severity."""
    severity = incident.severity or book.top_id
    return tuple(each for each in book.playbook.notices if severity in each.severities)


def find_next_notice(incident: Incident, book: Book, now: datetime) -> datetime | None:
    """When the next notice falls due that waits for an outage to last."""
    ahead = (incident.started_at + timedelta(seconds=each.after_s) for each in find_notices(incident, book))
    return min((at for at in ahead if at > now), default=None)


def _by_phase(part: Part, incident: Incident, *, silent: bool) -> Iterator[Wanted]:
    """The lines of a phase that tell somebody; in one that speaks of the end, all of them tell of it."""
    due = incident.started_at + timedelta(seconds=part.due_s)
    ending = any(_OVER.search(step.text) for _, step in part.steps if step.kind is StepKind.CHECKLIST)
    for step_id, step in part.steps:
        if step.kind not in (StepKind.CHECKLIST, StepKind.MANUAL) or (PAGE.search(step.text) and silent):
            continue
        kind = _read(step.text, ending=ending or _OVER.search(part.title) is not None)
        if kind in ENDINGS or (kind and incident.is_open and _is_owed(step)):
            yield _want(kind, step.text, due, step.line, _ticked(step_id, step, incident), incident)


def _by_scenario(incident: Incident, book: Book) -> Iterator[Wanted]:
    """Stakeholders and outsiders whom the scenario has told: by the next update; on a way, from when it is taken."""
    soon = find_soon(incident, book)
    for scenario in book.scenarios(incident):
        for step_id, step in number_steps(scenario):
            kind = "" if step.kind is StepKind.STATEMENT else _read_outside(step.text)
            taken = incident.taken.get(step.branch or 0)
            if not kind or (step.branch is not None and taken is None):
                continue
            since = taken.at if taken is not None else incident.started_at
            due = since + timedelta(seconds=LAW_S if kind == NOTIFICATION else soon)
            kept = _ticked(step_id, step, incident) or find_call(incident, book, step.text)
            yield _want(kind, step.text, due, step.line, kept, incident)


def find_soon(incident: Incident, book: Book) -> int:
    """The seconds until the next update: by the cadence, else by the response time of the severity."""
    severity = book.paging_severity(incident)
    cadence = severity.update_every_s if severity else None
    return cadence or within_s(severity, book.playbook.severities) or BLAST_S


def _read_outside(text: str) -> str:
    if _LAW.search(text):
        return NOTIFICATION
    if _STAKEHOLDERS.search(text):
        return name_telling(Audience.STAKEHOLDERS)
    if not _OUTWARD.search(text):
        return ""
    if _STAKEHOLDERS.search(text):
        return name_telling(Audience.STAKEHOLDERS)
    return name_telling(Audience.USERS if _CUSTOMERS.search(text) else Audience.PARTNERS)


def _is_owed(step: Step) -> bool:
    """The first word on the status page has a duty of its own, with the deadline of the severity."""
    return step.kind is StepKind.CHECKLIST or not PAGE.search(step.text)


def _by_review(incident: Incident, book: Book, since: datetime, *, silent: bool) -> Iterator[Wanted]:
    for review in book.playbook.reviews:
        if review.severities and incident.severity not in review.severities:
            continue
        for item in review.items:
            kind = _read(item.text, ending=True)
            if kind and review.from_ == "resolution" and not (silent and kind == STATUS_PAGE_RESOLVED):
                due = since + timedelta(seconds=review.after_s)
                kept = _BY_TICK if find_ticked(item.line, incident) is not None else None
                yield _want(kind, item.text, due, item.line, kept, incident)


def _read(text: str, *, ending: bool) -> str:
    """The kind of duty that a line states; empty if it tells nobody anything."""
    if PAGE.search(text):
        return STATUS_PAGE_RESOLVED if ending else STATUS_PAGE
    if _STAKEHOLDERS.search(text):
        return name_telling(Audience.STAKEHOLDERS, ending=ending)
    return name_telling(Audience.USERS, ending=ending) if _USERS.search(text) else ""


def _want(kind: str, text: str, due: datetime, line: int, kept: Kept | None, incident: Incident) -> Wanted:
    turn = f":{incident.reopened + 1}" if incident.reopened else ""
    return Wanted(key=f"{TELL}:{line}{turn}", duty=kind, what=text, due_at=due, owner=OWNER, line=line, kept=kept)


def _ticked(step_id: str, step: Step, incident: Incident) -> Kept | None:
    record = incident.steps.get(step_id)
    return _BY_TICK if record is not None and record.state in _TICKED else None


def _by_status(incident: Incident, book: Book) -> Iterator[Wanted]:
    """The status page follows what happens: only the last of it is owed."""
    stated = {each.phase: each for each in book.playbook.status_duties if each.within_s is None}
    happened = (
        ("resolved", incident.resolved_at),
        ("monitoring", incident.mitigated_at),
        ("identified", incident.cause_at),
    )
    phase, since = next(((phase, at) for phase, at in happened if at is not None), ("", None))
    duty: StatusDuty | None = stated.get(phase)
    if duty is None or since is None or since < incident.started_at:
        return
    within = book.playbook.document.status_page_within_s or SOON_S
    turn = f":{incident.reopened + 1}" if incident.reopened else ""
    yield Wanted(
        key=f"{_FOLLOWS[phase]}{turn}",
        duty=_FOLLOWS[phase],
        what=f"Say on the status page: {phase} ({duty.text})",
        due_at=since + timedelta(seconds=within),
        owner=OWNER,
        line=duty.line,
    )


def _by_notice(incident: Incident, book: Book, now: datetime) -> Iterator[Wanted]:
    """A notice that waits for an outage to last is owed from then on, if it does; release notes once it is over."""
    severity = book.paging_severity(incident)
    for notice in find_notices(incident, book):
        since, allowed = incident.started_at + timedelta(seconds=notice.after_s), BLAST_S
        if notice.audience is Audience.RELEASE_NOTES:
            if incident.resolved_at is None:
                continue
            since, allowed = incident.resolved_at, NOTES_S
        elif notice.after_s:
            lasted = incident.obligations.get(f"{TELL}:{notice.line}") is not None
            if incident.mitigated_at is not None or not (lasted or since <= now):
                continue
            allowed = (severity.update_every_s if severity else None) or BLAST_S
        else:
            allowed = within_s(severity, book.playbook.severities) or BLAST_S
        yield Wanted(
            key=f"{TELL}:{notice.line}",
            duty=name_telling(notice.audience),
            what=f"Tell customers: {notice.text}",
            due_at=since + timedelta(seconds=allowed),
            owner=OWNER,
            line=notice.line,
        )
