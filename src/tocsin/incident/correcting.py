"""A yes that was wrong: somebody takes it back, with a reason. Both stand in the timeline.

A yes to the question whether it is a breach locks words, and only whoever answers for security lets words out: so only
they take it back. Any other yes is taken back by whoever may give it. Whom it alone called is called no further. What
it led to stays until somebody says otherwise: a severity that it raised, an incident that became private.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.errors import Denied, IllegalMove, NotAuthorised
from tocsin.incident.book import Book
from tocsin.incident.breach import SECURITY, asks_for_security
from tocsin.incident.commands import Command, Decision
from tocsin.incident.escalating import find_asked, list_matters
from tocsin.incident.role import answers_for
from tocsin.incident.state import Incident
from tocsin.playbook.model import Escalation
from tocsin.timeline import events as e
from tocsin.words import Permission


class CorrectAnswer(Command, frozen=True, kw_only=True):
    """The yes to what stands on this line was wrong; `roles` are what the asker answers to."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    line: int
    reason: str
    roles: tuple[str, ...] = ()


def _correct(incident: Incident, book: Book, command: CorrectAnswer, now: datetime) -> tuple[e.Event, ...]:
    escalation, _ = find_asked(incident, book, command.line)
    said = incident.answered.get(command.line)
    if said is None or not said.holds:
        raise IllegalMove(f"Nobody has said yes to line {command.line}; there is nothing to take back.")
    if not command.reason.strip():
        raise Denied("Say why it is taken back; the reason stands in the timeline beside the yes.")
    event = e.AnswerCorrected(
        line=escalation.line,
        on=command.line,
        by=command.by,
        reason=command.reason.strip(),
        said_by=said.by,
        role=_require_role(incident, book, command),
        calls_off=not _calls_still(incident, book, escalation, command.line),
    )
    return (event,)


def _calls_still(incident: Incident, book: Book, escalation: Escalation, line: int) -> bool:
    """Whether another yes calls the same people: to another of its matters, or to its own line."""
    matters = list_matters(incident, book)
    others = {each.line for each in matters if each.escalation.line == escalation.line} | {escalation.line}
    return any(said.holds for on, said in incident.answered.items() if on in others and on != line)


def _require_role(incident: Incident, book: Book, command: CorrectAnswer) -> str:
    """The role by which somebody takes it back; empty where it needs none. Raises `NotAuthorised`."""
    texts = (each.text for each in list_matters(incident, book) if each.line == command.line)
    text = next(filter(asks_for_security, texts), None)
    if text is None:
        return ""
    role = next((role for role in command.roles if answers_for(role, SECURITY)), "")
    if not role:
        named = f" ({', '.join(book.policy.security)})" if book.policy.security else ""
        raise NotAuthorised(
            f"A yes to line {command.line} ({text}) locks words to the outside: only whoever answers for "
            f"{SECURITY}{named} takes it back."
        )
    return role


DECISIONS: dict[type[Command], Decision] = {CorrectAnswer: _correct}
