"""Escalations that people ask for: conditions answered yes or no, and any level called with one click and a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

import msgspec

from tocsin.errors import IllegalMove, NotFound
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Escalation
from tocsin.timeline import events as e
from tocsin.words import Permission

_RAISE = compile_late(
    r"(?i)\b(?:escalate|raise|upgrade|promote)(?:\s+(?:it|severity|the severity))?\s+to\s+(?P<level>[\w-]+)"
)


class Escalate(Command, frozen=True, kw_only=True):
    """What stands on this line of the playbook holds (a condition, a matter), or its people are needed: call them."""

    permission: ClassVar[Permission] = Permission.RESPOND
    line: int
    reason: str = ""


class DeclineEscalation(Command, frozen=True, kw_only=True):
    """The condition on this line does not hold."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    line: int
    reason: str = ""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for an escalation: a condition that is asked, or a matter for which a level is there.

    `line` is where it stands; a level that names none is its own matter. `raises` is the severity to which the answer
    raises the incident: then nobody is named, and whom that one calls is called.
    """

    line: int
    text: str
    escalation: Escalation
    is_condition: bool
    raises: str = ""


def find_matters(incident: Incident, book: Book) -> tuple[Matter, ...]:
    """Everything for which somebody may be called by hand, of the whole playbook and of what is being done."""
    scopes = {"document", *(procedure.title for procedure in book.procedures(incident))}
    own = (matter for each in book.playbook.escalation if each.scope in scopes for matter in _read(each))
    return (*own, *_find_raises(incident, book))


def _find_raises(incident: Incident, book: Book) -> Iterator[Matter]:
    """Lines that raise the severity on a condition ("If access succeeded, escalate to SEV-1")."""
    for procedure in book.procedures(incident):
        for branch in procedure.branches:
            found = _RAISE.search(branch.condition)
            named = found["level"].casefold() if found else ""
            level = next((each for each in book.playbook.severities if each.id.casefold() == named), None)
            if level is not None:
                escalation = Escalation(scope=procedure.title, line=branch.line, who=level.page)
                text = branch.condition
                yield Matter(line=branch.line, text=text, escalation=escalation, is_condition=True, raises=level.id)


def _read(escalation: Escalation) -> Iterator[Matter]:
    conditions = [each for each in escalation.triggers if each.condition is not None]
    for trigger in conditions:
        line = trigger.line or escalation.line
        yield Matter(line=line, text=trigger.condition or "", escalation=escalation, is_condition=True)
    for remark in escalation.about:
        yield Matter(line=remark.line, text=remark.text, escalation=escalation, is_condition=False)
    if not conditions and not escalation.about:
        yield Matter(line=escalation.line, text="", escalation=escalation, is_condition=False)


def _escalate(incident: Incident, book: Book, command: Escalate, now: datetime) -> tuple[e.Event, ...]:
    _require_open(incident)
    escalation, matter = find_asked(incident, book, command.line)
    on = matter.line if matter is not None else escalation.line
    said = incident.answered.get(on)
    if matter is not None and matter.raises:
        return tuple(_raise(incident, matter, command))
    if escalation.line in incident.asked and said is not None and said.holds:
        return ()
    reason = command.reason or (matter.text if matter is not None else "")
    return (e.EscalationAsked(line=escalation.line, by=command.by, reason=reason, on=on),)


def _raise(incident: Incident, matter: Matter, command: Escalate) -> Iterator[e.Event]:
    reason = command.reason or matter.text
    if incident.answered.get(matter.line) is None or not incident.answered[matter.line].holds:
        yield e.EscalationAsked(line=matter.line, by=command.by, reason=reason, on=matter.line)
    if incident.severity != matter.raises:
        yield e.SeveritySet(severity=matter.raises, by=command.by, reason=f"line {matter.line}: {reason}")


def _decline(incident: Incident, book: Book, command: DeclineEscalation, now: datetime) -> tuple[e.Event, ...]:
    _require_open(incident)
    escalation, matter = find_asked(incident, book, command.line)
    on = matter.line if matter is not None else escalation.line
    said = incident.answered.get(on)
    if said is not None and said.holds:
        raise IllegalMove(
            f"Line {on} was answered with yes by {said.by}, and they have been called. To take that back, with a "
            f"reason: tocsin correct {incident.id} {on}"
        )
    return (e.EscalationDeclined(line=escalation.line, on=on, by=command.by, reason=command.reason),)


def _require_open(incident: Incident) -> None:
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status}; nobody is called for it any more.")


def list_matters(incident: Incident, book: Book) -> tuple[Matter, ...]:
    """Everything that can be answered, in whatever scope it stands."""
    return (*(each for found in book.playbook.escalation for each in _read(found)), *_find_raises(incident, book))


def find_asked(incident: Incident, book: Book, line: int) -> tuple[Escalation, Matter | None]:
    """The escalation that a line belongs to, and the matter if it is one's."""
    matters = list_matters(incident, book)
    matter = next((each for each in matters if each.line == line), None)
    if matter is not None:
        return matter.escalation, matter
    escalation = next((each for each in book.playbook.escalation if each.line == line), None)
    if escalation is None:
        lines = ", ".join(str(each) for each in dict.fromkeys(each.escalation.line for each in matters))
        raise NotFound(f"No escalation stands on line {line}; the playbook has them on {lines or 'no line'}.")
    return escalation, None


DECISIONS: dict[type[Command], Decision] = {Escalate: _escalate, DeclineEscalation: _decline}
