"""What whoever plays a role says: a duty is done, the fix holds, the bridge is open."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.errors import IllegalMove, NotFound
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.words import Permission, Status


class TickDuty(Command, frozen=True, kw_only=True):
    """The duty of a role that stands on this line is done, or not after all."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    line: int
    done: bool = True


class ConfirmFix(Command, frozen=True, kw_only=True):
    """I have looked for myself: the fix holds."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    note: str = ""


class OpenBridge(Command, frozen=True, kw_only=True):
    """The conference is open."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True


def _tick(incident: Incident, book: Book, command: TickDuty, now: datetime) -> tuple[e.Event, ...]:
    lines = {each.line for role in book.playbook.roles for each in (*role.duties, *role.checklist)}
    if command.line not in lines:
        raise NotFound(f"No role has a duty on line {command.line} of the playbook.")
    known = incident.ticked.get(command.line)
    if (known is not None and known.holds) is command.done:
        return ()
    return (e.DutyTicked(line=command.line, by=command.by, done=command.done),)


def _confirm(incident: Incident, book: Book, command: ConfirmFix, now: datetime) -> tuple[e.Event, ...]:
    if incident.status not in (Status.MONITORING, Status.RESOLVED):
        raise IllegalMove("There is no fix to confirm yet: say first that it is in (`tocsin mitigate`), or resolve.")
    return () if command.by in incident.confirmed else (e.FixConfirmed(by=command.by, note=command.note),)


def _open(incident: Incident, book: Book, command: OpenBridge, now: datetime) -> tuple[e.Event, ...]:
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status}; nobody needs a bridge for it any more.")
    if incident.bridge_at is not None:
        return ()
    severity = book.severity(incident)
    return (e.BridgeOpened(by=command.by, line=severity.bridge_line if severity is not None else None),)


DECISIONS: dict[type[Command], Decision] = {TickDuty: _tick, ConfirmFix: _confirm, OpenBridge: _open}
