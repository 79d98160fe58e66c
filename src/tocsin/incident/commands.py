"""What people ask of an incident, and whether they may: `decide` turns a command into events or raises `Denied`.

Commands about steps and about words for the outside are decided in `run/` and `comms/`, where their guards stand; the
engine joins the tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from tocsin.errors import IllegalMove, NotAuthorised, NotFound
from tocsin.incident.book import Book
from tocsin.incident.obligation import ROLE
from tocsin.incident.office import require_eligible, require_resolver, require_role
from tocsin.incident.role import answers_for
from tocsin.incident.said import find_taken, find_unreal
from tocsin.incident.scenario import find_scenario
from tocsin.incident.state import Incident, Obligation
from tocsin.incident.status import move
from tocsin.timeline import events as e
from tocsin.words import Permission, Status, StepState

MOST_UNCLEARED_NAMED = 20
"""Names of alerts that an entry gives; a storm must not make one entry long."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something that `by` asks of an incident; what is `personal` no assistant or script may ask.

    `permission` is what whoever asks must have.
    """

    permission: ClassVar[Permission]
    personal: ClassVar[bool] = False
    by: str

    def needs(self) -> Permission:
        """The permission that it needs; what names none, nobody may ask."""
        return getattr(type(self), "permission", Permission.SERVER)


class Acknowledge(Command, frozen=True, kw_only=True):
    """I have taken it."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    via: str = "room"


class Declare(Command, frozen=True, kw_only=True):
    """What is in triage is an incident."""

    permission: ClassVar[Permission] = Permission.RESPOND


class Dismiss(Command, frozen=True, kw_only=True):
    """What is in triage is none."""

    permission: ClassVar[Permission] = Permission.COMMAND
    personal: ClassVar[bool] = True
    reason: str


class SetSeverity(Command, frozen=True, kw_only=True):
    """It is of this severity."""

    permission: ClassVar[Permission] = Permission.RESPOND
    severity: str
    reason: str = ""


class ChooseScenario(Command, frozen=True, kw_only=True):
    """It is this scenario, of this team; the engine fills in the team's playbook."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    team: str
    scenario: str
    playbook: str = ""
    model: str = ""


class TakeRole(Command, frozen=True, kw_only=True):
    """`responder` plays `role` from now on."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    role: str
    responder: str


class AddNote(Command, frozen=True, kw_only=True):
    """A remark for the timeline."""

    permission: ClassVar[Permission] = Permission.VIEW
    text: str


class IdentifyCause(Command, frozen=True, kw_only=True):
    """The cause is known."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    text: str


class Mitigate(Command, frozen=True, kw_only=True):
    """The fix is in."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    note: str = ""


class Resolve(Command, frozen=True, kw_only=True):
    """It is over; a `false_positive` never was real, and the note says how that is known."""

    permission: ClassVar[Permission] = Permission.COMMAND
    personal: ClassVar[bool] = True
    note: str = ""
    false_positive: bool = False
    via: str = ""


class Reopen(Command, frozen=True, kw_only=True):
    """It is not over."""

    permission: ClassVar[Permission] = Permission.RESPOND
    reason: str


class Close(Command, frozen=True, kw_only=True):
    """Nothing is owed any more."""

    permission: ClassVar[Permission] = Permission.COMMAND
    personal: ClassVar[bool] = True


class MeetObligation(Command, frozen=True, kw_only=True):
    """This duty is done."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    key: str
    note: str = ""


class WaiveObligation(Command, frozen=True, kw_only=True):
    """This duty is set aside."""

    permission: ClassVar[Permission] = Permission.COMMAND
    personal: ClassVar[bool] = True
    key: str
    reason: str


class LiftProhibition(Command, frozen=True, kw_only=True):
    """Whoever may lift the prohibition of this line does; `roles` are the roles that the asker answers to."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    line: int
    reason: str = ""
    roles: tuple[str, ...] = ()


class SavePostmortem(Command, frozen=True, kw_only=True):
    """Keep this version (a blob's digest) of the post-mortem."""

    permission: ClassVar[Permission] = Permission.RESPOND
    text: str


Decision = Callable[[Incident, Book, Any, datetime], tuple[e.Event, ...]]


