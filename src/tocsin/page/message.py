"""What a page says: enough to know, at 3 a.m. and on a phone, what it is, how bad, what to look at and what to press.

The text is made when the page is sent, not when it is decided, so that evidence found meanwhile travels with it.

Whatever strangers wrote (names and labels of alerts, output of commands) is folded to one line each, or stands behind a
bar: no alert can print a line that looks like ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import msgspec

from tocsin.incident.book import Book, number_steps
from tocsin.incident.state import Incident, StepRecord
from tocsin.incident.urgency import find_urgency
from tocsin.oncall.rota import Rota
from tocsin.page.clocks import read_clocks
from tocsin.page.ladder import find_demands
from tocsin.playbook.model import Procedure, Remark, Step
from tocsin.timeline.events import PageRequested
from tocsin.timeline.line import fold, quote
from tocsin.timeline.redact import plain
from tocsin.words import LOOKING, Effect, StepState, Urgency

MOST_SYMPTOMS = 3
PRIVATE = "Private incident"
"""What a private incident is called wherever others may read along."""
MOST_EVIDENCE_LINES = 6
MOST_ALERTS = 1000
"""Whose labels travel with a page that a machine reads; how many more there are is said."""
MOST_VALUE = 2000
"""Characters of a label's or annotation's value."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The first lines of what a step found. `fault` says what of it failed, or that there was nothing to find."""

    step: str
    command: str
    exit_code: int | None
    head: str
    fault: str = ""


class AlertLabels(msgspec.Struct, frozen=True, kw_only=True):
    """One of the incident's alerts: its labels as they came, and whether its source has said that it is over."""

    labels: dict[str, str]
    cleared: bool = False


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """Who is called next if nothing changes, and when."""

    who: tuple[str, ...]
    at: datetime


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Another incident that waited for the end of the same quiet hours, and is told in the same message."""

    number: str
    severity: str
    title: str
    room: str


class PageMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `link` shows one acknowledge button; `room` is the incident on screen. What is not `urgent` may be read
    in the morning. `code` in a reply acknowledges, where a channel takes replies. What goes to a contact `outside` says
    `why` and nothing else; the answer is that they have it. A `notice` is no page: `title`, `why`, where to read more.
    One that `informs` is about an incident and wants no answer; `is_due`: it tells of duties.
    """

    incident: str
    number: str
    team: str
    title: str
    severity: str
    scenario: str | None
    responder: str
    round: int
    why: str
    opened_at: datetime
    symptoms: tuple[Remark, ...]
    first_command: Remark | None
    evidence: tuple[Evidence, ...]
    next: Next | None
    labels: dict[str, str]
    annotations: dict[str, str]
    link: str
    room: str
    late_s: int = 0
    repeat: bool = False
    bridge: str = ""
    alerts: tuple[AlertLabels, ...] = ()
    more_alerts: int = 0
    urgent: bool = True
    code: str = ""
    beside: tuple[Beside, ...] = ()
    outside: bool = False
    notice: bool = False
    informs: bool = False
    is_due: bool = False


def compose(
    incident: Incident,
    book: Book,
    rota: Rota,
    intent: PageRequested,
    *,
    now: datetime,
    link: str,
    room: str,
    repeat: bool,
    code: str = "",
    beside: Sequence[Beside] = (),
) -> PageMessage:
    """The message of a page, with what is known at `now`; of a private incident nothing but that there is one."""
    message = _compose(incident, book, rota, intent, now, link, room, code)
    message = msgspec.structs.replace(message, repeat=repeat, beside=tuple(beside))
    return _keep_private(message) if incident.is_private else message


def _keep_private(message: PageMessage) -> PageMessage:
    """What may lie on a locked screen and pass through other people's machines: no word of what it is about."""
    return msgspec.structs.replace(
        message,
        title=PRIVATE,
        scenario=None,
        why="you are called for it; the room says what it is",
        symptoms=(),
        first_command=None,
        evidence=(),
        next=None,
        labels={},
        annotations={},
        alerts=(),
        more_alerts=0,
        is_due=False,
    )


