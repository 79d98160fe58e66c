"""Who may read what was redacted: the commander or whoever answers for security, with a reason that stands for good."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.errors import Denied, NotAuthorised
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.role import answers_for
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.words import Permission

MAY_OPEN = ("incident commander", "commander", "IC", "security")
"""The roles, however the playbook or the settings spell them."""


class OpenEvidence(Command, frozen=True, kw_only=True):
    """Show me the sealed original in the blob `sealed`. `roles` are what the asker answers to."""

    permission: ClassVar[Permission] = Permission.SECURE
    personal: ClassVar[bool] = True
    sealed: str
    reason: str
    roles: tuple[str, ...] = ()


def _open(incident: Incident, book: Book, command: OpenEvidence, now: datetime) -> tuple[e.Event, ...]:
    if not any(answers_for(role, wanted) for role in command.roles for wanted in MAY_OPEN):
        raise NotAuthorised(
            "Only the incident commander, or whoever answers for security, may open what was redacted. A responder can "
            f'give you the role: tocsin role {incident.id} "incident commander" {command.by}'
        )
    if not command.reason.strip():
        raise Denied("Say why you open it: the reason stands on the timeline, beside your name.")
    return (e.EvidenceOpened(sealed=command.sealed, by=command.by, reason=command.reason.strip()),)


DECISIONS: dict[type[Command], Decision] = {OpenEvidence: _open}