def _acknowledge(incident: Incident, book: Book, command: Acknowledge, now: datetime) -> tuple[e.Event, ...]:
    """Taking it again is no error (two people press at once); it then answers only one's own calls.

    Whoever has said so is left in peace, also if somebody else had answered for them before. The first has thereby done
    the step that asks for it.
    """
    if incident.acknowledged_at is None:
        move(incident.status, "acknowledge")
        taken = e.Acknowledged(by=command.by, via=command.via)
        return (taken, *find_taken(incident, book, command.by))
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status} since {incident.resolved_at:%H:%M}; nothing to take.")
    if not _is_called(incident, command.by):
        return ()
    return (e.Acknowledged(by=command.by, via=command.via),)


def _is_called(incident: Incident, responder: str) -> bool:
    call = incident.calls.get(responder)
    return call is not None and call.answered_by != responder


def _declare(incident: Incident, book: Book, command: Declare, now: datetime) -> tuple[e.Event, ...]:
    move(incident.status, "declare")
    return (e.Declared(by=command.by),)


def _dismiss(incident: Incident, book: Book, command: Dismiss, now: datetime) -> tuple[e.Event, ...]:
    move(incident.status, "dismiss")
    return (e.Dismissed(by=command.by, reason=command.reason),)


def _set_severity(incident: Incident, book: Book, command: SetSeverity, now: datetime) -> tuple[e.Event, ...]:
    known = [severity.id for severity in book.playbook.severities]
    wanted = next((each for each in known if each.casefold() == command.severity.casefold()), None)
    if wanted is None:
        raise NotFound(f"The playbook has no severity {command.severity!r}; it has {', '.join(known) or 'none'}.")
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; its severity stands.")
    if wanted == incident.severity:
        return ()
    if command.by in book.policy.assistants:
        _require_no_less(incident, book, wanted)
    return (e.SeveritySet(severity=wanted, by=command.by, reason=command.reason),)


def _require_no_less(incident: Incident, book: Book, wanted: str) -> None:
    """Whom a lower severity wakes no more is a person's to say; what is unclassified pages like the worst."""
    ranks = {each.id: each.rank for each in book.playbook.severities}
    if ranks[wanted] > ranks.get(incident.severity or "", 0):
        raise NotAuthorised("An assistant may raise the severity and not lower it: a person does this.")


def _choose_scenario(incident: Incident, book: Book, command: ChooseScenario, now: datetime) -> tuple[e.Event, ...]:
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status}; its scenario stands.")
    found = find_scenario(book.playbook, command.scenario)
    chosen = e.ScenarioChosen(
        team=command.team,
        scenario=found.title,
        scenario_line=found.line,
        by=command.by,
        playbook=command.playbook,
        model=command.model,
    )
    if incident.severity is None and len(found.severities) == 1:
        return (chosen, e.SeveritySet(severity=found.severities[0], by="tocsin", reason=f"line {found.severity_line}"))
    return (chosen,)


def _take_role(incident: Incident, book: Book, command: TakeRole, now: datetime) -> tuple[e.Event, ...]:
    _require_unclosed(incident)
    role = require_role(incident, book, command.role)
    require_eligible(book, role, command.responder)
    return (e.RoleTaken(role=role, responder=command.responder, by=command.by),)


def _add_note(incident: Incident, book: Book, command: AddNote, now: datetime) -> tuple[e.Event, ...]:
    return (e.NoteAdded(text=command.text, by=command.by),)


def _identify_cause(incident: Incident, book: Book, command: IdentifyCause, now: datetime) -> tuple[e.Event, ...]:
    _require_unclosed(incident)
    return (e.CauseIdentified(text=command.text, by=command.by),)


def _mitigate(incident: Incident, book: Book, command: Mitigate, now: datetime) -> tuple[e.Event, ...]:
    move(incident.status, "mitigate")
    return (e.Mitigated(by=command.by, note=command.note),)


def _resolve(incident: Incident, book: Book, command: Resolve, now: datetime) -> tuple[e.Event, ...]:
    move(incident.status, "resolve")
    require_resolver(incident, book, command.by)
    _require_quiet(incident, book)
    unreal: tuple[e.Event, ...] = ()
    if command.false_positive:
        if not command.note.strip():
            raise IllegalMove("A false positive needs a reason: say how it is known that nothing was wrong.")
        unreal = find_unreal(incident, book, command.by, command.note)
    uncleared = Counter(each.name or each.fingerprint for each in incident.uncleared)
    named = dict(uncleared.most_common(MOST_UNCLEARED_NAMED))
    others = uncleared.total() - sum(named.values())
    resolved = e.Resolved(
        by=command.by,
        note=command.note,
        via=command.via,
        uncleared=named or (),
        others=others,
        false_positive=command.false_positive,
    )
    return (*unreal, resolved)