def _compose(
    incident: Incident, book: Book, rota: Rota, intent: PageRequested, now: datetime, link: str, room: str, code: str
) -> PageMessage:
    same = _find_same(incident, book)
    seen = next((alert.seen for alert in incident.alerts.values()), None)
    return PageMessage(
        incident=incident.id,
        number=fold(incident.number),
        team=same.team,
        title=fold(incident.title),
        severity=fold(incident.severity or "unclassified"),
        scenario=same.scenario,
        responder=intent.responder,
        round=intent.round,
        why=fold(intent.why),
        opened_at=incident.opened_at,
        symptoms=same.symptoms,
        first_command=same.first_command,
        evidence=_evidence(incident),
        next=find_next(incident, book, rota, now),
        labels=_fold_pairs(seen.labels) if seen else {},
        annotations=_fold_pairs(seen.annotations) if seen else {},
        link=link,
        room=room,
        late_s=intent.late_s,
        bridge=book.policy.bridge if incident.bridge_at is not None else "",
        alerts=tuple(
            AlertLabels(labels=each.seen.labels, cleared=each.cleared_at is not None)
            for each in islice(incident.alerts.values(), MOST_ALERTS)
        ),
        more_alerts=max(0, len(incident.alerts) - MOST_ALERTS),
        code=code,
        informs=intent.informs,
        is_due=bool(intent.duties),
        urgent=find_urgency(incident, book) is Urgency.HIGH,
    )


def compose_outside(
    incident: Incident, book: Book, intent: PageRequested, name: str, *, link: str, repeat: bool, code: str
) -> PageMessage:
    """The message to a contact outside: the words that were allowed, who sends them, and nothing else."""
    return PageMessage(
        incident=incident.number,
        number=fold(incident.number),
        team=fold(book.policy.name),
        title=f"{fold(book.policy.name)} asks for you",
        severity=fold(incident.severity or "unclassified"),
        scenario=None,
        responder=name,
        round=intent.round,
        why=fold(intent.why, MOST_VALUE),
        opened_at=incident.opened_at,
        symptoms=(),
        first_command=None,
        evidence=(),
        next=None,
        labels={},
        annotations={},
        link=link,
        room=link,
        repeat=repeat,
        code=code,
        outside=True,
    )


def describe_beside(incident: Incident, room: str) -> Beside:
    """An incident as it is named in the message of another."""
    severity = incident.severity or "unclassified"
    return Beside(number=incident.number, severity=severity, title=incident.title, room=room)


class _Same(msgspec.Struct, frozen=True, kw_only=True):
    """What all pages of a scenario say alike."""

    team: str
    scenario: str | None = None
    symptoms: tuple[Remark, ...] = ()
    first_command: Remark | None = None


def _find_same(incident: Incident, book: Book) -> _Same:
    """It hangs on the book, which is another one with another playbook or policy, and on the scenario's line."""
    key = (_Same, incident.scenario_line)
    known: _Same | None = book.remembered.get(key)
    if known is None:
        known = book.remembered[key] = _read_same(book.scenario(incident), fold(book.policy.name))
    return known


def _read_same(scenario: Procedure | None, team: str) -> _Same:
    if scenario is None:
        return _Same(team=team)
    return _Same(
        team=team,
        scenario=fold(scenario.title),
        symptoms=scenario.symptoms[:MOST_SYMPTOMS],
        first_command=find_first_command(scenario),
    )


def _fold_pairs(pairs: dict[str, str]) -> dict[str, str]:
    return {fold(name): fold(value, MOST_VALUE) for name, value in pairs.items()}


def find_first_command(scenario: Procedure) -> Remark | None:
    """The first statement that looks at something: of a section for looking, else the first read of all; never one that
    changes something, and one that stands under an "if" only where there is no other.
    """
    kinds = {section.line: section.kind for section in scenario.sections}
    steps = [step for _, step in number_steps(scenario)]
    looking = [each for each in steps if each.section is not None and kinds.get(each.section) in LOOKING]
    found = [each for each in looking if _rank(each) <= Effect.UNKNOWN.rank]
    found = found or [each for each in steps if _rank(each) <= Effect.READ_SENSITIVE.rank]
    first = min(found, key=lambda each: each.branch is not None, default=None)
    return None if first is None else Remark(line=first.line, text=first.text)