def _require_quiet(incident: Incident, book: Book) -> None:
    """Nothing is over while something that a person let run, or that changes something, still runs."""
    running = (each for each in incident.steps.values() if each.state is StepState.RUNNING)
    found = next((each for each in running if each.changes or each.approved_by), None)
    if found is not None:
        by = f", approved by {found.approved_by}" if found.approved_by else ""
        timeout_s = book.policy.target.timeout_s if book.policy.target else 60
        raise IllegalMove(
            f"Step {found.step} is still running{by}; it ends, or is stopped, within {timeout_s} seconds. See what it "
            f"did, then resolve. To end it now: tocsin stop {incident.id} {found.step}."
        )


def _reopen(incident: Incident, book: Book, command: Reopen, now: datetime) -> tuple[e.Event, ...]:
    move(incident.status, "reopen")
    return (e.Reopened(by=command.by, reason=command.reason),)


def _close(incident: Incident, book: Book, command: Close, now: datetime) -> tuple[e.Event, ...]:
    move(incident.status, "close")
    owed = [each.what for each in incident.obligations.values() if each.is_open and each.duty != ROLE]
    if owed:
        raise IllegalMove(f"Still owed: {'; '.join(owed)}. Meet or waive each, then close.")
    return (e.Closed(by=command.by),)


def _meet(incident: Incident, book: Book, command: MeetObligation, now: datetime) -> tuple[e.Event, ...]:
    duty = _find_open_obligation(incident, command.key)
    return (e.ObligationMet(key=duty.key, by=command.by, note=command.note, words=duty.what, line=duty.line),)


def _waive(incident: Incident, book: Book, command: WaiveObligation, now: datetime) -> tuple[e.Event, ...]:
    duty = _find_open_obligation(incident, command.key)
    return (e.ObligationWaived(key=duty.key, by=command.by, reason=command.reason, words=duty.what, line=duty.line),)


def _find_open_obligation(incident: Incident, key: str) -> Obligation:
    found = incident.obligations.get(key)
    if found is None:
        raise NotFound(f"This incident owes no {key!r}; it owes: {', '.join(incident.obligations) or 'nothing'}.")
    if not found.is_open:
        raise IllegalMove(f"“{found.what}” is {found.state} already.")
    return found


def _lift(incident: Incident, book: Book, command: LiftProhibition, now: datetime) -> tuple[e.Event, ...]:
    rules = [rule for rule in book.prohibitions(incident) if rule.line == command.line]
    if not rules:
        raise NotFound(f"Line {command.line} forbids nothing in this incident.")
    owner = rules[0].lifted_by
    if owner is None:
        raise NotAuthorised(f"Line {command.line} names nobody who may lift it: {rules[0].text}", line=command.line)
    if not any(answers_for(role, owner) for role in command.roles):
        raise NotAuthorised(f"Only {owner} may lift line {command.line}: {rules[0].text}", line=command.line)
    return (e.ProhibitionLifted(line=command.line, by=command.by, reason=command.reason),)


def _save_postmortem(incident: Incident, book: Book, command: SavePostmortem, now: datetime) -> tuple[e.Event, ...]:
    if incident.resolved_at is None:
        raise IllegalMove("The post-mortem is written once the incident is resolved.")
    return (e.PostmortemSaved(text=command.text, by=command.by),)


def _require_unclosed(incident: Incident) -> None:
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; declare a new one if it is back.")


DECISIONS: dict[type[Command], Decision] = {
    Acknowledge: _acknowledge,
    Declare: _declare,
    Dismiss: _dismiss,
    SetSeverity: _set_severity,
    ChooseScenario: _choose_scenario,
    TakeRole: _take_role,
    AddNote: _add_note,
    IdentifyCause: _identify_cause,
    Mitigate: _mitigate,
    Resolve: _resolve,
    Reopen: _reopen,
    Close: _close,
    MeetObligation: _meet,
    WaiveObligation: _waive,
    LiftProhibition: _lift,
    SavePostmortem: _save_postmortem,
}