def _rank(step: Step) -> int:
    """How much a step may change; of what is no statement, or does nothing (`cd`), more than a page would propose."""
    noop = step.statement is None or step.statement.effect is Effect.NOOP
    return Effect.DESTROY.rank if noop or step.statement is None else step.statement.effect.rank


def _evidence(incident: Incident) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            step=record.step,
            command=record.text,
            exit_code=record.exit_code,
            head=_head(record.stdout_head),
            fault=_tell_fault(record),
        )
        for record in incident.steps.values()
        if record.state in (StepState.OK, StepState.FAILED) and (record.stdout_head or _tell_fault(record))
    )


def _tell_fault(record: StepRecord) -> str:
    """What is wrong with a step; of one that looks, that it printed nothing is said too."""
    what = "step" if record.changes else "look"
    if record.partly:
        return f"This {what} failed: {fold(record.partly)}."
    if record.finds_nothing:
        return "It found nothing."
    if record.state is StepState.FAILED:
        return f"This {what} failed: exit code {record.exit_code}.{f' {fold(record.why)}' if record.why else ''}"
    return "No output." if not (record.stdout_head or record.changes or record.exit_code is None) else ""


def _head(text: str) -> str:
    return "\n".join(plain(line) for line in text.splitlines()[:MOST_EVIDENCE_LINES])


def find_next(incident: Incident, book: Book, rota: Rota, now: datetime) -> Next | None:
    """The next demand ahead, in the names of the playbook or the ladder."""
    demands = find_demands(incident, book, rota.staffing, read_clocks(incident, book))
    ahead = next((each for each in demands if each.key not in incident.joined and each.due > now), None)
    return None if ahead is None else Next(who=ahead.who, at=ahead.due)


def spell(message: PageMessage) -> str:
    """The message as plain text, for mail and terminal; the most important first."""
    if message.notice:
        return f"{plain(message.why)}\n\n{message.room}"
    if message.outside:
        return _spell_outside(message)
    first = quote(message.first_command.text, "") if message.first_command else []
    parts = [
        f"[{fold(message.severity)}] {fold(message.title)} ({fold(message.number)}, {fold(message.team)})",
        *([f"LATE by {message.late_s // 60} min: tocsin was not running."] if message.late_s else []),
        *(["This page was sent once before a restart."] if message.repeat else []),
        f"Why you: {fold(message.why)}. Open since {message.opened_at:%H:%M} UTC.",
        *_block("Symptoms", [fold(remark.text) for remark in message.symptoms]),
        *_block("Look first", first),
        *(line for each in message.evidence for line in _block(f"$ {fold(each.command)}", _tell_evidence(each))),
        "",
        f"{'No answer is wanted. More' if message.informs else 'Acknowledge'}: {message.link}",
        f"Room: {message.room}",
        *([f"Bridge: {message.bridge}"] if message.bridge else []),
        *_block("Waited for the end of your quiet hours too", [_tell_beside(each) for each in message.beside]),
        *([f"Next: {_name(message.next)} at {message.next.at:%H:%M:%S} UTC."] if message.next else []),
    ]
    return "\n".join(parts)


def _spell_outside(message: PageMessage) -> str:
    again = ["This was sent once before a restart.", ""] if message.repeat else []
    said = [fold(message.why, MOST_VALUE), "", f"Say that you have it: {message.link}"]
    return "\n".join([*again, *said, f"Incident {fold(message.number)} of {fold(message.team)}."])


def _tell_beside(each: Beside) -> str:
    return f"[{fold(each.severity)}] {fold(each.title)} ({fold(each.number)}): {each.room}"


def _tell_evidence(each: Evidence) -> list[str]:
    return [*([each.fault] if each.fault else []), *(quote(each.head) if each.head else [])]


def _name(ahead: Next) -> str:
    return ", ".join(fold(who) for who in ahead.who)


def _block(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {line}" for line in lines)] if lines else []
